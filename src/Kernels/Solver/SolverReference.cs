namespace DPT.Engine.Kernels;

/// <summary>A linear solver step in double precision.</summary>
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
}
