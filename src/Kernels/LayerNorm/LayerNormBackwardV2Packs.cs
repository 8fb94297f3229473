using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// As <see cref="LayerNormBackwardV1Warp"/>, whose kernels it takes for scale and shift. For the gradient of the input, the row and
/// its gradient stay in the registers of a warp: both are read once, 16 bytes an access, and all loads are under way before the
/// first sum, and before the first store.
/// Threads: 256 in a block, eight rows; a lane has every 32nd pack of four columns (coalesced). Limits: widths that are multiples of
/// 4 from 64 to 2048, rows at multiples of 16 bytes. Bytes: 20 Rows Width (24 when accumulating; 4 fewer where
/// dy is in bf16). FLOPs: 16 Rows Width.
/// </summary>
internal sealed class LayerNormBackwardV2Packs : GpuVariant<LayerNormBackwardCall>
{
    private const int Rows = 8;

    private static readonly RowPacks InputGradient = new(Input<Packs1>, Rows * WarpReduce.Lanes);

    public override string Name => "v2-packs";

    public override string Idea => "a warp per row, which stays in registers, 16 bytes per access";

    public override IReadOnlyList<GpuKernel> Kernels { get; } =
        [.. InputGradient.Kernels, .. LayerNormBackwardV1Warp.ParameterKernels];

    public override bool Supports(in LayerNormBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        InputGradient.Supports(
            call.Width, call.RowX, call.RoundedGradientY, out reason, call.X, call.Gamma, call.GradientY, call.GradientX);

    protected override void Run(GpuDevice device, in LayerNormBackwardCall call)
    {
        device.Prepare(InputGradient.For(call.Width))
            .With(call.X).With(call.Gamma).With(call.Mean).With(call.InverseDeviation)
            .With(call.GradientY).With(call.RoundedGradientY).With(call.GradientX)
            .With(call.Rows).With(call.Width).With(call.RowX).With(call.AccumulateX ? 1 : 0)
            .On(new GridSize(GridCover.Blocks(call.Rows, Rows)));
        LayerNormBackwardV1Warp.RunParameters(device, in call);
    }

    /// <summary>dx = (g - mean(g) - n mean(g n)) / deviation, with n the normalised x and g = dy gamma.</summary>
    private static void Input<T>(
        ArrayView<float> x, ArrayView<float> gamma, ArrayView<float> mean, ArrayView<float> inverse,
        ArrayView<float> gradientY, ArrayView<BFloat16> roundedGradientY, ArrayView<float> gradientX,
        int rows, int width, int stride, int accumulate)
        where T : struct, IRowPacks
    {
        var row = ((long)Grid.IdxX * Rows) + WarpReduce.Warp;
        if (row >= rows)
        {
            return;
        }

        Float4[] n = new Float4[RowPacks.Max], g = new Float4[RowPacks.Max];
        for (var p = 0; p < T.Count; p++)
        {
            n[p] = RowPacks.Load(x, row * stride, p, width);
            g[p] = RowPacks.Load(gradientY, roundedGradientY, row * width, p, width) * RowPacks.Load(gamma, 0, p, width);
        }

        var centre = mean[row];
        var scale = inverse[row];
        float sum = 0f, product = 0f;
        for (var p = 0; p < T.Count; p++)
        {
            n[p] = RowPacks.Has(p, width) ? (n[p] - centre) * scale : default;
            sum += g[p].Sum();
            product = g[p].Dot(n[p], product);
        }

        var meanOfGradient = WarpReduce.Sum(sum) / width;
        var meanOfProduct = WarpReduce.Sum(product) / width;
        for (var p = 0; p < T.Count; p++)
        {
            g[p] = (g[p] - meanOfGradient - (n[p] * meanOfProduct)) * scale;
            g[p] = accumulate != 0 ? RowPacks.Load(gradientX, row * stride, p, width) + g[p] : g[p];
        }

        for (var p = 0; p < T.Count; p++)
        {
            RowPacks.Store(gradientX, row * stride, p, width, g[p]);
        }
    }
}
