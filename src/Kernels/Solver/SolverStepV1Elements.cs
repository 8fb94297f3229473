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

    private static void Kernel(Operands x, SolverWeights<GpuReal> weights, long count)
    {
        for (var i = GridStride.First; i < count; i += GridStride.Step)
        {
            var model = weights.Model(
                LoadIfGiven(x.State, i), GpuReal.Broadcast(x.Conditional[i]), LoadIfGiven(x.Unconditional, i));
            var result = weights.Result(
                GpuReal.Broadcast(x.Base[i]), model, LoadIfGiven(x.History0, i), LoadIfGiven(x.History1, i));
            if (x.Model.Length != 0)
            {
                x.Model[i] = model.Value;
            }

            x.Result[i] = result.Value;
        }
    }

    private static GpuReal LoadIfGiven(ArrayView<float> operand, long at) =>
        GpuReal.Broadcast(operand.Length == 0 ? 0 : operand[at]);

    private readonly record struct Operands(
        ArrayView<float> Base, ArrayView<float> State, ArrayView<float> Conditional, ArrayView<float> Unconditional,
        ArrayView<float> History0, ArrayView<float> History1, ArrayView<float> Model, ArrayView<float> Result);
}
