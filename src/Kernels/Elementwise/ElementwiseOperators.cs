namespace DPT.Engine.Kernels;

/// <summary>Sums, bias gradients and activations by themselves: variants, best first, and the cases that prove them.</summary>
public static class ElementwiseOperators
{
    /// <summary>Scales and adds.</summary>
    public static Operator<AxpbyCall> Axpby { get; } =
        new("axpby", AxpbyCases, new AxpbyHostV1Simd(), new AxpbyV2Packs(), new AxpbyV1Elements())
        {
            BenchCases = () => [AxpbyCase(64 * 257 * 512, 0.7f, 1)],
        };

    /// <summary>Adds column sums to a vector.</summary>
    public static Operator<ColumnSumCall> ColumnSum { get; } =
        new("columnsum", ColumnSumCases, new ColumnSumHostV1Simd(), new ColumnSumV1Pieces())
        {
            BenchCases = () => [ColumnSumCase(64 * 257, 512, 512), ColumnSumCase(64 * 257, 512, 512, rounded: true)],
        };

    /// <summary>GELU, SiLU and their gradients.</summary>
    public static Operator<ActivationCall> Activation { get; } =
        new(
            "activation", ActivationCases,
            new ActivationHostV1Simd(), new ActivationV2Packs(), new ActivationV1Elements())
        {
            BenchCases = () => [ActivationCase(64 * 257 * 512, Kernels.Activation.Gelu, gradient: false)],
        };

    /// <summary>Rounds to bf16.</summary>
    public static Operator<RoundCall> Round { get; } =
        new("round", RoundCases, new RoundHostV1Chunks(), new RoundV2Packs(), new RoundV1Elements())
        {
            BenchCases = () => [RoundCase(64 * 257 * 512)],
        };

    /// <summary>Makes floats of bf16.</summary>
    public static Operator<WidenCall> Widen { get; } =
        new("widen", WidenCases, new WidenHostV1Chunks(), new WidenV2Packs(), new WidenV1Elements())
        {
            BenchCases = () => [WidenCase(64 * 257 * 512)],
        };

