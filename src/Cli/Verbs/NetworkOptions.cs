using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What all computations with a network of another tool are given.</summary>
internal static class NetworkOptions
{
    /// <summary>A value that the verb cannot do without.</summary>
    public static string Given(string? value, string verb, string option) =>
        value ?? throw new DptException(FailureKind.Usage, $"{verb}: --{option} is missing");

    /// <summary>The number of attention heads.</summary>
    public static int Heads(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var heads) && heads > 0
            ? heads
            : throw new DptException(FailureKind.Usage, $"--heads is '{text}', it must be a whole number above 0");
}
