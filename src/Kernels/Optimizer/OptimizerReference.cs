namespace DPT.Engine.Kernels;

/// <summary>The optimisers in double precision, line by line as the calls define them.</summary>
internal static class OptimizerReference
{
    /// <summary>One AdamW update; the call gives the numbers, <paramref name="v"/> the operands by name.</summary>
    public static void AdamW(in AdamWCall call, CaseValues v, double[]? average, double[]? mask)
    {
        double beta1 = call.Beta1, beta2 = call.Beta2, rate = call.LearningRate;
        double[] p = v["p"], g = v["g"], m = v["m"], s = v["v"];
        var scale = v["scale"][0];
        if (!double.IsFinite(scale))
        {
            Array.Clear(g);
            return;
        }

        for (var i = 0; i < p.Length; i++)
        {
            var gradient = scale * g[i];
            p[i] *= 1 - (rate * call.WeightDecay * (mask?[i] ?? 1));
            m[i] = (beta1 * m[i]) + ((1 - beta1) * gradient);
            s[i] = (beta2 * s[i]) + ((1 - beta2) * gradient * gradient);
            p[i] -= rate * (m[i] / (1 - Math.Pow(beta1, call.Step)))
                / (Math.Sqrt(s[i] / (1 - Math.Pow(beta2, call.Step))) + call.Epsilon);
            g[i] = 0;
        }

        MoveAverage(call.AverageDecay, p, average);
    }

    /// <summary>One SGD update; the call gives the numbers, <paramref name="v"/> the operands by name.</summary>
    public static void Sgd(in SgdCall call, CaseValues v, double[]? average, double[]? mask)
    {
        double momentum = call.Momentum;
        double[] p = v["p"], g = v["g"], m = v["m"];
        var scale = v["scale"][0];
        if (!double.IsFinite(scale))
        {
            Array.Clear(g);
            return;
        }

        for (var i = 0; i < p.Length; i++)
        {
            var gradient = (scale * g[i]) + (call.WeightDecay * (mask?[i] ?? 1) * p[i]);
            m[i] = (momentum * m[i]) + gradient;
            p[i] -= call.LearningRate * (call.Nesterov ? gradient + (momentum * m[i]) : m[i]);
            g[i] = 0;
        }

        MoveAverage(call.AverageDecay, p, average);
    }

    public static void Norm(double[] x, double[] result)
    {
        result[0] = 0;
        foreach (var value in x)
        {
            result[0] += value * value;
        }

        result[0] = Math.Sqrt(result[0]);
    }

    private static void MoveAverage(double decay, double[] parameters, double[]? average)
    {
        for (var i = 0; i < (average?.Length ?? 0); i++)
        {
            average![i] = (decay * average[i]) + ((1 - decay) * parameters[i]);
        }
    }
}
