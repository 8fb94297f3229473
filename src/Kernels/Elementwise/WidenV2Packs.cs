using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="WidenV1Elements"/>, with 8 bytes per read and 16 per write: four times as much memory traffic in flight per thread.
/// Threads: 256 in a block, neighbours on neighbouring packs (coalesced), grid strides.
/// Limits: operands start at multiples of 16 bytes. Bytes: 6 Count.
/// </summary>
internal sealed class WidenV2Packs : GpuVariant<WidenCall>
{
    private static readonly GpuKernel Widen = new(Kernel, GridStride.Threads);

    public override string Name => "v2-packs";

    public override string Idea => "a thread per four elements, 8 bytes read and 16 written";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Widen];

    public override bool Supports(in WidenCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        FlatPacks.AreAligned(out reason, call.Y, call.X);

    protected override void Run(GpuDevice device, in WidenCall call) =>
        device.Prepare(Widen)
            .With(call.X).With(call.Y).With(call.Count)
            .On(GridStride.Over(FlatPacks.Cover(call.Count)));

    private static void Kernel(ArrayView<BFloat16> x, ArrayView<float> y, long count)
    {
        for (var at = GridStride.First * FlatPacks.Size; at < count; at += GridStride.Step * FlatPacks.Size)
        {
            if (at + FlatPacks.Size <= count)
            {
                GlobalMemory.Store4(ref y[at], Bf16Memory.Widen(Bf16Memory.Load4(ref x[at])));
            }
            else
            {
                for (var last = at; last < count; last++)
                {
                    y[last] = x[last].ToSingle();
                }
            }
        }
    }
}
