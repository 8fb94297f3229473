namespace DPT.Engine.Kernels;

/// <summary>A linear solver step, and the thresholding of data, in double precision.</summary>
internal static class SolverReference
{
    /// <summary>
    /// The step with the weights of <paramref name="call"/>; operands by name, absent ones null. The result may be
    /// the base or the state.
    /// </summary>
    public static void Step(
        in SolverStepCall call, double[] from, double[]? state, double[] conditional, double[]? unconditional,
        double[]? history0, double[]? history1, double[]? model, double[] result)
    {
        for (var i = 0; i < result.Length; i++)
        {
            var m = (call.StateWeight * (state?[i] ?? 0)) + (call.ConditionalWeight * conditional[i])
                + (call.UnconditionalWeight * (unconditional?[i] ?? 0));
            result[i] = (call.BaseWeight * from[i]) + (call.ModelWeight * m)
                + (call.HistoryWeight0 * (history0?[i] ?? 0)) + (call.HistoryWeight1 * (history1?[i] ?? 0));
            if (model != null)
            {
                model[i] = m;
            }
        }
    }

    /// <summary>The samples, thresholded; their magnitudes are sorted.</summary>
    public static void Threshold(int elements, double quantile, double range, double[] values)
    {
        for (var first = 0; first < values.Length; first += elements)
        {
            var sample = values.AsSpan(first, elements);
            var magnitudes = Array.ConvertAll(sample.ToArray(), Math.Abs);
            Array.Sort(magnitudes);
            var position = quantile * (elements - 1);
            var (below, above) = (magnitudes[(int)position], magnitudes[(int)Math.Ceiling(position)]);
            var limit = magnitudes.Any(double.IsNaN) ? double.NaN
                : Math.Max(range, below + ((position - Math.Floor(position)) * (above - below)));
            foreach (ref var x in sample)
            {
                x = Math.Max(-limit, Math.Min(limit, x)) / (limit / range);
            }
        }
    }
}
