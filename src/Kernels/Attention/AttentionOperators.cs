namespace DPT.Engine.Kernels;

/// <summary>Attention: its variants, best first, and the cases that prove them.</summary>
public static class AttentionOperators
{
    /// <summary>Heads for one vector of any width and a part of another.</summary>
    private static readonly AttentionCase ManyHeads = new(3, 17, 6, 24);

    /// <summary>Heads that do not fill a tile of the GPU, narrow and wide ones for each tile, with others beside them.</summary>
    private static readonly AttentionCase[] NarrowHeads =
    [
        new(1, 33, 3, 4), new(1, 33, 2, 20), new(1, 65, 2, 20), new(2, 17, 4, 24), new(1, 1, 3, 28),
        new(1, 33, 3, 36), new(1, 65, 2, 40),
        new(1, 17, 2, 68), new(1, 65, 2, 68),
        new(1, 17, 2, 76), new(1, 65, 2, 76),
        new(1, 17, 2, 100), new(1, 1, 3, 100), new(1, 33, 2, 124), new(1, 65, 2, 124),
    ];

    /// <summary>More heads than twice the multiprocessors of a card: blocks that go from head to head have three, and some two.</summary>
    private static readonly AttentionCase ManyShortHeads = new(38, 3, 7, 32);

    private static readonly AttentionCase[] Cases =
    [
        new(1, 1, 1, 1), new(2, 1, 2, 8), new(1, 2, 1, 31), new(2, 17, 2, 32), new(1, 18, 3, 33), new(2, 65, 1, 64),
        new(1, 66, 2, 32), new(1, 67, 1, 72), new(1, 257, 1, 64), new(1, 5, 1, 256), new(1, 129, 1, 1),
        new(1, 40, 2, 96), new(1, 35, 1, 128),
        new(1, 33, 2, 32, logits: 80), new(2, 18, 1, 8, logits: 80), new(1, 1, 1, 8, logits: 80),
        new(1, 20, 2, 16, FillPattern.Large), new(1, 20, 2, 16, FillPattern.Constant),
        new(1, 20, 1, 16, FillPattern.Tiny), new(1, 20, 1, 16, FillPattern.Zero),
        ManyHeads, new(4, 18, 4, 32), new(5, 1, 2, 1), new(9, 5, 1, 3), new(2, 40, 5, 8), new(2, 4, 8, 17),
        new(3, 18, 4, 8, logits: 80), new(4, 7, 2, 16, FillPattern.Large), new(4, 7, 2, 16, FillPattern.Constant),
        new(4, 7, 2, 16, FillPattern.Tiny), new(4, 7, 2, 16, FillPattern.Zero),
        .. NarrowHeads,
    ];

    /// <summary>
    /// One below, at and one above fragments of 16, stages of 64 keys and blocks of 64 and 128 rows, at every head size that tensor cores
    /// serve, and a few that they do not.
    /// </summary>
    private static readonly AttentionCase[] Bf16Cases =
    [
        new(1, 1, 1, 32), new(2, 15, 2, 32), new(1, 16, 3, 64), new(1, 17, 2, 72), new(1, 64, 2, 96), new(1, 65, 1, 128),
        new(1, 63, 2, 64), new(2, 66, 1, 32), new(1, 80, 1, 72), new(1, 129, 1, 32), new(1, 130, 1, 72), new(1, 130, 1, 96),
        new(1, 130, 1, 128), new(1, 255, 1, 32), new(1, 256, 1, 32), new(1, 257, 1, 64), new(1, 258, 1, 32),
        new(1, 5, 2, 24), new(1, 33, 1, 31), new(1, 2, 1, 255), new(1, 3, 1, 256),
        new(1, 33, 2, 32, logits: 80), new(1, 20, 2, 32, FillPattern.Large), new(1, 20, 2, 64, FillPattern.Constant),
        new(1, 20, 1, 32, FillPattern.Tiny), new(1, 20, 1, 72, FillPattern.Zero), ManyShortHeads,
    ];

    /// <summary>A U-ViT-S on images of 32 x 32 and on latents of 256 x 256, patches of 2.</summary>
    private static readonly AttentionCase[] BenchShapes = [new(16, 257, 8, 64), new(4, 1025, 8, 64)];

