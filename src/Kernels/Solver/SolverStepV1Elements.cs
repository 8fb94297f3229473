using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over everything that the step needs, with the host's formula and bits; absent operands are not read.
/// Threads: 256 in a block, neighbours on neighbouring elements (coalesced), grid strides. Limits: none.
/// Bytes: 4 Count per operand and result. FLOPs: 2 Count per operand.
/// </summary>
internal sealed class SolverStepV1Elements : GpuVariant<SolverStepCall>
{
    private static readonly GpuKernel Step = new(Kernel, GridStride.Threads);

    public override string Name => "v1-elements";

    public override string Idea => "guidance, conversion and step in one pass, a thread per element";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Step];

    protected override void Run(GpuDevice device, in SolverStepCall call) =>
        device.Prepare(Step)
            .With(call.Base).With(call.State).With(call.Conditional).With(call.Unconditional)
            .With(call.History0).With(call.History1).With(call.Model).With(call.Result)
            .With(call.StateWeight).With(call.ConditionalWeight).With(call.UnconditionalWeight)
            .With(call.BaseWeight).With(call.ModelWeight).With(call.HistoryWeight0).With(call.HistoryWeight1)
            .With(call.Count)
            .On(GridStride.Over(call.Count));

    private static void Kernel(
        ArrayView<float> from, ArrayView<float> state, ArrayView<float> conditional, ArrayView<float> unconditional,
        ArrayView<float> history0, ArrayView<float> history1, ArrayView<float> model, ArrayView<float> result,
        float stateWeight, float conditionalWeight, float unconditionalWeight,
        float baseWeight, float modelWeight, float historyWeight0, float historyWeight1, long count)
    {
        var weights = new SolverWeights<GpuReal>(
            stateWeight, conditionalWeight, unconditionalWeight,
            baseWeight, modelWeight, historyWeight0, historyWeight1);
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var value = weights.Model(
                LoadIfGiven(state, i), GpuReal.Broadcast(conditional[i]), LoadIfGiven(unconditional, i));
            var next = weights.Result(
                GpuReal.Broadcast(from[i]), value, LoadIfGiven(history0, i), LoadIfGiven(history1, i));
            if (model.Length != 0)
            {
                model[i] = value.Value;
            }

            result[i] = next.Value;
        }
    }

    private static GpuReal LoadIfGiven(ArrayView<float> operand, long at) =>
        GpuReal.Broadcast(operand.Length == 0 ? 0 : operand[at]);
}
