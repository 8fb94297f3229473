namespace DPT.Engine.Kernels;

/// <summary>Tokens to images: the variants, best first, and the cases that prove them.</summary>
public static class UnpatchifyOperators
{
    private static readonly PatchGrid[] Grids =
    [
        new(1, 1, 1, 1, 0), new(2, 1, 4, 4, 1), new(3, 3, 6, 2, 2), new(2, 2, 35, 5, 2), new(5, 4, 16, 2, 1),
        new(2, 5, 7, 1, 0), new(9, 1, 16, 4, 2),
    ];

    /// <summary>Images of 32 x 32 as a U-ViT cuts them.</summary>
    private static readonly PatchGrid Bench = new(64, 3, 32, 2, 2);

    /// <summary>Tokens to images, with or without the convolution.</summary>
    public static Operator<UnpatchifyForwardCall> Forward { get; } =
        new(
            "unpatchify.forward", () => Cases(ForwardCase),
            new UnpatchifyForwardHostV1Simd(), new UnpatchifyForwardV1Pixels())
        {
            BenchCases = () => [ForwardCase(Bench, convolve: true)],
        };

    /// <summary>Gradients of tokens and convolution.</summary>
    public static Operator<UnpatchifyBackwardCall> Backward { get; } =
        new(
            "unpatchify.backward", () => Cases(BackwardCase),
            new UnpatchifyBackwardHostV1Simd(), new UnpatchifyBackwardV1Pixels())
        {
            BenchCases = () => [BackwardCase(Bench, convolve: true)],
        };

    private static IEnumerable<KernelCase> Cases(Func<PatchGrid, bool, KernelCase> make) =>
        Grids.SelectMany(grid => new[] { make(grid, true), make(grid, false) });

    private static string Label(PatchGrid grid, bool convolve) => $"{grid} {(convolve ? "conv" : "plain")}";

    private static KernelCase ForwardCase(PatchGrid grid, bool convolve) => new KernelCase<UnpatchifyForwardCall>(
        Label(grid, convolve),
        [
            Operand.In("tokens", grid.Batch * grid.Tokens * grid.PatchElements),
            Operand.In("weight", 9 * grid.Channels * grid.Channels),
            Operand.In("bias", grid.Channels),
            Operand.Out("image", grid.Batch * grid.ImageElements, convolve ? 9 * grid.Channels : 1),
        ],
        m => new UnpatchifyForwardCall
        {
            Grid = grid,
            Tokens = m["tokens"],
            Weight = convolve ? m["weight"] : default,
            Bias = convolve ? m["bias"] : default,
            Image = m["image"],
        },
        v => UnpatchifyReference.Forward(grid, v["tokens"], convolve ? v["weight"] : null, v["bias"], v["image"]));

    private static KernelCase BackwardCase(PatchGrid grid, bool convolve) => new KernelCase<UnpatchifyBackwardCall>(
        Label(grid, convolve),
        [
            Operand.In("tokens", grid.Batch * grid.Tokens * grid.PatchElements),
            Operand.In("weight", 9 * grid.Channels * grid.Channels),
            Operand.In("dimage", grid.Batch * grid.ImageElements),
            Operand.Out("dtokens", grid.Batch * grid.Tokens * grid.PatchElements, convolve ? 9 * grid.Channels : 1),
            Operand.Update("dweight", 9 * grid.Channels * grid.Channels, grid.Batch * grid.ImageSize * grid.ImageSize),
            Operand.Update("dbias", grid.Channels, grid.Batch * grid.ImageSize * grid.ImageSize),
        ],
        m => new UnpatchifyBackwardCall
        {
            Grid = grid,
            Tokens = convolve ? m["tokens"] : default,
            Weight = convolve ? m["weight"] : default,
            ImageGradient = m["dimage"],
            TokensGradient = m["dtokens"],
            WeightGradient = convolve ? m["dweight"] : default,
            BiasGradient = convolve ? m["dbias"] : default,
        },
        v => UnpatchifyReference.Backward(
            grid, v["tokens"], convolve ? v["weight"] : null, v["dimage"], v["dtokens"], v["dweight"], v["dbias"]));
}