    /// <summary>
    /// U-ViT-S and U-ViT-L on 64 images of 32 x 32 with a label, U-ViT-L on 32 latents of 512 x 512, and a card full of heads at the
    /// lengths between.
    /// </summary>
    private static readonly AttentionCase[] Bf16BenchShapes =
    [
        new(64, 257, 8, 64), new(64, 258, 16, 64), new(32, 1026, 16, 64),
        .. new[] { 64, 128, 257, 320, 512, 1024 }.Select(length => new AttentionCase(4, length, 48, 64)),
    ];

    /// <summary>O = softmax(Q K^T / sqrt(d)) V.</summary>
    public static Operator<AttentionForwardCall> Forward { get; } = new(
        "attention.forward",
        ForwardCases,
        new AttentionForwardHostV3Lanes(),
        new AttentionForwardHostV2Tiles(),
        new AttentionForwardHostV1Naive(),
        new AttentionForwardV3OnlineSoftmax(),
        new AttentionForwardV2SharedTiles(),
        new AttentionForwardV1Naive())
    {
        BenchCases = () => BenchShapes.Select(c => c.Forward(saveLogSumExp: true)),
    };

    /// <summary>Gradient of <see cref="Forward"/> with respect to the packed qkv.</summary>
    public static Operator<AttentionBackwardCall> Backward { get; } = new(
        "attention.backward",
        BackwardCases,
        new AttentionBackwardHostV3Lanes(),
        new AttentionBackwardHostV2Tiles(),
        new AttentionBackwardHostV1Naive(),
        new AttentionBackwardV2Recompute(),
        new AttentionBackwardV1Naive())
    {
        BenchCases = () => BenchShapes.Select(c => c.Backward()),
    };

    /// <summary><see cref="Forward"/> in bf16, with sums and log-sum-exp in fp32.</summary>
    public static Operator<AttentionForwardBf16Call> ForwardBf16 { get; } = new(
        "attention.forward.bf16",
        ForwardBf16Cases,
        new AttentionForwardBf16HostV1Widen(),
        new AttentionForwardBf16V4NextHead(),
        new AttentionForwardBf16V3Short(),
        new AttentionForwardBf16V5WarpGroups(),
        new AttentionForwardBf16V2MmaSync(),
        new AttentionForwardBf16V1Naive())
    {
        BenchCases = () => Bf16BenchShapes.Select(c => c.ForwardBf16(saveLogSumExp: true)),
    };

    /// <summary><see cref="Backward"/> in bf16: gradient of <see cref="ForwardBf16"/> with respect to the packed qkv.</summary>
    public static Operator<AttentionBackwardBf16Call> BackwardBf16 { get; } = new(
        "attention.backward.bf16",
        BackwardBf16Cases,
        new AttentionBackwardBf16HostV1Widen(),
        new AttentionBackwardBf16V4WholeHead(),
        new AttentionBackwardBf16V3Short(),
        new AttentionBackwardBf16V5WarpGroups(),
        new AttentionBackwardBf16V2MmaSync(),
        new AttentionBackwardBf16V1Naive())
    {
        BenchCases = () => Bf16BenchShapes.Select(c => c.BackwardBf16()),
    };

    private static IEnumerable<KernelCase> ForwardCases() =>
        [
            .. Cases.Select(c => c.Forward(saveLogSumExp: true)),
            Cases[3].Forward(saveLogSumExp: false), ManyHeads.Forward(saveLogSumExp: false),
        ];

    /// <remarks>With logits of thousands the gradient is a difference of terms that dwarf it.</remarks>
    private static IEnumerable<KernelCase> BackwardCases() =>
        Cases.Where(c => c.Fill != FillPattern.Large).Select(c => c.Backward());

    private static IEnumerable<KernelCase> ForwardBf16Cases() =>
        [.. Bf16Cases.Select(c => c.ForwardBf16(saveLogSumExp: true)), Bf16Cases[2].ForwardBf16(saveLogSumExp: false)];

    private static IEnumerable<KernelCase> BackwardBf16Cases() =>
        Bf16Cases.Where(c => c.Fill != FillPattern.Large).Select(c => c.BackwardBf16());
}
