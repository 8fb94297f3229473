using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="RoundV1Elements"/>, with 16 bytes per read and 8 per write: four times as much memory traffic in flight per thread.
/// Threads: 256 in a block, neighbours on neighbouring packs (coalesced), grid strides.
/// Limits: operands start at multiples of 16 bytes. Bytes: 6 Count. FLOPs: Count.
/// </summary>
internal sealed class RoundV2Packs : GpuVariant<RoundCall>
{
    private static readonly GpuKernel Round = new(Kernel, GridStride.Threads);

    public override string Name => "v2-packs";

    public override string Idea => "a thread per four elements, 16 bytes read and 8 written";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Round];

    public override bool Supports(in RoundCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        FlatPacks.AreAligned(out reason, call.X, call.Y);

    protected override void Run(GpuDevice device, in RoundCall call) =>
        device.Prepare(Round)
            .With(call.X).With(call.Y).With(call.Count)
            .On(GridStride.Over(FlatPacks.Cover(call.Count)));

    private static void Kernel(ArrayView<float> x, ArrayView<BFloat16> y, long count)
    {
        for (var at = GridStride.First * FlatPacks.Size; at < count; at += GridStride.Step * FlatPacks.Size)
        {
            if (at + FlatPacks.Size <= count)
            {
                Bf16Memory.Store4(ref y[at], Bf16Memory.Narrow(GlobalMemory.Load4(ref x[at])));
            }
            else
            {
                for (var last = at; last < count; last++)
                {
                    y[last] = Bf16Memory.Round(x[last]);
                }
            }
        }
    }
}
