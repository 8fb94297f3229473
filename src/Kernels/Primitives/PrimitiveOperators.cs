namespace DPT.Engine.Kernels;

/// <summary>
/// What anything can be composed of before it is fused: functions of elements, sums and maxima along an axis, copies between
/// layouts, rows by index. Variants, best first, and the cases that prove them.
/// </summary>
public static class PrimitiveOperators
{
    /// <summary>A function of every element.</summary>
    public static Operator<MapCall> Map { get; } = new("map", MapCases, new MapHostV1Simd(), new MapV1Elements());

    /// <summary>Sum or maximum along an axis.</summary>
    public static Operator<AxisReduceCall> AxisReduce { get; } =
        new("axis.reduce", AxisReduceCases, new AxisReduceHostV1Simd(), new AxisReduceV1Strided());

    /// <summary>A copy between two layouts.</summary>
    public static Operator<StridedCopyCall> StridedCopy { get; } =
        new("strided.copy", StridedCopyCases, new StridedCopyHostV1Rows(), new StridedCopyV1Elements());

    /// <summary>Rows of a table.</summary>
    public static Operator<RowsGatherCall> RowsGather { get; } =
        new("rows.gather", RowsGatherCases, new RowsGatherHostV1Rows(), new RowsGatherV1Elements());

    /// <summary>Adds rows to those of a table.</summary>
    public static Operator<RowsScatterCall> RowsScatter { get; } =
        new("rows.scatter", RowsScatterCases, new RowsScatterHostV1Columns(), new RowsScatterV1Columns());

    private static IEnumerable<KernelCase> MapCases()
    {
        foreach (var function in Enum.GetValues<MapFunction>())
        {
            foreach (var count in CaseSizes.Counts)
            {
                yield return MapCase(count, function, FillPattern.Normal);
            }

            yield return MapCase(41, function, FillPattern.Large);
            yield return MapCase(41, function, FillPattern.Constant);
        }
    }

    private static KernelCase<MapCall> MapCase(int count, MapFunction function, FillPattern fill)
    {
        var isBinary = function <= MapFunction.Equal;
        var x = Operand.In("a", count, function >= MapFunction.Log ? FillPattern.Positive : fill);
        return new(
            $"count={count} {function} {fill}",
            isBinary
                ? [x, Operand.In("b", count, fill), Operand.Out("y", count)]
                : [x, Operand.Out("y", count)],
            m => new MapCall
            {
                Count = count,
                Function = function,
                A = m["a"],
                B = isBinary ? m["b"] : default,
                Factor = -1.5f,
                Offset = 0.25f,
                Y = m["y"],
            },
            v => PrimitiveReference.Map(function, -1.5f, 0.25f, v["a"], isBinary ? v["b"] : null, v["y"]))
        {
            Derive = v => Prepare(function, fill, v),
        };
    }

    /// <summary>Some equal pairs, and logarithms and roots of numbers of all sizes.</summary>
    private static void Prepare(MapFunction function, FillPattern fill, CaseValues values)
    {
        for (var i = 0; i < values["a"].Length; i++)
        {
            if (function == MapFunction.Equal && i % 3 == 0)
            {
                values["b"][i] = values["a"][i];
            }
            else if (function >= MapFunction.Log && fill == FillPattern.Large)
            {
                values["a"][i] *= Math.Pow(2, (7 * i % 250) - 130);
            }
        }
    }

    private static IEnumerable<KernelCase> AxisReduceCases()
    {
        foreach (var reduction in Enum.GetValues<AxisReduction>())
        {
            foreach (var (rows, columns) in CaseSizes.Matrices)
            {
                yield return AxisReduceCase(rows, columns, 1, reduction);
                yield return AxisReduceCase(2, rows, columns, reduction);
            }

            yield return AxisReduceCase(3, 5, 7, reduction);
            yield return AxisReduceCase(9, 33, 2, reduction);
            yield return AxisReduceCase(2, 1, 17, reduction);
            yield return AxisReduceCase(700, 40, 1, reduction);
            yield return AxisReduceCase(2, 3, HostElementwise.Chunk + 5, reduction);
            yield return AxisReduceCase(4, 19, 3, reduction, FillPattern.Large);
            yield return AxisReduceCase(4, 19, 1, reduction, FillPattern.Tiny);
        }
    }

