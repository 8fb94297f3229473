using System.Runtime.CompilerServices;
using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>Kernels that make ILGPU print what passes are about.</summary>
internal static class SampleKernels
{
    public static GpuKernel Kernel(Delegate method) => new(method, threads: 64);

    /// <summary>Inline PTX: leaves a function that nobody calls.</summary>
    public static void Fused(ArrayView<float> x, float scale) => x[0] = Scalar.Fma(x[1], scale, x[2]);

    /// <summary>A function that is called, and shared memory of every kind.</summary>
    public static void Branches(ArrayView<float> x, ArrayView<int> choice, int min)
    {
        var tile = SharedMemory.Allocate<float>(64);
        var halves = SharedMemory.Allocate<ushort>(64);
        var bytes = SharedMemory.GetDynamic<byte>();
        tile[Group.IdxX] = x[Group.IdxX];
        halves[Group.IdxX] = (ushort)min;
        bytes[Group.IdxX] = 3;
        Group.Barrier();
        switch (choice[Group.IdxX])
        {
            case 0: x[0] = tile[1]; break;
            case 1: x[1] = Power(tile[5], min); break;
            case 2: x[4] = bytes[5] + halves[4]; break;
            default: x[7] = Power(tile[6], 3); break;
        }
    }

    /// <summary>An array with constant indices whose values move on in a loop.</summary>
    public static void Lag(ArrayView<float> x, int n)
    {
        var last = new float[2];
        last[0] = x[3];
        for (var i = 0; i < n; i++)
        {
            last[1] = last[0];
            last[0] += 2;
        }

        x[0] = last[1];
    }

    /// <summary>Arrays: one with constant indices that a branch keeps in memory, one with an index that varies.</summary>
    public static void Arrays(ArrayView<float> x, int n)
    {
        var varying = new float[4];
        varying[0] = x[0];
        varying[n & 3] = x[1];
        x[2] = varying[1] + varying[n & 1];
    }

    /// <summary>A load between two barriers, which optimisation level O2 would move.</summary>
    public static void Exchange(ArrayView<float> x, int n)
    {
        var tile = SharedMemory.Allocate<float>(64);
        var sum = 0f;
        for (var k = 0; k < n; k++)
        {
            tile[Group.IdxX] = x[(k * 64) + Group.IdxX];
            Group.Barrier();
            sum += tile[63 - Group.IdxX];
            Group.Barrier();
        }

        x[Group.IdxX] = sum;
    }

    /// <summary>Every access of global memory in another sector, every access of shared memory in the same bank.</summary>
    public static void Strided(ArrayView<float> x, int stride)
    {
        var tile = SharedMemory.Allocate<float>(2048);
        tile[Group.IdxX * 32] = x[Group.IdxX * stride];
        x[Group.IdxX * stride] = tile[Group.IdxX * 32] + 1;
    }

    /// <summary>Something that ILGPU cannot compile.</summary>
    public static void Text(ArrayView<float> x, int n) => x[0] = n.ToString().Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Power(float a, int n)
    {
        for (var i = 0; i < n; i++)
        {
            a *= a;
        }

        return a;
    }
}
