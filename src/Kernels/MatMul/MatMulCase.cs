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

/// <summary>A proving case of the matrix product.</summary>
/// <param name="Call">The call but for its operands.</param>
internal readonly record struct MatMulCase(MatMulCall Call)
{
    /// <summary>Elements beyond the row in every stride.</summary>
    public int Padding { get; init; }

    public bool Bias { get; init; }

    /// <summary>The pre-activation is saved.</summary>
    public bool PreActivation { get; init; }

    public ResidualKind Residual { get; init; }

    public KernelCase<MatMulCall> Describe()
    {
        var self = Padding == 0 ? this : this with
        {
            Call = Call with { StrideA = Call.RowA + Padding, StrideB = Call.RowB + Padding, StrideC = Call.RowC + Padding },
        };
        return new KernelCase<MatMulCall>(Label, [.. self.Operands()], self.Bind, v => MatMulReference.Compute(in self, v));
    }

    private bool IsGradient => Call.GradientOf != Activation.None;

    private string Label => (Call.Products > 1 ? $"{Call.Products} of " : "") + $"M={Call.M} N={Call.N} K={Call.K} {(Call.TransposeA ? 'T' : 'N')}{(Call.TransposeB ? 'T' : 'N')}"
        + (Padding > 0 ? $" stride+{Padding}" : "")
        + (Call.StrideA > 0 ? $" rowA={Call.StrideA}" : "")
        + (Call.StrideB > 0 ? $" rowB={Call.StrideB}" : "")
        + (Bias ? " bias" : "")
        + (Call.Activation == Activation.None ? "" : $" {Call.Activation}")
        + (PreActivation ? " pre" : "")
        + (Residual == ResidualKind.None ? "" : $" residual:{Residual}")
        + (Call.Accumulate ? " accumulate" : "")
        + (IsGradient ? $" {Call.GradientOf}'" : "");

    // C and the saved pre-activation are updates where rows have gaps: what lies between rows must survive.
    private IEnumerable<Operand> Operands()
    {
        yield return Operand.In("a", Call.Count * Call.ElementsOfA);
        yield return Operand.In("b", Call.Count * Call.ElementsOfB);
        yield return Written("c", Call.Accumulate || Residual == ResidualKind.Result);
        if (Bias)
        {
            yield return Operand.In("bias", Call.N);
        }

        if (Residual == ResidualKind.Own)
        {
            yield return Operand.In("residual", Call.ElementsOfC);
        }

        if (IsGradient)
        {
            yield return Operand.In("pre", Call.ElementsOfC);
        }
        else if (PreActivation)
        {
            yield return Written("pre", isRead: false);
        }
    }

    private Operand Written(string name, bool isRead) => isRead || Padding > 0
        ? Operand.Update(name, Call.Count * Call.ElementsOfC, Call.K)
        : Operand.Out(name, Call.Count * Call.ElementsOfC, Call.K);

    private MatMulCall Bind(CaseMemory memory) => Call with
    {
        A = memory["a"],
        B = memory["b"],
        C = memory["c"],
        Bias = Bias ? memory["bias"] : default,
        PreActivation = PreActivation || IsGradient ? memory["pre"] : default,
        Residual = Residual switch
        {
            ResidualKind.Own => memory["residual"],
            ResidualKind.Result => memory["c"],
            _ => default,
        },
    };
}
