using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>What a piece of work is made from; everything that it makes follows from it.</summary>
/// <param name="Given">What the user gives: settings by name, and hashes of the data.</param>
/// <param name="Made">What earlier stages made: hashes by name.</param>
public sealed record StageOrigin(IReadOnlyDictionary<string, string> Given, IReadOnlyDictionary<string, string> Made)
{
    private const int ShownOfHash = 8;
    private const int HashLength = 64;

    /// <summary>One hash of everything, in hexadecimal.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        new[] { Given, Made }.Select(part => part.OrderBy(item => item.Key, StringComparer.Ordinal)))));

    /// <summary>What is otherwise in <paramref name="now"/>, each in words: <c>stage1.steps 20 -> 21</c>.</summary>
    public IReadOnlyList<string> Differences(StageOrigin now) =>
        [.. Differences(Given, now.Given), .. Differences(Made, now.Made)];

    /// <summary>The same, of what the user gives alone.</summary>
    public IReadOnlyList<string> DifferencesGiven(StageOrigin now) => [.. Differences(Given, now.Given)];

    /// <summary>The same with another value of a setting.</summary>
    internal StageOrigin With(string setting, int value) => this with
    {
        Given = new SortedDictionary<string, string>(Given.ToDictionary(), StringComparer.Ordinal)
        {
            [setting] = value.ToString(CultureInfo.InvariantCulture),
        },
    };

    private static IEnumerable<string> Differences(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> now) =>
        from name in before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
        let old = before.GetValueOrDefault(name)
        let present = now.GetValueOrDefault(name)
        where old != present
        select $"{name} {Shown(old)} -> {Shown(present)}";

    private static string Shown(string? value) => value switch
    {
        null => "nothing",
        { Length: HashLength } => value[..ShownOfHash],
        _ => value,
    };
}
