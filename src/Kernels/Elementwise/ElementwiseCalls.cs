namespace DPT.Engine.Kernels;

/// <summary>y = Alpha x + Beta y. With Beta 0 the old y is not read.</summary>
public readonly record struct AxpbyCall : IKernelCall
{
    private const string Op = "axpby";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>Factor on x.</summary>
    public required float Alpha { get; init; }

    /// <summary>Factor on the old y.</summary>
    public required float Beta { get; init; }

    /// <summary>The addend.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>The result; may be the memory of x.</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => FormattableString.Invariant($"alpha={Alpha} beta={Beta}");

    /// <inheritdoc/>
    public double Flops => 3.0 * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (Beta == 0 ? 2 : 3);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(X), X, Count);
        Require.Operand(Op, nameof(Y), Y, Count);
    }
}

/// <summary>Adds the column sums of a matrix to a vector: the gradient of a bias.</summary>
public readonly record struct ColumnSumCall : IKernelCall
{
    private const string Op = "columnsum";

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of columns.</summary>
    public required int Columns { get; init; }

    /// <summary>Elements from row to row; 0 means Columns.</summary>
    public int Stride { get; init; }

    /// <summary>The matrix; empty if it is <see cref="RoundedX"/> that is there.</summary>
    public Slice<float> X { get; init; }

    /// <summary>The matrix in bf16; empty if it is <see cref="X"/> that is there.</summary>
    public Slice<BFloat16> RoundedX { get; init; }

    /// <summary>Added to, [Columns].</summary>
    public required Slice<float> Sum { get; init; }

    /// <summary>Stride with the default resolved.</summary>
    public int RowX => Stride != 0 ? Stride : Columns;

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} columns={Columns}" + (Stride == 0 ? "" : $" stride={Stride}") + (X.IsEmpty ? " rounded" : "");

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => (double)Rows * Columns;

    /// <inheritdoc/>
    public double Bytes => ((X.IsEmpty ? 2.0 : 4.0) * Rows * Columns) + (8.0 * Columns);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "columns", Columns);
        Require.Size(Op, "stride", RowX, Columns);
        Require.That(Op, X.IsEmpty != RoundedX.IsEmpty, "exactly one of the operands 'X' and 'RoundedX' must be given");
        Require.OperandIfGiven(Op, nameof(X), X, ((long)(Rows - 1) * RowX) + Columns);
        Require.OperandIfGiven(Op, nameof(RoundedX), RoundedX, ((long)(Rows - 1) * RowX) + Columns);
        Require.Operand(Op, nameof(Sum), Sum, Columns);
    }
}

/// <summary>An activation by itself: y = act(x), or, with a gradient given, y = gradient * act'(x).</summary>
public readonly record struct ActivationCall : IKernelCall
{
    private const string Op = "activation";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>Which function.</summary>
    public required Activation Function { get; init; }

    /// <summary>The input, before the activation.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Gradient of the forward result; empty for the forward pass.</summary>
    public Slice<float> Gradient { get; init; }

    /// <summary>The result; may be the memory of x or of the gradient.</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"count={Count} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"{Function}{(Gradient.IsEmpty ? "" : "'")}";

    /// <inheritdoc/>
    public double Flops => 12.0 * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (Gradient.IsEmpty ? 2 : 3);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(X), X, Count);
        Require.Operand(Op, nameof(Y), Y, Count);
        Require.OperandIfGiven(Op, nameof(Gradient), Gradient, Count);
    }
}
