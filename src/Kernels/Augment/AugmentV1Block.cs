using System.Buffers;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The host samples a plan per row (<see cref="AugmentPlan"/>). Without strong changes a thread owns a number of the
/// result; with them a block owns an image, works on its bytes in global scratch, and writes the view of them at the
/// end. Bytes are those of the host; only the normalisation is in single precision.
/// Threads: 256 in a block, neighbours on neighbouring pixels. Limits: none. A kernel cannot throw: an index that is no
/// image of the data makes its row NaN. Bytes: 5 per number; strong 2 per number and operation more. FLOPs: 3 per number, all
/// else is in integers. Scratch: 128 bytes per row, two bytes per byte of the batch (strong policy).
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
            WithBatch(device.Prepare(View), in call, plan.Slice).With(call.Batch).On(GridStride.Over(call.Batch, pixels));
            return;
        }

        using var scratch = device.Scratch<byte>(2L * call.Batch * pixels);
        WithBatch(device.Prepare(Strong), in call, plan.Slice).With(scratch.Slice).On(new GridSize(call.Batch));
    }

    private static KernelLaunch WithBatch(KernelLaunch launch, in AugmentCall call, Slice<int> plan)
    {
        launch
            .With(call.Source).With(call.Indices).With(plan)
            .With(call.Mean).With(call.Deviation).With(call.Output)
            .With(call.SourceCount).With(call.Channels).With(call.ImageSize);
        return launch;
    }

    private static void Upload(GpuDevice device, in AugmentCall call, Slice<int> plan)
    {
        var words = ArrayPool<int>.Shared.Rent((int)plan.Length);
        for (var row = 0; row < call.Batch; row++)
        {
            AugmentPlan.Sample(in call, row, words.AsSpan(row * AugmentPlan.Words, AugmentPlan.Words));
        }

        device.CopyIn<int>(words.AsSpan(0, (int)plan.Length), plan);
        ArrayPool<int>.Shared.Return(words);
    }

    private static void ViewKernel(Batch batch, int rows)
    {
        var area = batch.Size * batch.Size;
        var pixels = batch.Channels * area;
        for (var row = Grid.IdxY; row < rows; row += Grid.DimY)
        {
            var index = batch.Indices[row];
            var isImage = batch.HasImage(index);
            var view = batch.View(row);
            for (var i = GridStride.First; i < pixels; i += GridStride.Step)
            {
                var channel = (int)i / area;
                var value = float.NaN;
                if (isImage)
                {
                    var pixel = (int)i - (channel * area);
                    var y = view.Row(pixel / batch.Size);
                    var x = view.Column(pixel % batch.Size);
                    value = batch.Source[((long)index * pixels) + (((channel * batch.Size) + y) * batch.Size) + x];
                }

                batch.Output[((long)row * pixels) + i] = batch.Normalised(value, channel);
            }
        }
    }

    private static void StrongKernel(Batch batch, ArrayView<byte> scratch)
    {
        var row = Grid.IdxX;
        var area = batch.Size * batch.Size;
        var pixels = batch.Channels * area;
        var image = new BlockImage
        {
            Bytes = scratch,
            Counts = SharedMemory.Allocate<int>(BlockImage.Threads),
            Table = SharedMemory.Allocate<int>(BlockImage.Threads),
            From = 2L * row * pixels,
            To = ((2L * row) + 1) * pixels,
            Channels = batch.Channels,
            Size = batch.Size,
        };
        var index = batch.Indices[row];
        var isImage = batch.HasImage(index);
        for (var i = Group.IdxX; i < pixels; i += BlockImage.Threads)
        {
            scratch[image.From + i] = isImage ? batch.Source[((long)index * pixels) + i] : (byte)0;
        }

        Group.Barrier();
        for (var step = 0; step < AugmentPlan.Steps; step++)
        {
            image.Apply(AugmentPlan.StepOf(batch.Plan, batch.PlanOf(row), step));
        }

        // The weak view of the changed image, with its square cut out.
        var view = batch.View(row);
        var square = AugmentPlan.SquareOf(batch.Plan, batch.PlanOf(row));
        for (var i = Group.IdxX; i < pixels; i += BlockImage.Threads)
        {
            var channel = i / area;
            var pixel = i - (channel * area);
            var y = view.Row(pixel / batch.Size);
            var x = view.Column(pixel % batch.Size);
            var value = square.Contains(x, y)
                ? Cutout.Colour(batch.Channels, channel)
                : image.Bytes[image.From + (((channel * batch.Size) + y) * batch.Size) + x];
            batch.Output[((long)row * pixels) + i] = batch.Normalised(isImage ? value : float.NaN, channel);
        }
    }

    /// <summary>The call, and the plan of its rows.</summary>
    private readonly record struct Batch(
        ArrayView<byte> Source, ArrayView<int> Indices, ArrayView<int> Plan,
        ArrayView<float> Mean, ArrayView<float> Deviation, ArrayView<float> Output,
        int SourceCount, int Channels, int Size)
    {
        public bool HasImage(int index) => index >= 0 && index < SourceCount;

        /// <summary>Where the plan of a row begins.</summary>
        public long PlanOf(int row) => (long)row * AugmentPlan.Words;

        public WeakView View(int row) => AugmentPlan.ViewOf(Plan, PlanOf(row), Size);

        public float Normalised(float value, int channel) => ((value / 255) - Mean[channel]) / Deviation[channel];
    }
}
