using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// One pass over everything that the step needs; absent operands are not read. Limits: none. Bytes: 4 Count per
/// operand and result. FLOPs: 2 Count per operand.
/// </summary>
internal sealed unsafe class SolverStepHostV1Simd : HostVariant<SolverStepCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "guidance, conversion and step in one pass, in fixed chunks";

    protected override void Run<V>(HostDevice device, in SolverStepCall call) =>
        HostElementwise.Run<V, Step<V>>(device, call.Count, new Step<V>
        {
            Base = (float*)call.Base.Address,
            State = (float*)call.State.Address,
            Conditional = (float*)call.Conditional.Address,
            Unconditional = (float*)call.Unconditional.Address,
            History0 = (float*)call.History0.Address,
            History1 = (float*)call.History1.Address,
            Model = (float*)call.Model.Address,
            Result = (float*)call.Result.Address,
            Weights = new SolverWeights<V>(
                call.StateWeight, call.ConditionalWeight, call.UnconditionalWeight,
                call.BaseWeight, call.ModelWeight, call.HistoryWeight0, call.HistoryWeight1),
        });

    private struct Step<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Base;
        public float* State;
        public float* Conditional;
        public float* Unconditional;
        public float* History0;
        public float* History1;
        public float* Model;
        public float* Result;
        public SolverWeights<V> Weights;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var model = Weights.Model(
                LoadIfGiven<L>(State, at, count),
                L.Load(Conditional + at, count),
                LoadIfGiven<L>(Unconditional, at, count));
            var result = Weights.Result(
                L.Load(Base + at, count),
                model,
                LoadIfGiven<L>(History0, at, count),
                LoadIfGiven<L>(History1, at, count));
            if (Model != null)
            {
                L.Store(Model + at, model, count);
            }

            L.Store(Result + at, result, count);
        }

        /// <summary>Which operands there are does not change within a launch: this branch costs nothing.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static V LoadIfGiven<L>(float* operand, long at, int count) where L : struct, ILanes<V> =>
            operand == null ? V.Zero : L.Load(operand + at, count);
    }
}