    private static KernelCase<AxisReduceCall> AxisReduceCase(
        int outer, int length, int inner, AxisReduction reduction, FillPattern fill = FillPattern.Normal) => new(
        $"outer={outer} length={length} inner={inner} {reduction} {fill}",
        [
            Operand.In("x", (long)outer * length * inner, fill),
            Operand.Out("y", (long)outer * inner, reduction == AxisReduction.Sum ? length : 1),
        ],
        m => new AxisReduceCall
        {
            Outer = outer,
            Length = length,
            Inner = inner,
            Reduction = reduction,
            X = m["x"],
            Y = m["y"],
        },
        v => PrimitiveReference.AxisReduce(outer, length, inner, reduction, v["x"], v["y"]));

    private static IEnumerable<KernelCase> StridedCopyCases()
    {
        Axes4[] shapes =
        [
            new(1, 1, 1, 1), new(1, 1, 1, 97), new(2, 3, 5, 7), new(4, 1, 17, 33), new(1, 131, 3, 16),
            new(3, 1, 2, HostElementwise.Chunk + 3),
        ];
        foreach (var s in shapes)
        {
            yield return StridedCopyCase("as it is", s, s.RowMajor, s.RowMajor);
            var swapped = new Axes4(s.A0, s.A1, s.A3, s.A2).RowMajor;
            yield return StridedCopyCase("last two swapped", s, swapped with { A2 = swapped.A3, A3 = swapped.A2 }, s.RowMajor);
            var reversed = new Axes4(s.A3, s.A2, s.A1, s.A0).RowMajor;
            yield return StridedCopyCase("reversed", s, s.RowMajor, new(reversed.A3, reversed.A2, reversed.A1, reversed.A0));
            var longer = new Axes4(s.A0, s.A1 + 1, s.A2 + 2, s.A3 + 3).RowMajor;
            yield return StridedCopyCase("cut out", s, longer, s.RowMajor);
            yield return StridedCopyCase("put in", s, s.RowMajor, longer);
            yield return StridedCopyCase("repeated", s, new(1, 0, 1, 0), s.RowMajor);
        }
    }

    private static KernelCase<StridedCopyCall> StridedCopyCase(string what, Axes4 sizes, Axes4 x, Axes4 y)
    {
        long Reach(Axes4 s) =>
            1 + ((sizes.A0 - 1) * s.A0) + ((sizes.A1 - 1) * s.A1) + ((sizes.A2 - 1) * s.A2) + ((sizes.A3 - 1) * s.A3);
        return new(
            $"{what} {sizes}",
            [Operand.In("x", Reach(x)), Operand.Update("y", Reach(y))],
            m => new StridedCopyCall { Sizes = sizes, StridesX = x, StridesY = y, X = m["x"], Y = m["y"] },
            v => PrimitiveReference.StridedCopy(sizes, x, y, v["x"], v["y"]));
    }

    private static IEnumerable<KernelCase> RowsGatherCases()
    {
        foreach (var (rows, width) in CaseSizes.Matrices)
        {
            yield return RowsGatherCase(rows, width, (rows / 2) + 1);
        }

        yield return RowsGatherCase(3, HostElementwise.Chunk + 5, 2);
        yield return RowsGatherCase(3000, 5, 7);
    }

    private static KernelCase<RowsGatherCall> RowsGatherCase(int rows, int width, int tableRows) => new(
        $"rows={rows} width={width} table={tableRows}",
        [
            Operand.In("table", (long)tableRows * width),
            Operand.InInt("indices", rows, tableRows),
            Operand.Out("y", (long)rows * width),
        ],
        m => new RowsGatherCall
        {
            Rows = rows,
            Width = width,
            TableRows = tableRows,
            Table = m["table"],
            Indices = m.Int("indices"),
            Y = m["y"],
        },
        v => PrimitiveReference.RowsGather(rows, width, v["table"], v["indices"], v["y"]));

    private static IEnumerable<KernelCase> RowsScatterCases()
    {
        foreach (var (rows, width) in CaseSizes.Matrices)
        {
            yield return RowsScatterCase(rows, width, (rows / 2) + 1);
        }

        yield return RowsScatterCase(3, (3 * 256) + 5, 2);
        yield return RowsScatterCase(600, 5, 7);
    }

    private static KernelCase<RowsScatterCall> RowsScatterCase(int rows, int width, int tableRows) => new(
        $"rows={rows} width={width} table={tableRows}",
        [
            Operand.In("x", (long)rows * width),
            Operand.InInt("indices", rows, tableRows),
            Operand.Update("table", (long)tableRows * width, rows + 1),
        ],
        m => new RowsScatterCall
        {
            Rows = rows,
            Width = width,
            TableRows = tableRows,
            X = m["x"],
            Indices = m.Int("indices"),
            Table = m["table"],
        },
        v => PrimitiveReference.RowsScatter(rows, width, v["x"], v["indices"], v["table"]));
}
