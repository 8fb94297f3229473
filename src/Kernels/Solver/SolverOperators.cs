namespace DPT.Engine.Kernels;

/// <summary>Steps of samplers and the thresholding of data: variants, best first, and the cases that prove them.</summary>
public static class SolverOperators
{
    /// <summary>One step of a linear solver.</summary>
    public static Operator<SolverStepCall> Step { get; } =
        new("solverstep", Cases, new SolverStepHostV1Simd(), new SolverStepV1Elements());

    /// <summary>Dynamic thresholding of what a solver takes for the data.</summary>
    public static Operator<SolverThresholdCall> Threshold { get; } =
        new("solver.threshold", ThresholdCases, new SolverThresholdHostV1Radix(), new SolverThresholdV1Radix());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var count in CaseSizes.Counts)
        {
            yield return Case(new Form(count, State: true, Guided: true, History: 2, Keep: true));
        }

        for (var history = 0; history <= 2; history++)
        {
            foreach (var (state, guided) in new[] { (false, false), (false, true), (true, false), (true, true) })
            {
                yield return Case(new Form(37, state, guided, history, Keep: false));
                yield return Case(new Form(37, state, guided, history, Keep: true));
            }
        }

        yield return Case(new Form(53, State: true, Guided: true, History: 1, Keep: true, Result: "base"));
        yield return Case(new Form(53, State: true, Guided: true, History: 1, Keep: true, Result: "state"));
        yield return Case(new Form(53, State: true, Guided: true, History: 2, Keep: true, Fill: FillPattern.Large));
    }

    private static KernelCase<SolverStepCall> Case(Form form)
    {
        SolverStepCall Bind(CaseMemory? m)
        {
            Slice<float> Get(string name) => m != null && form.Has(name) ? m[name] : default;
            return new()
            {
                Count = form.Count,
                Base = Get("base"),
                State = Get("state"),
                Conditional = Get("conditional"),
                Unconditional = Get("unconditional"),
                History0 = Get("history0"),
                History1 = Get("history1"),
                StateWeight = form.Has("state") ? 0.4f : 0,
                ConditionalWeight = 1.7f,
                UnconditionalWeight = form.Has("unconditional") ? -0.7f : 0,
                BaseWeight = 0.9f,
                ModelWeight = -0.6f,
                HistoryWeight0 = form.Has("history0") ? 0.3f : 0,
                HistoryWeight1 = form.Has("history1") ? -0.2f : 0,
                Model = Get("model"),
                Result = Get(form.Result),
            };
        }

        return new(
            form.ToString(),
            form.Operands(),
            Bind,
            v =>
            {
                double[]? Get(string name) => form.Has(name) ? v[name] : null;
                SolverReference.Step(
                    Bind(null), v["base"], Get("state"), v["conditional"], Get("unconditional"),
                    Get("history0"), Get("history1"), Get("model"), v[form.Result]);
            });
    }

    private static IEnumerable<KernelCase> ThresholdCases()
    {
        foreach (var (samples, elements, quantile) in new[]
        {
            (1, 1, 0.995), (1, 7, 0.5), (3, 8, 0.995), (2, 9, 1), (2, 31, 1e-9), (5, 33, 0.9), (17, 3, 0.75), (2, 256, 0.995), (3, 257, 0.999),
            (2, 1031, 0.25),
        })
        {
            yield return ThresholdCase(samples, elements, quantile, 1);
            yield return ThresholdCase(samples, elements, quantile, 0.25f);
        }

        foreach (var fill in new[] { FillPattern.Level, FillPattern.Constant, FillPattern.Zero, FillPattern.Tiny, FillPattern.Unit })
        {
            yield return ThresholdCase(2, 300, 0.995, 1, fill);
        }

        yield return ThresholdCase(2, 3072, 0.97, 2, FillPattern.Large);
        yield return ThresholdCase(3, 12_289, 0.995, 1);
    }

    private static KernelCase<SolverThresholdCall> ThresholdCase(
        int samples, int elements, double quantile, float range, FillPattern fill = FillPattern.Normal) => new(
        FormattableString.Invariant($"samples={samples} elements={elements} quantile={quantile} range={range} {fill}"),
        [Operand.Update("values", (long)samples * elements, 1, fill)],
        m => new SolverThresholdCall
        {
            Samples = samples,
            Elements = elements,
            Quantile = quantile,
            Range = range,
            Values = m["values"],
        },
        v => SolverReference.Threshold(elements, quantile, range, v["values"]));

    /// <summary>Which operands a case has, and where its result goes.</summary>
    private sealed record Form(
        int Count, bool State, bool Guided, int History, bool Keep, string Result = "result",
        FillPattern Fill = FillPattern.Normal)
    {
        public bool Has(string operand) => operand switch
        {
            "state" => State,
            "unconditional" => Guided,
            "history0" => History >= 1,
            "history1" => History >= 2,
            "model" => Keep,
            _ => operand is "base" or "conditional" || operand == Result,
        };

        public List<Operand> Operands()
        {
            var operands = new List<Operand>();
            foreach (var name in new[] { "base", "state", "conditional", "unconditional", "history0", "history1" }.Where(Has))
            {
                operands.Add(name == Result ? Operand.Update(name, Count, 1, Fill) : Operand.In(name, Count, Fill));
            }

            operands.AddRange(new[] { "model", "result" }.Where(Has).Select(name => Operand.Out(name, Count)));
            return operands;
        }

        public override string ToString() =>
            $"count={Count} {Fill}{(State ? " state" : "")}{(Guided ? " guided" : "")} history={History}"
            + (Keep ? " keep" : "") + (Result == "result" ? "" : $" in place of {Result}");
    }
}
