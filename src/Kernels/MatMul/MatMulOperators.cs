namespace DPT.Engine.Kernels;

/// <summary>The matrix product with its epilogues: its variants, best first, and the cases that prove them.</summary>
public static class MatMulOperators
{
    /// <summary>C = [C +] act(op(A) op(B) + bias) + residual, and the gradient through an activation.</summary>
    public static Operator<MatMulCall> MatMul { get; } =
        new(
            "matmul",
            Cases,
            new MatMulHostV2Packed(),
            new MatMulHostV1Naive(),
            new MatMulV5SmallTiles(),
            new MatMulV4TensorBf16(),
            new MatMulV3RegisterTiles(),
            new MatMulV2SharedTiles(),
            new MatMulV1Naive())
        {
            BenchCases = BenchCases,
        };

    /// <summary>The same with factors of bf16, sums in fp32, and a result in fp32 or rounded to bf16.</summary>
    public static Operator<MatMulBf16Call> MatMulBf16 { get; } =
        new(
            "matmul.bf16",
            Bf16Cases,
            new MatMulBf16HostV1Widen(),
            new MatMulBf16V3WarpGroups(),
            new MatMulBf16V2MmaSync(),
            new MatMulBf16V1Naive())
        {
            BenchCases = Bf16BenchCases,
        };

    private static IEnumerable<KernelCase> Cases() =>
        Layouts().Concat(Several()).Concat(Overlaps()).Concat(Edges())
            .Concat(Epilogues((Nn(24, 64, 21), 0), (Nt(19, 43, 40), 5)))
            .Select(c => c.Describe());

    /// <summary>
    /// A square one for the ceiling, a U-ViT-S's layers on 64 images of 257 tokens, forward and both gradients, the same of a small
    /// network's on 64 images of 18 tokens, a line of a 3x3 filter on 128 pictures of 14x14 pixels with their borders, and the Gram
    /// matrices of a small network's weights.
    /// </summary>
    private static IEnumerable<KernelCase> BenchCases() => new MatMulCase[]
    {
        new(Nn(2048, 2048, 2048)),
        new(Nt(64 * 257, 3 * 512, 512)) { Bias = true },
        new(Nt(64 * 257, 2048, 512) with { Activation = Activation.Gelu }) { Bias = true, PreActivation = true },
        new(Nn(64 * 257, 512, 2048)),
        new(Tn(512, 2048, 64 * 257) with { Accumulate = true }),
        new(Nt(64 * 18, 512, 128) with { Activation = Activation.Gelu }) { Bias = true, PreActivation = true },
        new(Nn(64 * 18, 128, 512)),
        new(Tn(128, 512, 64 * 18) with { Accumulate = true }),
        new(Nt(128 * 225, 32, 3 * 32) with { StrideA = 32, Accumulate = true }),
        new(Nn(128 * 225, 32, 3 * 32) with { StrideA = 32, Accumulate = true }),
        new(Tn(32, 3 * 32, 128 * 225) with { StrideB = 32, Accumulate = true }),
        new(Nn(128, 128, 128) with { Products = 7 }),
    }.Select(c => c.Describe());

