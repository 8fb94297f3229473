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

    private static IEnumerable<KernelCase> Cases() =>
        Layouts().Concat(Edges()).Concat(Epilogues()).Select(c => c.Describe());

    /// <summary>
    /// A square one for the ceiling, a U-ViT-S's layers on 64 images of 257 tokens, forward and both gradients, and the same of
    /// a small network's on 64 images of 18 tokens.
    /// </summary>
    private static IEnumerable<KernelCase> BenchCases() => new MatMulCase[]
    {
        new(2048, 2048, 2048),
        new(64 * 257, 3 * 512, 512) { TransposeB = true, Bias = true },
        new(64 * 257, 2048, 512) { TransposeB = true, Bias = true, Activation = Activation.Gelu, PreActivation = true },
        new(64 * 257, 512, 2048),
        new(512, 2048, 64 * 257) { TransposeA = true, Accumulate = true },
        new(64 * 18, 512, 128) { TransposeB = true, Bias = true, Activation = Activation.Gelu, PreActivation = true },
        new(64 * 18, 128, 512),
        new(128, 512, 64 * 18) { TransposeA = true, Accumulate = true },
    }.Select(c => c.Describe());

    /// <summary>Every layout with small, prime and thin shapes, rows adjacent and not.</summary>
    private static IEnumerable<MatMulCase> Layouts()
    {
        (int M, int N, int K)[] shapes =
            [(1, 1, 1), (1, 17, 3), (13, 1, 7), (3, 5, 1), (5, 7, 11), (31, 37, 29), (64, 96, 32), (2, 130, 70)];
        foreach (var (m, n, k) in shapes)
        {
            foreach (var (a, b) in new[] { (false, false), (false, true), (true, false), (true, true) })
            {
                var plain = new MatMulCase(m, n, k) { TransposeA = a, TransposeB = b };
                yield return plain;
                yield return plain with { Padding = 3, Accumulate = true };
            }
        }
    }

    /// <summary>One below, at and one above every blocking constant of the packed variant.</summary>
    private static IEnumerable<MatMulCase> Edges()
    {
        foreach (var d in new[] { -1, 0, 1 })
        {
            yield return new(GemmMicroKernel.Rows + d, 16 + d, 9);
            yield return new(GemmMicroKernel.Rows + d, 32 + d, 9) { TransposeB = true };
            yield return new(GemmMicroKernel.Rows + d, 2 + d, 9) { TransposeA = true };
            yield return new(GemmBlocking.MostRows + d, 33, 19);
            yield return new(GemmBlocking.MostRows + d, 33, 19) { TransposeA = true };
            yield return new(7, GemmBlocking.MostColumns + d, 5) { TransposeB = true };
            yield return new(7, 33, GemmBlocking.MostTerms + d) { Residual = ResidualKind.Result };
            yield return new(7, 33, GemmBlocking.MostTerms + d) { TransposeA = true, Bias = true, Accumulate = true };
            yield return new(13, 18, (6 * GemmBlocking.MostTerms) + d) { TransposeA = true, Accumulate = true };
            yield return new(11, 19, (2 * GemmBlocking.MostTerms) + d) { TransposeB = true, Activation = Activation.Gelu };
        }
    }

    /// <summary>What may follow the sum, on tiles whole and cut.</summary>
    private static IEnumerable<MatMulCase> Epilogues()
    {
        foreach (var shape in new MatMulCase[] { new(24, 64, 21), new(19, 43, 40) { Padding = 5, TransposeB = true } })
        {
            yield return shape with { Bias = true };
            yield return shape with { Residual = ResidualKind.Own };
            yield return shape with { Residual = ResidualKind.Result };
            yield return shape with { Bias = true, Residual = ResidualKind.Own };
            yield return shape with { Bias = true, Residual = ResidualKind.Result, Accumulate = true };
            yield return shape with { Bias = true, PreActivation = true };
            foreach (var function in new[] { Activation.Gelu, Activation.Silu })
            {
                yield return shape with { Bias = true, Activation = function };
                yield return shape with { Bias = true, Activation = function, PreActivation = true };
                yield return shape with { Activation = function, Residual = ResidualKind.Own, Accumulate = true };
                yield return shape with { GradientOf = function };
                yield return shape with { GradientOf = function, Accumulate = true };
            }
        }
    }
}
