namespace DPT.Engine.Kernels;

/// <summary>Optimisers over a flat buffer of parameters: variants, best first, and the cases that prove them.</summary>
public static class OptimizerOperators
{
    /// <summary>AdamW with moving average.</summary>
    public static Operator<AdamWCall> AdamW { get; } =
        new("adamw", AdamWCases, new AdamWHostV1Simd(), new AdamWV2Packs(), new AdamWV1Elements())
        {
            BenchCases = () => [AdamWCase(8_000_000, step: 3, average: true, mask: true)],
        };

    /// <summary>SGD with momentum and moving average.</summary>
    public static Operator<SgdCall> Sgd { get; } = new("sgd", SgdCases, new SgdHostV1Simd(), new SgdV1Elements());

    /// <summary>The norm of a gradient.</summary>
    public static Operator<NormCall> Norm { get; } =
        new("norm", NormCases, new NormHostV1Simd(), new NormV1Ranges())
        {
            BenchCases = () => [NormCase(8_000_000, FillPattern.Normal)],
        };

    private static IEnumerable<KernelCase> AdamWCases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return AdamWCase(count, step: 3, average: true, mask: true);
        }

        foreach (var (average, mask) in new[] { (false, false), (true, false), (false, true) })
        {
            yield return AdamWCase(101, step: 1, average, mask);
            yield return AdamWCase(101, step: 100_000, average, mask);
        }

        yield return AdamWCase(37, step: 1, average: true, mask: false, FillPattern.Normal, fresh: true);
        yield return AdamWCase(37, step: 1, average: true, mask: false, FillPattern.Tiny, fresh: true);
        yield return AdamWCase(37, step: 1, average: true, mask: false, FillPattern.Zero, fresh: true);
        yield return AdamWCase(37, step: 7, average: true, mask: true, FillPattern.Large);
    }

    private static KernelCase<AdamWCall> AdamWCase(
        int count, int step, bool average, bool mask, FillPattern fill = FillPattern.Normal, bool fresh = false)
    {
        AdamWCall Bind(CaseMemory? m) => new()
        {
            Count = count,
            Parameters = m?["p"] ?? default,
            Gradients = m?["g"] ?? default,
            Moment1 = m?["m"] ?? default,
            Moment2 = m?["v"] ?? default,
            Average = average && m != null ? m["average"] : default,
            DecayMask = mask && m != null ? m["mask"] : default,
            Step = step,
            LearningRate = 3e-3f,
            Beta1 = 0.9f,
            Beta2 = 0.99f,
            Epsilon = 1e-8f,
            WeightDecay = 0.03f,
            GradientScale = m?["scale"] ?? default,
            AverageDecay = 0.995f,
        };

        return new(
            $"count={count} step={step} {fill}{Extras(average, mask)}{(fresh ? " fresh" : "")}",
            Operands(
                average,
                mask,
                Operand.Update("p", count),
                Operand.Update("g", count, 1, fill),
                Operand.Update("m", count, 1, fresh ? FillPattern.Zero : FillPattern.Normal),
                Operand.Update("v", count, 1, fresh ? FillPattern.Zero : FillPattern.Positive)),
            Bind,
            v => OptimizerReference.AdamW(
                Bind(null), v, average ? v["average"] : null, mask ? v["mask"] : null))
        {
            // Decay is subtracted, because 1 - rate decay would round it away: infinity minus a part of itself is NaN.
            SameInfinities = false,
        };
    }

    private static IEnumerable<KernelCase> SgdCases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return SgdCase(count, 0.9f, nesterov: true, average: true, mask: true);
        }

        foreach (var (average, mask) in new[] { (false, false), (true, false), (false, true) })
        {
            yield return SgdCase(101, 0, nesterov: false, average, mask);
            yield return SgdCase(101, 0.9f, nesterov: false, average, mask);
        }

        yield return SgdCase(37, 0.9f, nesterov: true, average: true, mask: true, FillPattern.Large);
        yield return SgdCase(37, 0.9f, nesterov: true, average: true, mask: true, FillPattern.Tiny);
    }

    private static KernelCase<SgdCall> SgdCase(
        int count, float momentum, bool nesterov, bool average, bool mask, FillPattern fill = FillPattern.Normal)
    {
        SgdCall Bind(CaseMemory? m) => new()
        {
            Count = count,
            Parameters = m?["p"] ?? default,
            Gradients = m?["g"] ?? default,
            Velocity = m?["m"] ?? default,
            Average = average && m != null ? m["average"] : default,
            DecayMask = mask && m != null ? m["mask"] : default,
            LearningRate = 0.03f,
            Momentum = momentum,
            Nesterov = nesterov,
            WeightDecay = 5e-4f,
            GradientScale = m?["scale"] ?? default,
            AverageDecay = 0.999f,
        };

        return new(
            FormattableString.Invariant(
                $"count={count} momentum={momentum}{(nesterov ? " nesterov" : "")} {fill}{Extras(average, mask)}"),
            Operands(
                average,
                mask,
                Operand.Update("p", count),
                Operand.Update("g", count, 1, fill),
                Operand.Update("m", count)),
            Bind,
            v => OptimizerReference.Sgd(Bind(null), v, average ? v["average"] : null, mask ? v["mask"] : null));
    }

    private static IEnumerable<KernelCase> NormCases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return NormCase(count, FillPattern.Normal);
        }

        yield return NormCase(NormHostV1Simd.Block, FillPattern.Constant);
        yield return NormCase(NormHostV1Simd.Block + 1, FillPattern.Large);
        yield return NormCase(100_003, FillPattern.Constant);
        yield return NormCase(50, FillPattern.Zero);

        // Squares that no float can hold, on both sides, alone and mixed.
        yield return NormCaseOf("1e18", 1000, _ => 1e18);
        yield return NormCaseOf("1e-30", 1000, _ => 1e-30);
        yield return NormCaseOf("the largest float", 1, _ => float.MaxValue);
        yield return NormCaseOf("the smallest float", 3, _ => float.Epsilon);
        yield return NormCaseOf("1e30 once among 1e-30", 777, i => i == 700 ? -1e30 : 1e-30);
        yield return NormCaseOf("powers of ten", 600, i => Math.Pow(10, (i % 71) - 35));
    }

    private static KernelCase<NormCall> NormCase(int count, FillPattern fill) => new(
        $"count={count} {fill}", NormOperands(count, fill), Bind(count), v => OptimizerReference.Norm(v["x"], v["result"]));

    private static KernelCase<NormCall> NormCaseOf(string label, int count, Func<int, double> value) => new(
        $"count={count} of {label}",
        NormOperands(count, FillPattern.Derived),
        Bind(count),
        v => OptimizerReference.Norm(v["x"], v["result"]))
    {
        Derive = v =>
        {
            for (var i = 0; i < count; i++)
            {
                v["x"][i] = value(i);
            }
        },
    };

    private static Operand[] NormOperands(int count, FillPattern fill) =>
        [Operand.In("x", count, fill), Operand.Out("result", 1, Math.Min(count, NormHostV1Simd.Block))];

    private static Func<CaseMemory, NormCall> Bind(int count) =>
        m => new NormCall { Count = count, X = m["x"], Result = m["result"] };

    private static string Extras(bool average, bool mask) => (average ? " ema" : "") + (mask ? " mask" : "");

    /// <summary>The operands that every optimiser has, then the optional ones.</summary>
    private static List<Operand> Operands(bool average, bool mask, params Operand[] always)
    {
        var operands = new List<Operand>(always) { Operand.In("scale", 1, FillPattern.Positive) };
        if (average)
        {
            operands.Add(Operand.Update("average", always[0].Length));
        }

        if (mask)
        {
            operands.Add(Operand.In("mask", always[0].Length, FillPattern.Integers, modulus: 2));
        }

        return operands;
    }
}