    /// <summary>
    /// Around the tiles of tensor cores and their steps, off and on the alignment of their copies, in every layout; and what may
    /// follow the sum.
    /// </summary>
    private static IEnumerable<KernelCase> Bf16Cases()
    {
        (int M, int N, int K)[] shapes =
        [
            (1, 1, 1), (5, 7, 11), (8, 8, 8), (16, 24, 16), (63, 64, 65), (64, 72, 64), (72, 56, 72), (1, 264, 136), (136, 8, 200),
        ];
        foreach (var (m, n, k) in shapes)
        {
            foreach (var product in new[] { Nn(m, n, k), Nt(m, n, k), Tn(m, n, k), Tn(m, n, k) with { TransposeB = true } })
            {
                yield return new MatMulCase(product).DescribeBf16(rounded: false);
                yield return new MatMulCase(product) { Padding = 8 }.DescribeBf16(rounded: true);
            }
        }

        // Rows that start where copies can, and end inside of what a copy brings: what lies behind them must not be read.
        foreach (var product in new[] { Nn(19, 21, 21), Nt(19, 21, 21), Tn(21, 21, 19), Tn(21, 19, 21) with { TransposeB = true } })
        {
            yield return new MatMulCase(product) { Padding = 3 }.DescribeBf16(rounded: false);
        }

        // Parts of a long K; rows that overlap; so many blocks that tiles are large, with few rows or columns in them.
        yield return new MatMulCase(Tn(40, 48, 1032) with { Accumulate = true }).DescribeBf16(rounded: false);
        yield return new MatMulCase(Tn(40, 48, 1032)) { Bias = true, Residual = ResidualKind.Own }.DescribeBf16(rounded: false);
        yield return new MatMulCase(Tn(40, 48, 1032)).DescribeBf16(rounded: true);
        yield return new MatMulCase(Nt(24, 16, 24) with { StrideA = 8 }).DescribeBf16(rounded: false);
        yield return new MatMulCase(Nn(1, 24_600, 72)) { Bias = true }.DescribeBf16(rounded: true);
        yield return new MatMulCase(Nn(1, 24_600, 8) with { StrideC = 24_601 }).DescribeBf16(rounded: false);
        yield return new MatMulCase(Nt(12_301, 5, 136)).DescribeBf16(rounded: false);
        yield return new MatMulCase(Tn(8, 24_600, 136) with { TransposeB = true }).DescribeBf16(rounded: true);
        yield return new MatMulCase(Tn(264, 8, 8192) with { Accumulate = true }).DescribeBf16(rounded: false);
        foreach (var epilogue in Epilogues((Nn(24, 72, 40), 0), (Nt(19, 43, 40), 8)))
        {
            yield return epilogue.DescribeBf16(rounded: false);
            if (!epilogue.Call.Accumulate && epilogue.Residual != ResidualKind.Result)
            {
                yield return epilogue.DescribeBf16(rounded: true);
            }
        }
    }

    /// <summary>As <see cref="BenchCases"/>, rounded where the result is a factor again.</summary>
    private static IEnumerable<KernelCase> Bf16BenchCases() =>
    [
        new MatMulCase(Nn(4096, 4096, 4096)).DescribeBf16(rounded: true),
        new MatMulCase(Nt(64 * 257, 3 * 512, 512)) { Bias = true }.DescribeBf16(rounded: true),
        new MatMulCase(Nt(64 * 257, 2048, 512) with { Activation = Activation.Gelu }) { Bias = true, PreActivation = true }
            .DescribeBf16(rounded: true),
        new MatMulCase(Nt(64 * 257, 512, 2048)) { Bias = true, Residual = ResidualKind.Own }.DescribeBf16(rounded: false),
        new MatMulCase(Nn(64 * 257, 512, 2048)).DescribeBf16(rounded: true),
        new MatMulCase(Tn(512, 2048, 64 * 257) with { Accumulate = true }).DescribeBf16(rounded: false),
        new MatMulCase(Nt(64 * 18, 512, 128) with { Activation = Activation.Gelu }) { Bias = true, PreActivation = true }
            .DescribeBf16(rounded: true),
        new MatMulCase(Tn(128, 512, 64 * 18) with { Accumulate = true }).DescribeBf16(rounded: false),
    ];

    /// <summary>Every layout with small, prime and thin shapes, rows adjacent and not.</summary>
    private static IEnumerable<MatMulCase> Layouts()
    {
        (int M, int N, int K)[] shapes =
            [(1, 1, 1), (1, 17, 3), (13, 1, 7), (3, 5, 1), (5, 7, 11), (31, 37, 29), (64, 96, 32), (2, 130, 70)];
        foreach (var (m, n, k) in shapes)
        {
            foreach (var product in new[] { Nn(m, n, k), Nt(m, n, k), Tn(m, n, k), Tn(m, n, k) with { TransposeB = true } })
            {
                yield return new(product);
                yield return new(product with { Accumulate = true }) { Padding = 3 };
            }
        }
    }

