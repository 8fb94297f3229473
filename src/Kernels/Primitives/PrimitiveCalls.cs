namespace DPT.Engine.Kernels;

/// <summary>A function of one or two numbers, applied to every element.</summary>
public enum MapFunction
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>1 where a = b, else 0; a NaN equals nothing.</summary>
    Equal,

    /// <summary>Factor a + Offset.</summary>
    Affine,

    /// <summary>e^a; results below 2^-126 fade to 0.</summary>
    Exp,

    /// <summary>The natural logarithm of a; -infinity at 0, NaN below.</summary>
    Log,

    /// <summary>The square root of a; NaN below 0.</summary>
    Sqrt,
}

/// <summary>y = f(a, b) for every element.</summary>
public readonly record struct MapCall : IKernelCall
{
    private const string Op = "map";

    /// <summary>Number of elements.</summary>
    public required long Count { get; init; }

    /// <summary>Which function.</summary>
    public required MapFunction Function { get; init; }

    /// <summary>The first operand, [Count].</summary>
    public required Slice<float> A { get; init; }

    /// <summary>The second operand, [Count]; empty for a function of one.</summary>
    public Slice<float> B { get; init; }

    /// <summary>For <see cref="MapFunction.Affine"/>.</summary>
    public float Factor { get; init; }

    /// <summary>For <see cref="MapFunction.Affine"/>.</summary>
    public float Offset { get; init; }

    /// <summary>The result, [Count]; may be the memory of an operand.</summary>
    public required Slice<float> Y { get; init; }

    /// <summary>Whether the function has a second operand.</summary>
    public bool IsBinary => Function <= MapFunction.Equal;

    /// <inheritdoc/>
    public string Shape => $"count={Count} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"{Function}";

    /// <inheritdoc/>
    public double Flops => (Function >= MapFunction.Exp ? 10.0 : 1.0) * Count;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Count * (IsBinary ? 3 : 2);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "count", Count, 1, long.MaxValue / 64);
        Require.Operand(Op, nameof(A), A, Count);
        Require.Operand(Op, nameof(Y), Y, Count);
        Require.That(Op, IsBinary != B.IsEmpty, IsBinary ? "this function has two operands" : "this function has one operand");
        Require.OperandIfGiven(Op, nameof(B), B, Count);
    }
}

/// <summary>How the elements along an axis become one.</summary>
public enum AxisReduction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>The largest; NaN if one of them is.</summary>
    Max,
}

/// <summary>y[o, i] = sum or maximum of x[o, k, i] over k: an axis between those outside and those inside.</summary>
public readonly record struct AxisReduceCall : IKernelCall
{
    private const string Op = "axis.reduce";

    /// <summary>Product of the sizes outside the axis.</summary>
    public required int Outer { get; init; }

    /// <summary>Size of the axis.</summary>
    public required int Length { get; init; }

    /// <summary>Product of the sizes inside the axis; 1 if it is the last.</summary>
    public required int Inner { get; init; }

    /// <summary>Sum or maximum.</summary>
    public required AxisReduction Reduction { get; init; }

    /// <summary>[Outer, Length, Inner].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>The result, [Outer, Inner].</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"outer={Outer} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"length={Length} inner={Inner} {Reduction}";

    /// <inheritdoc/>
    public double Flops => (double)Outer * Length * Inner;

    /// <inheritdoc/>
    public double Bytes => 4.0 * Outer * Inner * (Length + 1.0);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "outer", Outer);
        Require.Size(Op, "length", Length);
        Require.Size(Op, "inner", Inner);
        Require.Size(Op, "numbers along and inside the axis", (long)Length * Inner, 1, long.MaxValue / 64 / Outer);
        Require.Operand(Op, nameof(X), X, (long)Outer * Length * Inner);
        Require.Operand(Op, nameof(Y), Y, (long)Outer * Inner);
    }
}

/// <summary>A number for each of four axes, outermost first.</summary>
public readonly record struct Axes4(long A0, long A1, long A2, long A3)
{
    /// <summary>The strides of an array of these sizes in row-major order.</summary>
    public Axes4 RowMajor => new(A1 * A2 * A3, A2 * A3, A3, 1);

    /// <summary>The number for an axis, 0 to 3.</summary>
    public long this[int axis] => axis switch
    {
        0 => A0,
        1 => A1,
        2 => A2,
        3 => A3,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), $"axis {axis} of four"),
    };

    /// <summary>The same with another number for one axis.</summary>
    public Axes4 With(int axis, long value) =>
        new(axis == 0 ? value : A0, axis == 1 ? value : A1, axis == 2 ? value : A2, axis == 3 ? value : A3);

    /// <inheritdoc/>
    public override string ToString() => $"{A0},{A1},{A2},{A3}";
}

