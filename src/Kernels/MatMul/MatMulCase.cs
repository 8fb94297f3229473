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

/// <summary>A proving case of the matrix product, in fp32 or with factors of bf16.</summary>
/// <param name="Call">The call but for its operands.</param>
internal readonly record struct MatMulCase(MatMulCall Call)
{
    /// <summary>Elements beyond the row in every stride.</summary>
    public int Padding { get; init; }

    public bool Bias { get; init; }

    /// <summary>The pre-activation is saved.</summary>
    public bool PreActivation { get; init; }

    public ResidualKind Residual { get; init; }

    /// <summary>The case in fp32.</summary>
    public KernelCase<MatMulCall> Describe()
    {
        var self = Padded();
        return new KernelCase<MatMulCall>(Label, [.. self.Operands()], self.Bind, v => MatMulReference.Compute(in self, v));
    }

    /// <summary>The same case with factors and pre-activation of bf16.</summary>
    /// <param name="rounded">Whether the result is rounded to bf16 too.</param>
    public KernelCase<MatMulBf16Call> DescribeBf16(bool rounded)
    {
        var self = Padded();
        var operands = self.Operands()
            .Select(o => o.Name is "a" or "b" or "pre" || (rounded && o.Name == "c") ? o.AsBf16() : o);
        return new KernelCase<MatMulBf16Call>(
            Label + (rounded ? " rounded" : ""), [.. operands], m => self.BindBf16(m, rounded), v => MatMulReference.Compute(in self, v));
    }

    private MatMulCase Padded() => Padding == 0 ? this : this with
    {
        Call = Call with { StrideA = Call.RowA + Padding, StrideB = Call.RowB + Padding, StrideC = Call.RowC + Padding },
    };

    private bool IsGradient => Call.GradientOf != Activation.None;

    private string Label => (Call.Products > 1 ? $"{Call.Products} of " : "") + $"M={Call.M} N={Call.N} K={Call.K} {Call.Sizes.Layout}"
        + (Padding > 0 ? $" stride+{Padding}" : "")
        + (Call.StrideA > 0 ? $" rowA={Call.StrideA}" : "")
        + (Call.StrideB > 0 ? $" rowB={Call.StrideB}" : "")
        + (Call.StrideC > 0 ? $" rowC={Call.StrideC}" : "")
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

    private MatMulBf16Call BindBf16(CaseMemory memory, bool rounded) => new()
    {
        M = Call.M, N = Call.N, K = Call.K,
        TransposeA = Call.TransposeA, TransposeB = Call.TransposeB,
        StrideA = Call.StrideA, StrideB = Call.StrideB, StrideC = Call.StrideC,
        A = memory.Bf16("a"),
        B = memory.Bf16("b"),
        C = rounded ? default : memory["c"],
        RoundedC = rounded ? memory.Bf16("c") : default,
        Accumulate = Call.Accumulate,
        Bias = Bias ? memory["bias"] : default,
        Activation = Call.Activation,
        PreActivation = PreActivation || IsGradient ? memory.Bf16("pre") : default,
        Residual = Residual switch
        {
            ResidualKind.Own => memory["residual"],
            ResidualKind.Result => memory["c"],
            _ => default,
        },
        GradientOf = Call.GradientOf,
    };
}
