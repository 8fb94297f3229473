using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// What a new idea is composed of before it is fused: a forward kernel and, for each input, its gradient from <c>g</c>, the
/// gradient of the result <c>y</c>, in one line of the same primitives. Nothing is broadcast: shapes are equal, sums and maxima
/// keep their axis with size 1, and <see cref="Expand"/> repeats along such an axis. An axis counts from 0, or from -1 backwards.
/// All throw <see cref="ArgumentException"/> where shapes do not fit.
/// </summary>
public static class Primitives
{
    /// <summary>a + b.</summary>
    public static Tensor Add(this Tape t, Tensor a, Tensor b) =>
        t.Record(t.Map(MapFunction.Add, a, b), (a, (g, y) => g), (b, (g, y) => g));

    /// <summary>a b, element by element.</summary>
    public static Tensor Mul(this Tape t, Tensor a, Tensor b) =>
        t.Record(t.Map(MapFunction.Multiply, a, b), (a, (g, y) => t.Mul(g, b)), (b, (g, y) => t.Mul(g, a)));

    /// <summary>a / b, element by element.</summary>
    public static Tensor Div(this Tape t, Tensor a, Tensor b) => t.Record(
        t.Map(MapFunction.Divide, a, b), (a, (g, y) => t.Div(g, b)), (b, (g, y) => t.Scale(t.Div(t.Mul(g, y), b), -1)));

    /// <summary>factor x + offset.</summary>
    public static Tensor Scale(this Tape t, Tensor x, float factor, float offset = 0) =>
        t.Record(t.Map(MapFunction.Affine, x, null, factor, offset), (x, (g, y) => t.Scale(g, factor)));

    /// <summary>e^x; results below 2^-126 fade to 0.</summary>
    public static Tensor Exp(this Tape t, Tensor x) => t.Record(t.Map(MapFunction.Exp, x), (x, (g, y) => t.Mul(g, y)));

    /// <summary>The natural logarithm; -infinity at 0, NaN below.</summary>
    public static Tensor Log(this Tape t, Tensor x) => t.Record(t.Map(MapFunction.Log, x), (x, (g, y) => t.Div(g, x)));

    /// <summary>The square root; NaN below 0. Its gradient at 0 is infinite.</summary>
    public static Tensor Sqrt(this Tape t, Tensor x) =>
        t.Record(t.Map(MapFunction.Sqrt, x), (x, (g, y) => t.Scale(t.Div(g, y), 0.5f)));

    /// <summary>The sum along an axis, which stays with size 1.</summary>
    public static Tensor Sum(this Tape t, Tensor x, int axis) =>
        t.Record(t.Reduce(AxisReduction.Sum, x, axis), (x, (g, y) => t.Expand(g, axis, x.Size(axis))));

    /// <summary>The mean along an axis, which stays with size 1.</summary>
    public static Tensor Mean(this Tape t, Tensor x, int axis) => t.Scale(t.Sum(x, axis), 1f / x.Size(axis));

    /// <summary>The maximum along an axis, which stays with size 1; NaN if there is one. Equal maxima share the gradient.</summary>
    public static Tensor Max(this Tape t, Tensor x, int axis) => t.Record(
        t.Reduce(AxisReduction.Max, x, axis), (x, (g, y) => t.Share(g, t.IsEqual(x, t.Expand(y, axis, x.Size(axis))), axis)));

    /// <summary>The same numbers in another shape, in row-major order.</summary>
    public static Tensor Reshape(this Tape t, Tensor x, TensorShape shape) =>
        t.Record(t.CopyAs(x, shape), (x, (g, y) => t.Reshape(g, x.Shape)));

    /// <summary>Two axes swapped.</summary>
    public static Tensor Transpose(this Tape t, Tensor x, int axis, int other) =>
        t.Record(t.CopySwapped(x, axis, other), (x, (g, y) => t.Transpose(g, axis, other)));

    /// <summary>An axis of size 1 repeated.</summary>
    public static Tensor Expand(this Tape t, Tensor x, int axis, int size) =>
        t.Record(t.CopyRepeated(x, axis, size), (x, (g, y) => t.Sum(g, axis)));

    /// <summary>Part of an axis.</summary>
    public static Tensor Slice(this Tape t, Tensor x, int axis, int start, int length) =>
        t.Record(t.CopyFrom(x, axis, start, length), (x, (g, y) => t.Pad(g, axis, start, x.Size(axis))));

    /// <summary>Zeros around x, which begins at <paramref name="start"/> of an axis of <paramref name="size"/> then.</summary>
    public static Tensor Pad(this Tape t, Tensor x, int axis, int start, int size) =>
        t.Record(t.CopyInto(axis, size, [(x, start)]), (x, (g, y) => t.Slice(g, axis, start, x.Size(axis))));

    /// <summary>One after the other along an axis.</summary>
    public static Tensor Concat(this Tape t, int axis, Tensor a, Tensor b) => t.Record(
        t.CopyInto(axis, a.Size(axis) + b.Size(axis), [(a, 0), (b, a.Size(axis))]),
        (a, (g, y) => t.Slice(g, axis, 0, a.Size(axis))), (b, (g, y) => t.Slice(g, axis, a.Size(axis), b.Size(axis))));

    /// <summary>Rows of a table: [n, ...] and [m] indices of its first axis give [m, ...].</summary>
    public static Tensor Gather(this Tape t, Tensor table, Slice<int> indices) =>
        t.Record(t.TakeRows(table, indices), (table, (g, y) => t.Scatter(g, indices, table.Shape[0])));

    /// <summary>Rows added to those of a table of zeros: [m, ...] and [m] indices below n give [n, ...].</summary>
    public static Tensor Scatter(this Tape t, Tensor rows, Slice<int> indices, int n) =>
        t.Record(t.AddRows(rows, indices, n), (rows, (g, y) => t.Gather(g, indices)));

    /// <summary>g, divided evenly among the places along an axis where there is a 1.</summary>
    private static Tensor Share(this Tape t, Tensor g, Tensor ones, int axis) =>
        t.Mul(ones, t.Expand(t.Div(g, t.Sum(ones, axis)), axis, ones.Size(axis)));

    private static Tensor IsEqual(this Tape t, Tensor a, Tensor b) => t.Map(MapFunction.Equal, a, b);
}
