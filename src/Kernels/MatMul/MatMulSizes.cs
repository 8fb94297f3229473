namespace DPT.Engine.Kernels;

/// <summary>How the operands of a product lie in memory: what products of every precision share. Strides of 0 mean adjacent rows.</summary>
/// <param name="M">Rows of op(A) and C.</param>
/// <param name="N">Columns of op(B) and C.</param>
/// <param name="K">Columns of op(A), rows of op(B).</param>
internal readonly record struct MatMulSizes(int M, int N, int K)
{
    /// <summary>A is stored [K,M].</summary>
    public bool TransposeA { get; init; }

    /// <summary>B is stored [N,K].</summary>
    public bool TransposeB { get; init; }

    public int StrideA { get; init; }

    public int StrideB { get; init; }

    public int StrideC { get; init; }

    /// <summary>Elements from one stored row of A to the next.</summary>
    public int RowA => StrideA != 0 ? StrideA : TransposeA ? M : K;

    /// <summary>As <see cref="RowA"/>, of B.</summary>
    public int RowB => StrideB != 0 ? StrideB : TransposeB ? K : N;

    /// <summary>As <see cref="RowA"/>, of C and all that is laid out like it.</summary>
    public int RowC => StrideC != 0 ? StrideC : N;

    /// <summary>Elements from the first to the last of A, what lies between rows included.</summary>
    public long ElementsOfA => TransposeA ? Extent(K, M, RowA) : Extent(M, K, RowA);

    /// <summary>As <see cref="ElementsOfA"/>, of B.</summary>
    public long ElementsOfB => TransposeB ? Extent(N, K, RowB) : Extent(K, N, RowB);

    /// <summary>As <see cref="ElementsOfA"/>, of C and all that is laid out like it.</summary>
    public long ElementsOfC => Extent(M, N, RowC);

    /// <summary>Which of the factors are transposed: NN, NT, TN or TT.</summary>
    public string Layout => $"{(TransposeA ? 'T' : 'N')}{(TransposeB ? 'T' : 'N')}";

    /// <summary>Checks sizes and strides.</summary>
    /// <exception cref="KernelException">One is out of range.</exception>
    public void Validate(string op)
    {
        Require.Size(op, nameof(M), M);
        Require.Size(op, nameof(N), N);
        Require.Size(op, nameof(K), K);
        Require.Size(op, nameof(StrideA), RowA);
        Require.Size(op, nameof(StrideB), RowB);
        Require.Size(op, nameof(StrideC), RowC, N);
    }

    private static long Extent(int rows, int columns, int stride) => ((long)(rows - 1) * stride) + columns;
}
