namespace DPT.Engine.Kernels;

/// <summary>The sinusoidal time embedding: variants, best first, and the cases that prove them.</summary>
public static class TimeEmbeddingOperators
{
    /// <summary>Embeds times.</summary>
    public static Operator<TimeEmbeddingCall> Forward { get; } =
        new("time.embedding", Cases, new TimeEmbeddingHostV1Doubles(), new TimeEmbeddingV1Elements());

    /// <summary>Narrow and wide, both orders, the times of either process: 1 to 999, and EDM's ln(sigma)/4 from 80 to 0.002.</summary>
    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var order in Enum.GetValues<Sinusoids>())
        {
            yield return Case(1, 4, order, 999, 1);
            yield return Case(5, 6, order, 999, 1);
            yield return Case(3, 34, order, Math.Log(80) / 4, Math.Log(0.002) / 4);
            yield return Case(17, 128, order, 250 * Math.Log(80), 250 * Math.Log(0.002), factor: 1e-3f);
            yield return Case(2, 514, order, 0, -999);
        }
    }

    private static KernelCase<TimeEmbeddingCall> Case(int batch, int width, Sinusoids order, double first, double last, float factor = 1) => new(
        FormattableString.Invariant($"B={batch} width={width} {order} times={first:g4}..{last:g4} factor={factor}"),
        [
            Operand.In("times", batch, FillPattern.Derived),
            Operand.Out("y", (long)batch * width),
        ],
        m => new TimeEmbeddingCall { Batch = batch, Width = width, Order = order, Factor = factor, Times = m["times"], Y = m["y"] },
        v => Reference(width, order, factor, v["times"], v["y"]))
    {
        Derive = v => Spread(v["times"], first, last),
    };

    private static void Spread(double[] times, double first, double last)
    {
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = first + ((last - first) * i / Math.Max(1, times.Length - 1));
        }
    }

    private static void Reference(int width, Sinusoids order, float factor, double[] times, double[] y)
    {
        var half = width / 2;
        for (var i = 0; i < y.Length; i++)
        {
            var (row, column) = Math.DivRem(i, width);
            var (part, index) = Math.DivRem(column, half);
            var angle = (float)(times[row] * factor) * Math.Pow(10000, -index / (order == Sinusoids.CosineFirst ? half : half - 1.0));
            y[i] = (part == 0) == (order == Sinusoids.CosineFirst) ? Math.Cos(angle) : Math.Sin(angle);
        }
    }
}
