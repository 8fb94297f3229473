using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The most that a GPU's arithmetic can do: independent multiply-adds in registers, on fp32 lanes and on tensor cores.
/// Threads: 256 a block, all alike; memory is touched only if a sum comes out that cannot.
/// </summary>
internal static class GpuPeaks
{
    private const int Blocks = 4096;
    private const int Steps = 256;

    /// <summary>The kernel of <see cref="Fma"/>.</summary>
    internal static readonly GpuKernel FmaKernel = new(MultiplyAdds, threads: 256);

    /// <summary>The kernel of <see cref="TensorBf16"/>.</summary>
    internal static readonly GpuKernel TensorKernel = new(MatrixMultiplyAdds, threads: 256);

    /// <summary>Floating-point operations per second on fp32 lanes, in one launch after a warm-up.</summary>
    public static double Fma(GpuDevice device) =>
        Rate(device, FmaKernel, flopsOfAStep: 2.0 * 8 * FmaKernel.Threads);

    /// <summary>Floating-point operations per second on tensor cores with bf16 factors.</summary>
    public static double TensorBf16(GpuDevice device) =>
        Rate(device, TensorKernel, flopsOfAStep: 2.0 * 16 * 8 * 16 * 4 * (TensorKernel.Threads / 32));

    private static double Rate(GpuDevice device, GpuKernel kernel, double flopsOfAStep)
    {
        using var sink = device.Allocate<float>(1);
        Run();
        return flopsOfAStep * Steps * Blocks / device.Measure(Run).TotalSeconds;

        void Run() => device.Prepare(kernel).With(sink.Slice).With(Steps).On(new GridSize(Blocks));
    }

    private static void MultiplyAdds(ArrayView<float> sink, int steps)
    {
        var x = 0.999f;
        var y = 1f / (Group.IdxX + 1);
        float a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (var i = 0; i < steps; i++)
        {
            a = Scalar.Fma(a, x, y);
            b = Scalar.Fma(b, x, y);
            c = Scalar.Fma(c, x, y);
            d = Scalar.Fma(d, x, y);
            e = Scalar.Fma(e, x, y);
            f = Scalar.Fma(f, x, y);
            g = Scalar.Fma(g, x, y);
            h = Scalar.Fma(h, x, y);
        }

        Keep(sink, a + b + c + d + e + f + g + h);
    }

    private static void MatrixMultiplyAdds(ArrayView<float> sink, int steps)
    {
        var one = TensorCore.PackBf16(1f / (Group.IdxX + 1), 0.5f);
        var a = new UInt4 { X = one, Y = one, Z = one, W = one };
        var b = new UInt2 { X = one, Y = one };
        var p = default(Float4);
        var q = default(Float4);
        var r = default(Float4);
        var s = default(Float4);
        for (var i = 0; i < steps; i++)
        {
            p = TensorCore.MultiplyBf16(a, b, p);
            q = TensorCore.MultiplyBf16(a, b, q);
            r = TensorCore.MultiplyBf16(a, b, r);
            s = TensorCore.MultiplyBf16(a, b, s);
        }

        Keep(sink, p.X + q.Y + r.Z + s.W);
    }

    /// <summary>Sums of positive numbers are never below zero, but the compiler cannot know.</summary>
    private static void Keep(ArrayView<float> sink, float sum)
    {
        if (sum < 0)
        {
            sink[0] = sum;
        }
    }
}
