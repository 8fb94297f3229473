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
            StateWeight = V.Broadcast(call.StateWeight),
            ConditionalWeight = V.Broadcast(call.ConditionalWeight),
            UnconditionalWeight = V.Broadcast(call.UnconditionalWeight),
            BaseWeight = V.Broadcast(call.BaseWeight),
            ModelWeight = V.Broadcast(call.ModelWeight),
            HistoryWeight0 = V.Broadcast(call.HistoryWeight0),
            HistoryWeight1 = V.Broadcast(call.HistoryWeight1),
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
        public V StateWeight;
        public V ConditionalWeight;
        public V UnconditionalWeight;
        public V BaseWeight;
        public V ModelWeight;
        public V HistoryWeight0;
        public V HistoryWeight1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            // Which operands there are does not change within a launch: these branches cost nothing.
            var model = L.Load(Conditional + at, count) * ConditionalWeight;
            model = Unconditional == null
                ? model : V.Fma(L.Load(Unconditional + at, count), UnconditionalWeight, model);
            model = State == null ? model : V.Fma(L.Load(State + at, count), StateWeight, model);

            var result = V.Fma(model, ModelWeight, L.Load(Base + at, count) * BaseWeight);
            result = History0 == null ? result : V.Fma(L.Load(History0 + at, count), HistoryWeight0, result);
            result = History1 == null ? result : V.Fma(L.Load(History1 + at, count), HistoryWeight1, result);
            if (Model != null)
            {
                L.Store(Model + at, model, count);
            }

            L.Store(Result + at, result, count);
        }
    }
}
