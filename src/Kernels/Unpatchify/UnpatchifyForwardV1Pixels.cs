using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns a number of the image and gathers its nine neighbours from the tokens, whose channels lie together;
/// without a convolution it copies. Planes lie along y of the grid.
/// Threads: 256 in a block, neighbours along a row of the image (coalesced writes), grid strides.
/// Limits: B C below 2^31. Bytes: 8 B C S S, the caches serve what neighbours share. FLOPs: 18 B C C S S.
/// </summary>
internal sealed class UnpatchifyForwardV1Pixels : GpuVariant<UnpatchifyForwardCall>
{
    private static readonly GpuKernel Gather = new(Kernel, GridStride.Threads);

    public override string Name => "v1-pixels";

    public override string Idea => "a thread per pixel and channel, direct 3x3 convolution from the tokens";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Gather];

    protected override void Run(GpuDevice device, in UnpatchifyForwardCall call)
    {
        var grid = call.Grid;
        var planes = checked(grid.Batch * grid.Channels);
        device.Prepare(Gather)
            .With(call.Tokens).With(call.Weight).With(call.Bias).With(call.Image).With(planes)
            .With(grid.Channels).With(grid.ImageSize).With(grid.PatchSize).With(grid.ExtraTokens)
            .On(GridStride.Over(planes, (long)grid.ImageSize * grid.ImageSize));
    }

    private static void Kernel(
        ArrayView<float> tokens, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> image,
        int planes, int channels, int imageSize, int patchSize, int extraTokens)
    {
        var pixels = new TokenPixels
        {
            Channels = channels,
            ImageSize = imageSize,
            PatchSize = patchSize,
            ExtraTokens = extraTokens,
        };
        var area = imageSize * imageSize;
        for (var plane = Grid.IdxY; plane < planes; plane += Grid.DimY)
        {
            var sample = plane / channels;
            var channel = plane - (sample * channels);
            var from = sample * pixels.Elements;
            for (var at = GridStride.First; at < area; at += GridStride.Step)
            {
                var y = (int)at / imageSize;
                var x = (int)at - (y * imageSize);

                // Before the address, which would take registers all the while.
                var value = weight.Length == 0
                    ? tokens[from + pixels.Of(y, x) + channel]
                    : Convolve(tokens, weight, pixels, from, y, x, channel, bias[channel]);
                image[((long)plane * area) + at] = value;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Convolve(
        ArrayView<float> tokens, ArrayView<float> weight, TokenPixels pixels, long from, int y, int x, int channel, float value)
    {
        for (var tap = 0; tap < 9; tap++)
        {
            var fromY = y + (tap / 3) - 1;
            var fromX = x + (tap % 3) - 1;
            var isInside = pixels.Contains(fromY, fromX);
            var first = isInside ? from + pixels.Of(fromY, fromX) : 0;
            for (var c = 0; c < pixels.Channels; c++)
            {
                var factor = weight[(((channel * pixels.Channels) + c) * 9) + tap];
                value = Scalar.Fma(factor, isInside ? tokens[first + c] : 0f, value);
            }
        }

        return value;
    }
}
