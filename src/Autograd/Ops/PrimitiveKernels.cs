using System.Runtime.CompilerServices;
using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>The forward half of <see cref="Primitives"/>: checks shapes, makes the result, launches a kernel.</summary>
internal static class PrimitiveKernels
{
    private const int Axes = 4;

    /// <summary>Size of an axis that counts from either end.</summary>
    public static int Size(this Tensor x, int axis, [CallerMemberName] string op = "") => x.Shape[AxisOf(x, axis, op)];

    /// <summary>f(a, b) or f(a).</summary>
    public static Tensor Map(
        this Tape t, MapFunction function, Tensor a, Tensor? b = null, float factor = 0, float offset = 0,
        [CallerMemberName] string op = "")
    {
        if (b is not null && a.Shape != b.Shape)
        {
            throw new ArgumentException(
                $"{op}: the shapes {a.Shape} and {b.Shape} differ; Expand repeats a tensor along an axis of size 1");
        }

        var y = t.New(a.Shape);
        t.Device.Run(PrimitiveOperators.Map, new MapCall
        {
            Count = a.Shape.Count,
            Function = function,
            A = a.Data,
            B = b?.Data ?? default,
            Factor = factor,
            Offset = offset,
            Y = y.Data,
        });
        t.Observer?.Ran(new TracedMap(y, function, a, b, factor, offset));
        return y;
    }

    /// <summary>Sum or maximum along an axis, which stays with size 1.</summary>
    public static Tensor Reduce(
        this Tape t, AxisReduction reduction, Tensor x, int axis, [CallerMemberName] string op = "")
    {
        axis = AxisOf(x, axis, op);
        var y = t.New(x.Shape.With(axis, 1));
        var inner = SizesOf(x).RowMajor[Aligned(x, axis)];
        t.Device.Run(PrimitiveOperators.AxisReduce, new AxisReduceCall
        {
            Outer = checked((int)(x.Shape.Count / x.Shape[axis] / inner)),
            Length = x.Shape[axis],
            Inner = checked((int)inner),
            Reduction = reduction,
            X = x.Data,
            Y = y.Data,
        });
        t.Observer?.Ran(new TracedReduction(y, reduction, x, axis));
        return y;
    }

    /// <summary>The same numbers in another shape.</summary>
    public static Tensor CopyAs(this Tape t, Tensor x, TensorShape shape, [CallerMemberName] string op = "")
    {
        if (x.Shape.Count != shape.Count)
        {
            throw new ArgumentException($"{op}: {x.Shape} has {x.Shape.Count} elements, {shape} has {shape.Count}");
        }

        var y = t.New(shape);
        t.Device.Copy(x.Data, y.Data);
        t.Observer?.Ran(new TracedReshape(y, x));
        return y;
    }

    /// <summary>Two axes swapped.</summary>
    public static Tensor CopySwapped(this Tape t, Tensor x, int axis, int other, [CallerMemberName] string op = "")
    {
        (axis, other) = (AxisOf(x, axis, op), AxisOf(x, other, op));
        var y = t.New(x.Shape.With(axis, x.Shape[other]).With(other, x.Shape[axis]));
        var strides = SizesOf(x).RowMajor;
        var (from, to) = (Aligned(x, axis), Aligned(x, other));
        Copy(t, SizesOf(y), x.Data, strides.With(from, strides[to]).With(to, strides[from]), y.Data, SizesOf(y).RowMajor);
        t.Observer?.Ran(new TracedTranspose(y, x, axis, other));
        return y;
    }

    /// <summary>An axis of size 1 repeated.</summary>
    public static Tensor CopyRepeated(this Tape t, Tensor x, int axis, int size, [CallerMemberName] string op = "")
    {
        axis = AxisOf(x, axis, op);
        if (x.Shape[axis] != 1 || size < 1)
        {
            throw new ArgumentException(
                $"{op}: axis {axis} of {x.Shape} cannot be repeated to size {size}, only one of size 1 to 1 or more");
        }

        var y = t.New(x.Shape.With(axis, size));
        Copy(t, SizesOf(y), x.Data, SizesOf(x).RowMajor.With(Aligned(x, axis), 0), y.Data, SizesOf(y).RowMajor);
        t.Observer?.Ran(new TracedExpand(y, x, axis));
        return y;
    }

