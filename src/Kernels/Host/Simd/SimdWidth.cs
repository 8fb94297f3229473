using System.Runtime.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>How many floats a host kernel handles at once.</summary>
public enum SimdWidth
{
    /// <summary>One float: plain C#, on any processor.</summary>
    Scalar = 1,

    /// <summary>Eight floats (AVX2).</summary>
    Vector256 = 8,

    /// <summary>Sixteen floats (AVX-512).</summary>
    Vector512 = 16,
}

/// <summary>Choice and names of widths.</summary>
public static class SimdWidths
{
    /// <summary>Environment variable that overrides the choice: <c>scalar</c>, <c>256</c> or <c>512</c>.</summary>
    public const string Variable = "DPT_SIMD";

    /// <summary>The width asked for in <see cref="Variable"/>, or the widest that the processor accelerates.</summary>
    /// <exception cref="KernelException">The variable holds something else.</exception>
    public static SimdWidth Default() => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => Vector512.IsHardwareAccelerated ? SimdWidth.Vector512
            : Vector256.IsHardwareAccelerated ? SimdWidth.Vector256
            : SimdWidth.Scalar,
        "scalar" => SimdWidth.Scalar,
        "256" => SimdWidth.Vector256,
        "512" => SimdWidth.Vector512,
        var other => throw new KernelException($"{Variable}='{other}': use scalar, 256 or 512"),
    };

    /// <summary>For people: <c>512-bit vectors</c>.</summary>
    public static string Describe(this SimdWidth width) => width switch
    {
        SimdWidth.Scalar => "no vectors",
        _ => $"{32 * (int)width}-bit vectors"
            + ((width == SimdWidth.Vector512 && !Vector512.IsHardwareAccelerated)
                || (width == SimdWidth.Vector256 && !Vector256.IsHardwareAccelerated) ? " (emulated)" : ""),
    };
}
