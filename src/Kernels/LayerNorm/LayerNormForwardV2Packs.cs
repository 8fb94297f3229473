using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="LayerNormForwardV1Warp"/>, with the row in the registers of its warp: it is read once, 16 bytes an access, and all
/// its loads are under way before the first sum, and before the first store.
/// Threads: 256 in a block, eight rows; a lane has every 32nd pack of four columns (coalesced). Limits: widths that are multiples of
/// 4 from 64 to 2048, rows at multiples of 16 bytes. Bytes: 8 Rows Width, or 6 where the result is
/// rounded. FLOPs: 10 Rows Width.
/// </summary>
internal sealed class LayerNormForwardV2Packs : GpuVariant<LayerNormForwardCall>
{
    private const int Rows = 8;

    private static readonly RowPacks Normalise = new(Kernel<Packs1>, Rows * WarpReduce.Lanes);

    public override string Name => "v2-packs";

    public override string Idea => "a warp per row, which stays in registers, 16 bytes per access";

    public override IReadOnlyList<GpuKernel> Kernels => Normalise.Kernels;

    public override bool Supports(in LayerNormForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        Normalise.Supports(call.Width, call.RowX, call.RoundedY, out reason, call.X, call.Gamma, call.Beta, call.Y);

    protected override void Run(GpuDevice device, in LayerNormForwardCall call) =>
        device.Prepare(Normalise.For(call.Width))
            .With(call.X).With(call.Gamma).With(call.Beta)
            .With(call.Y).With(call.RoundedY).With(call.Mean).With(call.InverseDeviation)
            .With(call.Rows).With(call.Width).With(call.RowX).With(call.Epsilon)
            .On(new GridSize(GridCover.Blocks(call.Rows, Rows)));

    private static void Kernel<T>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> beta,
        ArrayView<float> y, ArrayView<BFloat16> roundedY, ArrayView<float> mean, ArrayView<float> inverse,
        int rows, int width, int stride, float epsilon)
        where T : struct, IRowPacks
    {
        var row = ((long)Grid.IdxX * Rows) + WarpReduce.Warp;
        if (row >= rows)
        {
            return;
        }

        // The row, then its distance from the mean, then the result.
        var v = new Float4[RowPacks.Max];
        for (var p = 0; p < T.Count; p++)
        {
            v[p] = RowPacks.Load(x, row * stride, p, width);
        }

        var sum = 0f;
        for (var p = 0; p < T.Count; p++)
        {
            sum += v[p].Sum();
        }

        var centre = WarpReduce.Sum(sum) / width;
        float differences = 0f, squares = 0f;
        for (var p = 0; p < T.Count; p++)
        {
            v[p] = RowPacks.Has(p, width) ? v[p] - centre : default;
            differences += v[p].Sum();
            squares = v[p].Dot(v[p], squares);
        }

        var lost = WarpReduce.Sum(differences) / width;
        var variance = (WarpReduce.Sum(squares) / width) - (lost * lost);
        variance = Scalar.IsLess(variance, 0) ? 0f : variance;
        var scale = 1 / Scalar.Sqrt(variance + epsilon);
        for (var p = 0; p < T.Count; p++)
        {
            v[p] = Float4.Fma((v[p] - lost) * scale, RowPacks.Load(gamma, 0, p, width), RowPacks.Load(beta, 0, p, width));
        }

        for (var p = 0; p < T.Count; p++)
        {
            RowPacks.Store(y, roundedY, row * width, p, width, v[p]);
        }

        if (WarpReduce.Lane == 0)
        {
            mean[row] = centre + lost;
            inverse[row] = scale;
        }
    }
}