/// <summary>
/// y[i . StridesY] = x[i . StridesX] for every index i of four axes: transposing, cutting out, joining and repeating (a stride of
/// 0 in x) are all this. What lies between the elements of y stays as it is.
/// </summary>
public readonly record struct StridedCopyCall : IKernelCall
{
    private const string Op = "strided.copy";

    /// <summary>Sizes of the axes; 1 for one that is not there.</summary>
    public required Axes4 Sizes { get; init; }

    /// <summary>Elements from index to index of each axis in x, 0 or more.</summary>
    public required Axes4 StridesX { get; init; }

    /// <summary>The same in y; no element may be written twice.</summary>
    public required Axes4 StridesY { get; init; }

    /// <summary>The source, from its first element on.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>The destination, from its first element on; no memory of x.</summary>
    public required Slice<float> Y { get; init; }

    /// <summary>Number of elements.</summary>
    public long Count => Sizes.A0 * Sizes.A1 * Sizes.A2 * Sizes.A3;

    /// <inheritdoc/>
    public string Shape => $"sizes={Sizes} {Layout}";

    /// <inheritdoc/>
    public string SampleShape => $"sizes={Sizes with { A0 = 0 }} {Layout}";

    /// <inheritdoc/>
    public double Flops => 0;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Count;

    private string Layout => $"x={StridesX} y={StridesY}";

    /// <inheritdoc/>
    public void Validate()
    {
        var count = 1L;
        for (var axis = 0; axis < 4; axis++)
        {
            var size = Sizes[axis];
            Require.Size(Op, "a size", size);
            Require.Size(Op, "a stride of x", StridesX[axis], 0, long.MaxValue / 64 / size);
            Require.Size(Op, "a stride of y", StridesY[axis], 0, long.MaxValue / 64 / size);
            Require.Size(Op, "number of elements", count, 1, long.MaxValue / 64 / size);
            Require.That(
                Op, size == 1 || StridesY[axis] > Reach(StridesY, below: axis), "an element of y would be written twice");
            count *= size;
        }

        Require.Operand(Op, nameof(X), X, 1 + Reach(StridesX));
        Require.Operand(Op, nameof(Y), Y, 1 + Reach(StridesY));
    }

    /// <summary>Index of the last element; or how far the axes go whose strides are below that of one, or equal and first.</summary>
    private long Reach(Axes4 strides, int? below = null)
    {
        var reach = 0L;
        for (var axis = 0; axis < 4; axis++)
        {
            var counts = below is not { } limit || (strides[axis], axis).CompareTo((strides[limit], limit)) < 0;
            reach += counts ? (Sizes[axis] - 1) * strides[axis] : 0;
        }

        return reach;
    }
}

/// <summary>y[r] = table[indices[r]], row by row.</summary>
public readonly record struct RowsGatherCall : IKernelCall
{
    private const string Op = "rows.gather";

    /// <summary>Number of rows of the result.</summary>
    public required int Rows { get; init; }

    /// <summary>Numbers in a row.</summary>
    public required int Width { get; init; }

    /// <summary>Number of rows of the table.</summary>
    public required int TableRows { get; init; }

    /// <summary>[TableRows, Width].</summary>
    public required Slice<float> Table { get; init; }

    /// <summary>
    /// Row of the table for each row, [Rows], each in 0..TableRows-1. The host throws at any other number; on a GPU the row
    /// becomes NaN.
    /// </summary>
    public required Slice<int> Indices { get; init; }

    /// <summary>The result, [Rows, Width].</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"width={Width} table={TableRows}";

    /// <inheritdoc/>
    public double Flops => 0;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Rows * Width;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "width", Width);
        Require.Size(Op, "rows of the table", TableRows);
        Require.Operand(Op, nameof(Table), Table, (long)TableRows * Width);
        Require.Operand(Op, nameof(Indices), Indices, Rows);
        Require.Operand(Op, nameof(Y), Y, (long)Rows * Width);
    }
}

/// <summary>table[indices[r]] += x[r], in the order of the rows: the gradient of <see cref="RowsGatherCall"/>.</summary>
public readonly record struct RowsScatterCall : IKernelCall
{
    private const string Op = "rows.scatter";

    /// <summary>Number of rows that are added.</summary>
    public required int Rows { get; init; }

    /// <summary>Numbers in a row.</summary>
    public required int Width { get; init; }

    /// <summary>Number of rows of the table.</summary>
    public required int TableRows { get; init; }

    /// <summary>[Rows, Width].</summary>
    public required Slice<float> X { get; init; }

    /// <summary>
    /// Row of the table for each row, [Rows], each in 0..TableRows-1. The host throws at any other number; a GPU leaves the
    /// row out.
    /// </summary>
    public required Slice<int> Indices { get; init; }

    /// <summary>Added to, [TableRows, Width].</summary>
    public required Slice<float> Table { get; init; }

    /// <inheritdoc/>
    public string Shape => $"rows={Rows} width={Width} table={TableRows}";

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => (double)Rows * Width;

    /// <inheritdoc/>
    public double Bytes => 12.0 * Rows * Width;

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "rows", Rows);
        Require.Size(Op, "width", Width);
        Require.Size(Op, "rows of the table", TableRows);
        Require.Operand(Op, nameof(X), X, (long)Rows * Width);
        Require.Operand(Op, nameof(Indices), Indices, Rows);
        Require.Operand(Op, nameof(Table), Table, (long)TableRows * Width);
    }
}