    /// <summary>Several products at once, on and off the alignment of vector loads, with sums that one product would be cut along.</summary>
    private static IEnumerable<MatMulCase> Several()
    {
        foreach (var (products, m, n, k) in new[] { (2, 1, 1, 1), (3, 5, 7, 11), (3, 32, 36, 40), (2, 9, 11, 520) })
        {
            foreach (var product in new[] { Nn(m, n, k), Nt(m, n, k), Tn(m, n, k), Tn(m, n, k) with { TransposeB = true } })
            {
                yield return new(product with { Products = products });
            }

            yield return new(Tn(m, n, k) with { Products = products, Accumulate = true });
        }
    }

    /// <summary>Rows of a factor that overlap, as a convolution's do, on and off the alignment of vector loads.</summary>
    private static IEnumerable<MatMulCase> Overlaps()
    {
        foreach (var step in new[] { 1, 4, 7 })
        {
            yield return new(Nt(21, 18, 3 * step) with { StrideA = step });
            yield return new(Nn(37, 35, 3 * step) with { StrideA = step, Accumulate = true });
            yield return new(Tn(19, 3 * step, 300) with { StrideB = step, Accumulate = true });
        }
    }

    /// <summary>One below, at and one above every blocking constant of the packed variant.</summary>
    private static IEnumerable<MatMulCase> Edges()
    {
        foreach (var d in new[] { -1, 0, 1 })
        {
            yield return new(Nn(GemmMicroKernel.Rows + d, 16 + d, 9));
            yield return new(Nt(GemmMicroKernel.Rows + d, 32 + d, 9));
            yield return new(Tn(GemmMicroKernel.Rows + d, 2 + d, 9));
            yield return new(Nn(GemmBlocking.MaxMc + d, 33, 19));
            yield return new(Tn(GemmBlocking.MaxMc + d, 33, 19));
            yield return new(Nt(7, GemmBlocking.MaxNc + d, 5));
            yield return new(Nn(7, 33, GemmBlocking.MaxKc + d)) { Residual = ResidualKind.Result };
            yield return new(Tn(7, 33, GemmBlocking.MaxKc + d) with { Accumulate = true }) { Bias = true };
            yield return new(Tn(13, 18, (6 * GemmBlocking.MaxKc) + d) with { Accumulate = true });
            yield return new(Nt(11, 19, (2 * GemmBlocking.MaxKc) + d) with { Activation = Activation.Gelu });
        }
    }

    /// <summary>What may follow the sum, on tiles whole and cut.</summary>
    private static IEnumerable<MatMulCase> Epilogues(params (MatMulCall Product, int Padding)[] shapes)
    {
        foreach (var (product, padding) in shapes)
        {
            var shape = new MatMulCase(product) { Padding = padding };
            var adding = shape with { Call = product with { Accumulate = true } };
            yield return shape with { Bias = true };
            yield return shape with { Residual = ResidualKind.Own };
            yield return shape with { Residual = ResidualKind.Result };
            yield return shape with { Bias = true, Residual = ResidualKind.Own };
            yield return adding with { Bias = true, Residual = ResidualKind.Result };
            yield return shape with { Bias = true, PreActivation = true };
            foreach (var function in new[] { Activation.Gelu, Activation.Silu })
            {
                var active = shape with { Call = shape.Call with { Activation = function } };
                yield return active with { Bias = true };
                yield return active with { Bias = true, PreActivation = true };
                yield return adding with { Call = adding.Call with { Activation = function }, Residual = ResidualKind.Own };
                yield return shape with { Call = shape.Call with { GradientOf = function } };
                yield return adding with { Call = adding.Call with { GradientOf = function } };
            }
        }
    }

    private static MatMulCall Nn(int m, int n, int k) => new() { M = m, N = n, K = k, A = default, B = default, C = default };

    private static MatMulCall Nt(int m, int n, int k) => Nn(m, n, k) with { TransposeB = true };

    private static MatMulCall Tn(int m, int n, int k) => Nn(m, n, k) with { TransposeA = true };
}
