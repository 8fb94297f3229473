namespace DPT.Engine.Kernels;

/// <summary>
/// The definition in plain loops: for every pair of a query and a key its probability, recomputed from the
/// log-sum-exp, and its share of the three gradients. Limits: none. Scratch: none.
/// </summary>
internal sealed unsafe class AttentionBackwardHostV1Naive : HostVariant<AttentionBackwardCall>
{
    public override string Name => "host-v1-naive";

    public override string Idea => "pair by pair of query and key: probability again, then its share of dq, dk and dv";

    protected override void Run<V>(HostDevice device, in AttentionBackwardCall call)
    {
        var job = new Job { Call = call };
        device.Workers.For(checked(call.Batch * call.Heads), ref job);
    }

    private struct Job : IParallelJob
    {
        public AttentionBackwardCall Call;

        public readonly void Execute(int index)
        {
            var gradient = (float*)Call.QkvGradient.Address;
            var head = new AttentionHead(index, Call.Tokens, Call.Heads, Call.HeadSize);
            for (var i = 0; i < Call.Tokens; i++)
            {
                var at = (long)i * head.PackedWidth;
                new Span<float>(head.Query(gradient) + at, Call.HeadSize).Clear();
                new Span<float>(head.Key(gradient) + at, Call.HeadSize).Clear();
                new Span<float>(head.Value(gradient) + at, Call.HeadSize).Clear();
            }

            for (var i = 0; i < Call.Tokens; i++)
            {
                Row(head, i);
            }
        }

        private readonly void Row(AttentionHead head, int i)
        {
            var size = Call.HeadSize;
            var scale = 1 / MathF.Sqrt(size);
            var qkv = (float*)Call.Qkv.Address;
            var gradient = (float*)Call.QkvGradient.Address;
            var query = (long)i * head.PackedWidth;
            var dOutput = head.Output((float*)Call.OutputGradient.Address) + ((long)i * head.Width);
            var output = head.Output((float*)Call.Output.Address) + ((long)i * head.Width);
            var logSumExp = head.LogSumExp((float*)Call.LogSumExp.Address)[i];
            var mean = AttentionHostV1Naive.Dot(dOutput, output, size);
            for (var j = 0; j < Call.Tokens; j++)
            {
                var key = (long)j * head.PackedWidth;
                var logit = scale * AttentionHostV1Naive.Dot(head.Query(qkv) + query, head.Key(qkv) + key, size);
                var p = MathF.Exp(logit - logSumExp);
                var ds = scale * p * (AttentionHostV1Naive.Dot(dOutput, head.Value(qkv) + key, size) - mean);
                AttentionHostV1Naive.Add(ds, head.Key(qkv) + key, head.Query(gradient) + query, size);
                AttentionHostV1Naive.Add(ds, head.Query(qkv) + query, head.Key(gradient) + key, size);
                AttentionHostV1Naive.Add(p, dOutput, head.Value(gradient) + key, size);
            }
        }
    }
}
