using System.Globalization;
using System.Text.Json;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>Ratios that a family must reach.</summary>
/// <param name="GeometricMean">Over its cases.</param>
/// <param name="Least">Of every case.</param>
internal sealed record Expectation(double GeometricMean, double Least)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"mean {GeometricMean:f2}, least {Least:f2}");
}

/// <summary>
/// <c>expectations.json</c>: by vector width, then by family. It holds for whole families on a quiet machine; a
/// filtered run is not judged.
/// </summary>
internal sealed class Expectations
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly Dictionary<string, Expectation> _families;

    private Expectations(Dictionary<string, Expectation> families) => _families = families;

    /// <summary>Nothing is expected.</summary>
    public static Expectations None { get; } = new([]);

    /// <summary>What is expected of a vector width.</summary>
    public static Expectations Load(SimdWidth width)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "expectations.json");
        var all = JsonSerializer.Deserialize<Dictionary<SimdWidth, Dictionary<string, Expectation>>>(
            File.ReadAllText(path), Format)!;
        return all.TryGetValue(width, out var families) ? new Expectations(families) : None;
    }

    /// <summary>What is expected of a family; null if nothing is.</summary>
    public Expectation? Of(string family) => _families.GetValueOrDefault(family);
}
