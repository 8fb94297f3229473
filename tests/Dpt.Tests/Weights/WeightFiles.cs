namespace DPT.Engine.Dpt.Tests;

/// <summary>The files that <c>make-torch-files.py</c> made with PyTorch and NumPy.</summary>
internal static class WeightFiles
{
    /// <summary>Those of a pattern, in the order of their names.</summary>
    public static byte[][] All(string pattern) => [.. Directory.GetFiles(PathOf(""), pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Weights", "Files", name);
}
