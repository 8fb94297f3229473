namespace DPT.Engine.Kernels;

/// <summary>Where a case takes its residual from.</summary>
internal enum ResidualKind
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>An operand of its own.</summary>
    Own,

    /// <summary>The memory that C is written to.</summary>
    Result,
}

/// <summary>The description of one proving case of the matrix product.</summary>
internal readonly record struct MatMulCase(int M, int N, int K)
{
    public bool TransposeA { get; init; }

    public bool TransposeB { get; init; }

    /// <summary>Elements beyond the row in every stride.</summary>
    public int Padding { get; init; }

    public bool Accumulate { get; init; }

    public bool Bias { get; init; }

    public Activation Activation { get; init; }

    public bool PreActivation { get; init; }

    public ResidualKind Residual { get; init; }

    public Activation GradientOf { get; init; }

    public int RowA => (TransposeA ? M : K) + Padding;

    public int RowB => (TransposeB ? K : N) + Padding;

    public int RowC => N + Padding;

    public KernelCase<MatMulCall> Describe()
    {
        var self = this;
        return new KernelCase<MatMulCall>(Label, [.. Operands()], self.Bind, v => MatMulReference.Compute(in self, v));
    }

    private string Label => $"M={M} N={N} K={K} {(TransposeA ? 'T' : 'N')}{(TransposeB ? 'T' : 'N')}"
        + (Padding > 0 ? $" stride+{Padding}" : "")
        + (Bias ? " bias" : "")
        + (Activation == Activation.None ? "" : $" {Activation}")
        + (PreActivation ? " pre" : "")
        + (Residual == ResidualKind.None ? "" : $" residual:{Residual}")
        + (Accumulate ? " accumulate" : "")
        + (GradientOf == Activation.None ? "" : $" {GradientOf}'");

    private long SizeOfC => ((long)(M - 1) * RowC) + N;

    // C and the saved pre-activation are updates where rows have gaps: what lies between rows must survive.
    private IEnumerable<Operand> Operands()
    {
        yield return Operand.In("a", ((long)((TransposeA ? K : M) - 1) * RowA) + (TransposeA ? M : K));
        yield return Operand.In("b", ((long)((TransposeB ? N : K) - 1) * RowB) + (TransposeB ? K : N));
        yield return Written("c", Accumulate || Residual == ResidualKind.Result);
        if (Bias)
        {
            yield return Operand.In("bias", N);
        }

        if (Residual == ResidualKind.Own)
        {
            yield return Operand.In("residual", SizeOfC);
        }

        if (GradientOf != Activation.None)
        {
            yield return Operand.In("pre", SizeOfC);
        }
        else if (PreActivation)
        {
            yield return Written("pre", isRead: false);
        }
    }

    private Operand Written(string name, bool isRead) => isRead || Padding > 0
        ? Operand.Update(name, SizeOfC, K)
        : Operand.Out(name, SizeOfC, K);

    private MatMulCall Bind(CaseMemory memory) => new()
    {
        M = M,
        N = N,
        K = K,
        TransposeA = TransposeA,
        TransposeB = TransposeB,
        A = memory["a"],
        B = memory["b"],
        C = memory["c"],
        StrideA = Padding > 0 ? RowA : 0,
        StrideB = Padding > 0 ? RowB : 0,
        StrideC = Padding > 0 ? RowC : 0,
        Accumulate = Accumulate,
        Bias = Bias ? memory["bias"] : default,
        Activation = Activation,
        PreActivation = PreActivation || GradientOf != Activation.None ? memory["pre"] : default,
        Residual = Residual switch
        {
            ResidualKind.Own => memory["residual"],
            ResidualKind.Result => memory["c"],
            _ => default,
        },
        GradientOf = GradientOf,
    };
}
