using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>What all computations with a network of another tool are given: files, and the heads.</summary>
internal static class NetworkFiles
{
    /// <summary>A value that the verb cannot do without.</summary>
    public static string Given(string? value, string verb, string option) =>
        value ?? throw new DptException(FailureKind.Usage, $"{verb}: --{option} is missing");

    /// <summary>The number of attention heads.</summary>
    public static int Heads(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var heads) && heads > 0
            ? heads
            : throw new DptException(FailureKind.Usage, $"--heads is '{text}', it must be a whole number above 0");

    /// <summary>What is known before the work is checked before it.</summary>
    public static void RequireFolder(string file)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is not { } folder || !Directory.Exists(folder))
        {
            throw new DptException(FailureKind.Environment, $"the folder of '{file}' does not exist");
        }
    }
}
