using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns a number of the tokens and gathers the gradients of the nine pixels that it went to. For the
/// convolution, a block per image and weight (or bias) sums over the pixels, and the images are then added in order
/// (<see cref="ColumnSums"/>).
/// Threads: 256 or 128 in a block, neighbours on neighbouring tokens or pixels, grid strides. Limits: none.
/// Scratch: the convolution's gradient for every image. FLOPs: 36 B C C S S.
/// </summary>
internal sealed class UnpatchifyBackwardV1Pixels : GpuVariant<UnpatchifyBackwardCall>
{
    private static readonly GpuKernel TokenGradients =
        new(Gather, GridStride.Threads);

    private static readonly GpuKernel WeightSums =
        new(Correlate, threads: 128);

    public override string Name => "v1-pixels";

    public override string Idea => "a thread per token number, a block per image and weight, images added in order";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [TokenGradients, WeightSums, ColumnSums.Kernel];

    protected override void Run(GpuDevice device, in UnpatchifyBackwardCall call)
    {
        var grid = call.Grid;
        device.Prepare(TokenGradients)
            .With(call.ImageGradient).With(call.Weight).With(call.TokensGradient).With(grid.Batch)
            .With(grid.Channels).With(grid.ImageSize).With(grid.PatchSize).With(grid.ExtraTokens)
            .On(GridStride.Over(grid.Batch, (long)grid.Tokens * grid.PatchElements));
        if (call.Weight.IsEmpty)
        {
            return;
        }

        var weights = checked(9 * grid.Channels * grid.Channels);
        var sums = weights + grid.Channels;
        using var partial = device.Scratch<float>((long)grid.Batch * sums);
        device.Prepare(WeightSums)
            .With(call.Tokens).With(call.ImageGradient).With(partial.Slice).With(grid.Batch)
            .With(grid.Channels).With(grid.ImageSize).With(grid.PatchSize).With(grid.ExtraTokens)
            .On(new GridSize(sums, Math.Min(grid.Batch, GridStride.MaxRows)));
        ColumnSums.Add(device, partial.Slice, grid.Batch, weights, sums, call.WeightGradient);
        ColumnSums.Add(device, partial.Slice.From(weights), grid.Batch, grid.Channels, sums, call.BiasGradient);
    }

    private static void Gather(
        ArrayView<float> imageGradient, ArrayView<float> weight, ArrayView<float> tokensGradient,
        int batch, int channels, int imageSize, int patchSize, int extraTokens)
    {
        var side = imageSize / patchSize;
        var patchElements = channels * patchSize * patchSize;
        var elements = (long)(extraTokens + (side * side)) * patchElements;
        for (var sample = Grid.IdxY; sample < batch; sample += Grid.DimY)
        {
            for (var i = GridStride.First; i < elements; i += GridStride.Step)
            {
                var token = (int)(i / patchElements);
                var patch = token - extraTokens;
                var inPatch = (int)(i - ((long)token * patchElements));
                var pixel = inPatch / channels;
                var channel = inPatch - (pixel * channels);
                var y = (patch / side * patchSize) + (pixel / patchSize);
                var x = (patch % side * patchSize) + (pixel % patchSize);
                var gradient = 0f;
                if (patch >= 0)
                {
                    var first = (long)sample * channels * imageSize * imageSize;
                    gradient = weight.Length == 0
                        ? imageGradient[first + (((channel * imageSize) + y) * imageSize) + x]
                        : Transposed(imageGradient, weight, first, channels, imageSize, channel, y, x);
                }

                tokensGradient[(sample * elements) + i] = gradient;
            }
        }
    }

    /// <summary>The convolution backwards: over the pixels that this one went to, with the weights of its way there.</summary>
    private static float Transposed(
        ArrayView<float> imageGradient, ArrayView<float> weight, long first,
        int channels, int imageSize, int channel, int y, int x)
    {
        var gradient = 0f;
        for (var tap = 0; tap < 9; tap++)
        {
            var toY = y + 1 - (tap / 3);
            var toX = x + 1 - (tap % 3);
            var isInside = toY >= 0 && toY < imageSize && toX >= 0 && toX < imageSize;
            for (var o = 0; o < channels; o++)
            {
                var factor = weight[(((o * channels) + channel) * 9) + tap];
                var from = first + (((o * imageSize) + toY) * imageSize) + toX;
                gradient = Scalar.Fma(factor, isInside ? imageGradient[from] : 0f, gradient);
            }
        }

        return gradient;
    }

    /// <summary>Per image: the gradient of every weight (out, in, tap), then that of every bias.</summary>
    private static void Correlate(
        ArrayView<float> tokens, ArrayView<float> imageGradient, ArrayView<float> partial,
        int batch, int channels, int imageSize, int patchSize, int extraTokens)
    {
        var pixels = new TokenPixels
        {
            Channels = channels,
            ImageSize = imageSize,
            PatchSize = patchSize,
            ExtraTokens = extraTokens,
        };
        var number = Grid.IdxX;
        var weights = 9 * channels * channels;
        var isBias = number >= weights;
        var pair = number / 9;
        var tap = number % 9;
        var to = isBias ? number - weights : pair / channels;
        var from = pair % channels;
        var area = imageSize * imageSize;
        for (var sample = Grid.IdxY; sample < batch; sample += Grid.DimY)
        {
            var plane = (((long)sample * channels) + to) * area;
            var sum = 0f;
            for (var at = Group.IdxX; at < area; at += Group.DimX)
            {
                var fromY = (at / imageSize) + (tap / 3) - 1;
                var fromX = (at % imageSize) + (tap % 3) - 1;
                var input = isBias ? 1f : 0f;
                if (!isBias && pixels.Contains(fromY, fromX))
                {
                    input = tokens[(sample * pixels.Elements) + pixels.Of(fromY, fromX) + from];
                }

                sum = Scalar.Fma(imageGradient[plane + at], input, sum);
            }

            sum = BlockReduce.Sum(sum);
            if (Group.IdxX == 0)
            {
                partial[((long)sample * (weights + channels)) + number] = sum;
            }
        }
    }
}
