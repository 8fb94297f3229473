namespace DPT.Engine.Kernels;

/// <summary>Whether numbers of one thread are finite.</summary>
internal static class Finite
{
    /// <summary>False for NaN and both infinities: zero times them is NaN.</summary>
    public static bool Is(float number) => (number * 0f) == 0f;
}