    /// <summary>Part of an axis.</summary>
    public static Tensor CopyFrom(
        this Tape t, Tensor x, int axis, int start, int length, [CallerMemberName] string op = "")
    {
        axis = AxisOf(x, axis, op);
        RequireInside(op, start, length, x.Shape[axis]);
        var y = t.New(x.Shape.With(axis, length));
        var strides = SizesOf(x).RowMajor;
        Copy(t, SizesOf(y), x.Data.From(start * strides[Aligned(x, axis)]), strides, y.Data, SizesOf(y).RowMajor);
        t.Observer?.Ran(new TracedSlice(y, x, axis, start));
        return y;
    }

    /// <summary>Parts at their places along an axis of that size; zeros where there is none.</summary>
    public static Tensor CopyInto(
        this Tape t, int axis, int size, ReadOnlySpan<(Tensor X, int Start)> parts, [CallerMemberName] string op = "")
    {
        var first = parts[0].X;
        axis = AxisOf(first, axis, op);
        var covered = 0;
        foreach (var (x, start) in parts)
        {
            Shapes.Require(op, "b", x, first.Shape.With(axis, x.Shape.Rank == first.Shape.Rank ? x.Shape[axis] : 1));
            RequireInside(op, start, x.Shape[axis], size);
            covered += x.Shape[axis];
        }

        var y = t.New(first.Shape.With(axis, size));
        if (covered < size)
        {
            t.Device.Clear(y.Data);
        }

        var strides = SizesOf(y).RowMajor;
        foreach (var (x, start) in parts)
        {
            Copy(t, SizesOf(x), x.Data, SizesOf(x).RowMajor, y.Data.From(start * strides[Aligned(y, axis)]), strides);
        }

        t.Observer?.Ran(new TracedPlacement(y, axis, parts.ToArray()));
        return y;
    }

    /// <summary>Rows of a table by index.</summary>
    public static Tensor TakeRows(this Tape t, Tensor table, Slice<int> indices, [CallerMemberName] string op = "")
    {
        var rows = RowsIn(indices, op);
        var y = t.New(table.Shape.With(0, rows));
        t.Device.Run(PrimitiveOperators.RowsGather, new RowsGatherCall
        {
            Rows = rows,
            Width = checked((int)(table.Shape.Count / table.Shape[0])),
            TableRows = table.Shape[0],
            Table = table.Data,
            Indices = indices,
            Y = y.Data,
        });
        t.Observer?.Ran(new TracedGather(y, table));
        return y;
    }

    /// <summary>Rows added to those of a table of zeros.</summary>
    public static Tensor AddRows(this Tape t, Tensor x, Slice<int> indices, int tableRows, [CallerMemberName] string op = "")
    {
        var rows = RowsIn(indices, op);
        Shapes.Require(op, "rows", x, x.Shape.With(0, rows));
        var table = t.New(x.Shape.With(0, tableRows));
        t.Device.Clear(table.Data);
        t.Device.Run(PrimitiveOperators.RowsScatter, new RowsScatterCall
        {
            Rows = rows,
            Width = checked((int)(x.Shape.Count / rows)),
            TableRows = tableRows,
            X = x.Data,
            Indices = indices,
            Table = table.Data,
        });
        return table;
    }

    private static void Copy(Tape t, Axes4 sizes, Slice<float> x, Axes4 stridesX, Slice<float> y, Axes4 stridesY) =>
        t.Device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
        {
            Sizes = sizes,
            StridesX = stridesX,
            StridesY = stridesY,
            X = x,
            Y = y,
        });

    /// <summary>The sizes as four, with ones in front.</summary>
    private static Axes4 SizesOf(Tensor x)
    {
        var sizes = new Axes4(1, 1, 1, 1);
        for (var axis = 0; axis < x.Shape.Rank; axis++)
        {
            sizes = sizes.With(Aligned(x, axis), x.Shape[axis]);
        }

        return sizes;
    }

    /// <summary>An axis of a tensor among four.</summary>
    private static int Aligned(Tensor x, int axis) => axis + Axes - x.Shape.Rank;

    private static int AxisOf(Tensor x, int axis, string op)
    {
        var counted = axis < 0 ? axis + x.Shape.Rank : axis;
        return counted >= 0 && counted < x.Shape.Rank
            ? counted
            : throw new ArgumentException($"{op}: {x.Shape} has no axis {axis}");
    }

    private static void RequireInside(string op, int start, int length, int size)
    {
        if (start < 0 || length < 1 || start > size - length)
        {
            throw new ArgumentException($"{op}: {length} from {start} on are not inside an axis of size {size}");
        }
    }

    private static int RowsIn(Slice<int> indices, string op) => indices.Length is > 0 and <= int.MaxValue
        ? (int)indices.Length
        : throw new ArgumentException($"{op}: {indices.Length} indices, there must be 1 or more");
}
