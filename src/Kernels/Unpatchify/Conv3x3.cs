using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// 3x3 convolution of one image with few channels, directly: vectors lie along a row, and the input has a border of
/// zeros, [C, S+2, S+2], so that no tap needs a test.
/// </summary>
internal static unsafe class Conv3x3
{
    /// <summary>Elements of an image with its border.</summary>
    public static long PaddedElements(in PatchGrid grid) =>
        (long)grid.Channels * (grid.ImageSize + 2) * (grid.ImageSize + 2);

    /// <summary>Copies planes without gaps to the inside of planes with a border, which it clears.</summary>
    public static void Pad(in PatchGrid grid, float* planes, float* padded)
    {
        var size = grid.ImageSize;
        ClearBorders(in grid, padded);
        for (var row = 0; row < grid.Channels * size; row++)
        {
            var (c, y) = Math.DivRem(row, size);
            var target = Inside(in grid, padded) + ((((long)c * (size + 2)) + y) * (size + 2));
            var source = planes + ((long)row * size);
            HostBounds.Check(source, size);
            HostBounds.Check(target, size);
            Unsafe.CopyBlockUnaligned(target, source, (uint)(size * sizeof(float)));
        }
    }

    /// <summary>The first pixel inside the border.</summary>
    public static float* Inside(in PatchGrid grid, float* padded) => padded + grid.ImageSize + 3;

    /// <summary>Writes zeros around every plane.</summary>
    public static void ClearBorders(in PatchGrid grid, float* padded)
    {
        var side = grid.ImageSize + 2;
        for (var c = 0; c < grid.Channels; c++, padded += (long)side * side)
        {
            HostBounds.Check(padded, (long)side * side);
            for (var i = 0; i < side; i++)
            {
                padded[i] = 0;
                padded[((side - 1L) * side) + i] = 0;
                padded[(long)i * side] = 0;
                padded[((long)i * side) + side - 1] = 0;
            }
        }
    }

    /// <summary>output[o] = bias[o] + sum over c of weight[o][c] * padded[c]; a null bias is zero.</summary>
    public static void Apply<V>(in PatchGrid grid, float* padded, float* weight, float* bias, float* output)
        where V : struct, ISimd<V>
    {
        var (channels, size) = (grid.Channels, grid.ImageSize);
        HostBounds.Check(bias, bias == null ? 0 : channels);
        for (var o = 0; o < channels; o++, weight += channels * 9)
        {
            HostBounds.Check(weight, 9L * channels);
            var start = bias == null ? 0 : bias[o];
            for (var y = 0; y < size; y++, output += size)
            {
                var row = padded + ((long)y * (size + 2));
                var x = 0;
                for (; x <= size - V.Count; x += V.Count)
                {
                    Pixels<V, AllLanes<V>>(channels, size, row + x, weight, start, output + x, V.Count);
                }

                Pixels<V, FirstLanes<V>>(channels, size, row + x, weight, start, output + x, size - x);
            }
        }
    }

    /// <summary>gradient[o][c] = correlation of result[o] with padded[c] at the nine shifts.</summary>
    public static void WeightGradient<V>(in PatchGrid grid, float* padded, float* result, float* gradient)
        where V : struct, ISimd<V>
    {
        var (channels, size) = (grid.Channels, grid.ImageSize);
        for (var o = 0; o < channels; o++)
        {
            for (var c = 0; c < channels; c++, gradient += 9)
            {
                Correlate<V>(
                    size,
                    padded + ((long)c * (size + 2) * (size + 2)),
                    result + ((long)o * size * size),
                    gradient);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pixels<V, L>(
        int channels, int size, float* input, float* weight, float start, float* output, int count)
        where V : struct, ISimd<V>
        where L : struct, ILanes<V>
    {
        // One sum per column of the kernel: three independent chains.
        V left = V.Zero, centre = V.Broadcast(start), right = V.Zero;
        var stride = size + 2;
        for (var c = 0; c < channels; c++, input += (long)stride * stride)
        {
            var row = input;
            for (var ky = 0; ky < 3; ky++, row += stride, weight += 3)
            {
                left = V.Fma(L.Load(row, count), V.Broadcast(weight[0]), left);
                centre = V.Fma(L.Load(row + 1, count), V.Broadcast(weight[1]), centre);
                right = V.Fma(L.Load(row + 2, count), V.Broadcast(weight[2]), right);
            }
        }

        L.Store(output, left + centre + right, count);
    }

    private static void Correlate<V>(int size, float* padded, float* result, float* gradient)
        where V : struct, ISimd<V>
    {
        V s0 = V.Zero, s1 = V.Zero, s2 = V.Zero, s3 = V.Zero, s4 = V.Zero;
        V s5 = V.Zero, s6 = V.Zero, s7 = V.Zero, s8 = V.Zero;
        for (var y = 0; y < size; y++, result += size, padded += size + 2)
        {
            for (var x = 0; x < size; x += V.Count)
            {
                var count = Math.Min(V.Count, size - x);
                var g = Load(result + x, count);
                var top = padded + x;
                var middle = top + size + 2;
                var bottom = middle + size + 2;
                s0 = V.Fma(g, Load(top, count), s0);
                s1 = V.Fma(g, Load(top + 1, count), s1);
                s2 = V.Fma(g, Load(top + 2, count), s2);
                s3 = V.Fma(g, Load(middle, count), s3);
                s4 = V.Fma(g, Load(middle + 1, count), s4);
                s5 = V.Fma(g, Load(middle + 2, count), s5);
                s6 = V.Fma(g, Load(bottom, count), s6);
                s7 = V.Fma(g, Load(bottom + 1, count), s7);
                s8 = V.Fma(g, Load(bottom + 2, count), s8);
            }
        }

        HostBounds.Check(gradient, 9);
        gradient[0] = V.Sum(s0);
        gradient[1] = V.Sum(s1);
        gradient[2] = V.Sum(s2);
        gradient[3] = V.Sum(s3);
        gradient[4] = V.Sum(s4);
        gradient[5] = V.Sum(s5);
        gradient[6] = V.Sum(s6);
        gradient[7] = V.Sum(s7);
        gradient[8] = V.Sum(s8);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Load(float* source, int count) => count == V.Count ? V.Load(source) : V.LoadFirst(source, count);
    }
}
