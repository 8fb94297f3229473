using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread per number, times along y of the grid; a thread makes its own frequency and angle in fixed point (<see cref="TurnPhase"/>),
/// so there is no table. Threads: 256 in a block, neighbours on neighbouring numbers (coalesced), grid strides. Limits: none.
/// Bytes: 4 Batch Width. FLOPs: 20 Batch Width, and about as many integer operations.
/// </summary>
internal sealed class TimeEmbeddingV1Elements : GpuVariant<TimeEmbeddingCall>
{
    private static readonly GpuKernel Embed = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "a thread per number, angles in 64-bit fixed point of a turn";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Embed];

    protected override void Run(GpuDevice device, in TimeEmbeddingCall call) =>
        device.Prepare(Embed)
            .With(call.Times).With(call.Y).With(call.Factor)
            .With(call.Batch).With(call.Half).With(call.Order == Sinusoids.SineFirst ? 1 : 0).With((long)TurnPhase.Ratio(call.Steps))
            .On(GridStride.Over(call.Batch, call.Width));

    private static void Kernel(ArrayView<float> times, ArrayView<float> y, float factor, int batch, int half, int isSineFirst, long ratio)
    {
        for (var row = Grid.IdxY; row < batch; row += Grid.DimY)
        {
            for (var column = GridStride.First; column < 2L * half; column += GridStride.Step)
            {
                var isSecond = column >= half;
                var index = (int)(isSecond ? column - half : column);
                var phase = TurnPhase.Of(times[row] * factor, TurnPhase.Frequency((ulong)ratio, index));
                RealMath.SinCosTwoPi(GpuReal.Broadcast(phase), out var sine, out var cosine);
                y[(2L * row * half) + column] = isSecond == (isSineFirst != 0) ? cosine.Value : sine.Value;
            }
        }
    }
}
