using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread turns one Philox counter into the fate of four elements, with the bits of the host's vectors; samples lie along y of the
/// grid. Seed and first sample are loaded, not launched with, so that a graph draws anew each time.
/// Threads: 256 in a block, neighbours on neighbouring groups of four elements, grid strides. Limits: none.
/// Bytes: 8 Samples Elements. FLOPs: 2 Samples Elements; 100 integer operations per counter.
/// </summary>
internal sealed class DropoutV1Counters : GpuVariant<DropoutCall>
{
    private static readonly GpuKernel Drop = new(Kernel, GridStride.Threads) { Unroll = Philox.Rounds };

    public override string Name => "v1-counters";

    public override string Idea => "a thread per Philox counter and four elements; no mask is kept";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Drop];

    protected override void Run(GpuDevice device, in DropoutCall call) =>
        device.Prepare(Drop)
            .With(call.X).With(call.Y).With(call.Draw)
            .With((int)call.Stream).With(call.Rate).With(call.Scale)
            .With(call.Samples).With(call.Elements)
            .With(GlobalMemory.HasAlignedRows(call.X, call.Elements) && GlobalMemory.HasAlignedRows(call.Y, call.Elements) ? 1 : 0)
            .On(GridStride.Over(call.Samples, (call.Elements + 3L) / 4));

    private static void Kernel(Operands operands, Fate fate, int samples, int elements, int isAligned)
    {
        var address = DrawAddress.Read(operands.Draw);
        var rate = GpuReal4.Broadcast(fate.Rate);
        var scale = GpuReal4.Broadcast(fate.Scale);
        for (var sample = Grid.IdxY; sample < samples; sample += Grid.DimY)
        {
            for (var counter = GridStride.First; 4 * counter < elements; counter += GridStride.Step)
            {
                var at = 4 * (int)counter;
                var from = ((long)sample * elements) + at;
                var x = new GpuReal4(GlobalMemory.LoadUpTo4(operands.X, from, elements - at, isAligned != 0));
                var words = Philox.Block(address.Seed, fate.Stream, address.FirstSample + sample, (uint)counter);
                var y = DropoutFormula.Dropped(x, new GpuReal4(Philox.Uniform(words)), rate, scale);
                GlobalMemory.StoreUpTo4(operands.Y, from, elements - at, isAligned != 0, y.Lanes);
            }
        }
    }

    private readonly record struct Operands(ArrayView<float> X, ArrayView<float> Y, ArrayView<int> Draw);

    /// <summary>What decides over an element beside its place.</summary>
    private readonly record struct Fate(uint Stream, float Rate, float Scale);
}
