using System.Buffers;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The host draws a plan per row (<see cref="AugmentPlan"/>). Without strong changes a thread owns a number of the
/// result; with them a block owns an image, works on its bytes in global scratch, and writes the view of them at the
/// end. Bytes are those of the host; only the normalisation is in single precision.
/// Threads: 256 in a block, neighbours on neighbouring pixels. Limits: none. A kernel cannot throw: an index that is no
/// image of the data makes its row NaN. Bytes: 5 per number; strong 2 per number and operation more.
/// Scratch: 128 bytes per row, two bytes per byte of the batch (strong policy).
/// </summary>
internal sealed class AugmentV1Block : GpuVariant<AugmentCall>
{
    private static readonly GpuKernel View = new(ViewKernel, GridStride.Threads);
    private static readonly GpuKernel Strong = new(StrongKernel, BlockImage.Threads);

    public override string Name => "v1-block";

    public override string Idea => "draws on the host; a block per image on bytes, normalised as it is written";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [View, Strong];

    protected override void Run(GpuDevice device, in AugmentCall call)
    {
        using var plan = device.Scratch<int>((long)call.Batch * AugmentPlan.Words);
        Upload(device, in call, plan.Slice);
        var pixels = call.Channels * call.ImageSize * call.ImageSize;
        if (call.Policy != AugmentPolicy.Strong)
        {
            device.Prepare(View)
                .With(call.Source).With(call.Indices).With(plan.Slice)
                .With(call.Mean).With(call.Deviation).With(call.Output)
                .With(call.Batch).With(call.SourceCount).With(call.Channels).With(call.ImageSize)
                .On(GridStride.Over(call.Batch, pixels));
            return;
        }

        using var scratch = device.Scratch<byte>(2L * call.Batch * pixels);
        device.Prepare(Strong)
            .With(call.Source).With(call.Indices).With(plan.Slice)
            .With(call.Mean).With(call.Deviation).With(scratch.Slice).With(call.Output)
            .With(call.SourceCount).With(call.Channels).With(call.ImageSize)
            .On(new GridSize(call.Batch));
    }

    private static void Upload(GpuDevice device, in AugmentCall call, Slice<int> plan)
    {
        var words = ArrayPool<int>.Shared.Rent((int)plan.Length);
        for (var row = 0; row < call.Batch; row++)
        {
            AugmentPlan.Draw(in call, row, words.AsSpan(row * AugmentPlan.Words, AugmentPlan.Words));
        }

        device.CopyIn<int>(words.AsSpan(0, (int)plan.Length), plan);
        ArrayPool<int>.Shared.Return(words);
    }

    private static void ViewKernel(
        ArrayView<byte> source, ArrayView<int> indices, ArrayView<int> plan,
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<float> output,
        int batch, int sourceCount, int channels, int size)
    {
        var area = size * size;
        var pixels = channels * area;
        for (var row = Grid.IdxY; row < batch; row += Grid.DimY)
        {
            var index = indices[row];
            var isImage = index >= 0 && index < sourceCount;
            var view = AugmentPlan.ViewOf(plan, (long)row * AugmentPlan.Words, size);
            for (var i = GridStride.First; i < pixels; i += GridStride.Step)
            {
                var channel = (int)i / area;
                var value = float.NaN;
                if (isImage)
                {
                    var pixel = (int)i - (channel * area);
                    var y = view.Row(pixel / size);
                    var x = view.Column(pixel % size);
                    value = source[((long)index * pixels) + (((channel * size) + y) * size) + x];
                }

                output[((long)row * pixels) + i] = Normalised(value, mean[channel], deviation[channel]);
            }
        }
    }

    private static void StrongKernel(
        ArrayView<byte> source, ArrayView<int> indices, ArrayView<int> plan,
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<byte> scratch, ArrayView<float> output,
        int sourceCount, int channels, int size)
    {
        var row = Grid.IdxX;
        var pixels = channels * size * size;
        var image = new BlockImage
        {
            Bytes = scratch,
            Counts = SharedMemory.Allocate<int>(BlockImage.Threads),
            Table = SharedMemory.Allocate<int>(BlockImage.Threads),
            From = 2L * row * pixels,
            To = ((2L * row) + 1) * pixels,
            Channels = channels,
            Size = size,
        };
        var index = indices[row];
        var isImage = index >= 0 && index < sourceCount;
        for (var i = Group.IdxX; i < pixels; i += BlockImage.Threads)
        {
            scratch[image.From + i] = isImage ? source[((long)index * pixels) + i] : (byte)0;
        }

        Group.Barrier();
        var first = (long)row * AugmentPlan.Words;
        for (var number = 0; number < AugmentPlan.Steps; number++)
        {
            image.Apply(AugmentPlan.StepOf(plan, first, number));
        }

        Write(image, plan, first, mean, deviation, output, isImage);
    }

    /// <summary>The weak view of the changed image with its square cut out.</summary>
    private static void Write(
        BlockImage image, ArrayView<int> plan, long first,
        ArrayView<float> mean, ArrayView<float> deviation, ArrayView<float> output, bool isImage)
    {
        var size = image.Size;
        var pixels = image.Channels * image.Area;
        var view = AugmentPlan.ViewOf(plan, first, size);
        var square = AugmentPlan.SquareOf(plan, first);
        for (var i = Group.IdxX; i < pixels; i += BlockImage.Threads)
        {
            var channel = i / image.Area;
            var pixel = i - (channel * image.Area);
            var y = view.Row(pixel / size);
            var x = view.Column(pixel % size);
            var value = square.Contains(x, y)
                ? Cutout.Colour(image.Channels, channel)
                : image.Bytes[image.From + (((channel * size) + y) * size) + x];
            output[((long)Grid.IdxX * pixels) + i] =
                Normalised(isImage ? value : float.NaN, mean[channel], deviation[channel]);
        }
    }

    private static float Normalised(float value, float mean, float deviation) =>
        ((value / 255) - mean) / deviation;
}
