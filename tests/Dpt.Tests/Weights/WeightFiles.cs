namespace DPT.Engine.Dpt.Tests;

/// <summary>The files that <c>make-torch-files.py</c> made with PyTorch and NumPy.</summary>
internal static class WeightFiles
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Weights", "Files", name);
}