    private static IEnumerable<KernelCase> AxpbyCases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return AxpbyCase(count, 0.7f, 1);
        }

        yield return AxpbyCase(37, 1, -0.25f);
        yield return AxpbyCase(37, 0, 3);
        yield return AxpbyCase(37, -2, 1, FillPattern.Large);
        yield return AxpbyCase(37, 1, 1, FillPattern.Tiny);
        yield return AxpbyCase(37, 1.5f, 0);
        yield return AxpbyCase(HostElementwise.Chunk + 3, -1, 0);
        yield return AxpbyInPlaceCase(53, 0.5f, 0.25f);
        yield return AxpbyInPlaceCase(53, 3, 0);
    }

    private static KernelCase<AxpbyCall> AxpbyCase(
        int count, float alpha, float beta, FillPattern fill = FillPattern.Normal) => new(
        FormattableString.Invariant($"count={count} alpha={alpha} beta={beta} {fill}"),
        [
            Operand.In("x", count, fill),
            beta == 0 ? Operand.Out("y", count) : Operand.Update("y", count, 1, fill),
        ],
        m => new AxpbyCall { Count = count, Alpha = alpha, Beta = beta, X = m["x"], Y = m["y"] },
        v => ElementwiseReference.Axpby(alpha, beta, v["x"], v["y"]));

    private static KernelCase<AxpbyCall> AxpbyInPlaceCase(int count, float alpha, float beta) => new(
        FormattableString.Invariant($"count={count} alpha={alpha} beta={beta} in place"),
        [Operand.Update("y", count)],
        m => new AxpbyCall { Count = count, Alpha = alpha, Beta = beta, X = m["y"], Y = m["y"] },
        v => ElementwiseReference.Axpby(alpha, beta, v["y"], v["y"]));

    private static IEnumerable<KernelCase> RoundCases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return RoundCase(count);
        }

        yield return RoundCase(37, FillPattern.Large);
        yield return RoundCase(37, FillPattern.Tiny);
    }

    private static KernelCase<RoundCall> RoundCase(int count, FillPattern fill = FillPattern.Normal) => new(
        $"count={count} {fill}",
        [Operand.In("x", count, fill), Operand.Out("y", count).AsBf16()],
        m => new RoundCall { Count = count, X = m["x"], Y = m.Bf16("y") },
        v => v["x"].CopyTo(v["y"], 0));

    private static IEnumerable<KernelCase> WidenCases() => CaseSizes.Counts.Select(WidenCase);

    private static KernelCase<WidenCall> WidenCase(int count) => new(
        $"count={count}",
        [Operand.In("x", count).AsBf16(), Operand.Out("y", count)],
        m => new WidenCall { Count = count, X = m.Bf16("x"), Y = m["y"] },
        v => v["x"].CopyTo(v["y"], 0));

    private static IEnumerable<KernelCase> ColumnSumCases()
    {
        foreach (var (rows, columns) in CaseSizes.Matrices)
        {
            yield return ColumnSumCase(rows, columns, columns);
        }

        yield return ColumnSumCase(1100, 37, 37);
        yield return ColumnSumCase(3, HostElementwise.Chunk + 5, HostElementwise.Chunk + 5);
        yield return ColumnSumCase(33, 24, 72);
        yield return ColumnSumCase(21, 19, 19, FillPattern.Large);
        yield return ColumnSumCase(1, 1, 1, rounded: true);
        yield return ColumnSumCase(1100, 37, 37, rounded: true);
        yield return ColumnSumCase(33, 24, 72, rounded: true);
    }

    private static KernelCase<ColumnSumCall> ColumnSumCase(
        int rows, int columns, int stride, FillPattern fill = FillPattern.Normal, bool rounded = false) => new(
        $"rows={rows} columns={columns} stride={stride} {fill}" + (rounded ? " rounded" : ""),
        [
            rounded
                ? Operand.In("x", ((rows - 1) * stride) + columns, fill).AsBf16()
                : Operand.In("x", ((rows - 1) * stride) + columns, fill),
            Operand.Update("sum", columns, rows + 1),
        ],
        m => new ColumnSumCall
        {
            Rows = rows,
            Columns = columns,
            Stride = stride,
            X = rounded ? default : m["x"],
            RoundedX = rounded ? m.Bf16("x") : default,
            Sum = m["sum"],
        },
        v => ElementwiseReference.ColumnSum(rows, columns, stride, v["x"], v["sum"]));

    private static IEnumerable<KernelCase> ActivationCases()
    {
        foreach (var function in Enum.GetValues<Activation>())
        {
            foreach (var gradient in new[] { false, true })
            {
                foreach (var count in CaseSizes.Counts)
                {
                    yield return ActivationCase(count, function, gradient);
                }

                yield return ActivationCase(41, function, gradient, FillPattern.Large);
                yield return ActivationCase(41, function, gradient, FillPattern.Tiny);
                yield return ActivationInPlaceCase(41, function, gradient);
            }
        }
    }

    private static KernelCase<ActivationCall> ActivationCase(
        int count, Activation function, bool gradient, FillPattern fill = FillPattern.Normal) => new(
        $"count={count} {function}{(gradient ? "'" : "")} {fill}",
        gradient
            ? [Operand.In("x", count, fill), Operand.In("dy", count), Operand.Out("y", count)]
            : [Operand.In("x", count, fill), Operand.Out("y", count)],
        m => new ActivationCall
        {
            Count = count,
            Function = function,
            X = m["x"],
            Gradient = gradient ? m["dy"] : default,
            Y = m["y"],
        },
        v => ElementwiseReference.Activate(function, v["x"], gradient ? v["dy"] : null, v["y"]));

    private static KernelCase<ActivationCall> ActivationInPlaceCase(int count, Activation function, bool gradient) => new(
        $"count={count} {function}{(gradient ? "'" : "")} in place",
        gradient
            ? [Operand.In("x", count), Operand.Update("y", count)]
            : [Operand.Update("y", count)],
        m => new ActivationCall
        {
            Count = count,
            Function = function,
            X = gradient ? m["x"] : m["y"],
            Gradient = gradient ? m["y"] : default,
            Y = m["y"],
        },
        v => ElementwiseReference.Activate(function, gradient ? v["x"] : v["y"], gradient ? v["y"] : null, v["y"]));
}
