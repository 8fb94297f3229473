namespace DPT.Engine.Kernels;

/// <summary>
/// The definition in plain loops: the logits of one query row, their softmax, the weighted sum of the values.
/// Limits: none. Scratch: L floats per thread.
/// </summary>
internal sealed unsafe class AttentionForwardHostV1Naive : HostVariant<AttentionForwardCall>
{
    public override string Name => "host-v1-naive";

    public override string Idea => "one query row at a time: all logits, softmax, weighted sum of the values";

    protected override void Run<V>(HostDevice device, in AttentionForwardCall call)
    {
        using var scratch = new HostWorkspace(device, call.Tokens);
        var job = new Job { Call = call, Scratch = scratch };
        device.Workers.For(checked(call.Batch * call.Heads), ref job);
    }

    private struct Job : IParallelJob
    {
        public AttentionForwardCall Call;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var qkv = (float*)Call.Qkv.Address;
            var head = new AttentionHead(index, Call.Dims);
            for (var i = 0; i < Call.Tokens; i++)
            {
                var query = head.Query(qkv) + ((long)i * head.PackedWidth);
                var output = head.Output((float*)Call.Output.Address) + ((long)i * head.Width);
                var logSumExp = Row(query, head.Key(qkv), head.Value(qkv), head.PackedWidth, output);
                if (!Call.LogSumExp.IsEmpty)
                {
                    head.LogSumExp((float*)Call.LogSumExp.Address)[i] = logSumExp;
                }
            }
        }

        private readonly float Row(float* query, float* keys, float* values, int stride, float* output)
        {
            var size = Call.HeadSize;
            var p = Scratch.Mine;
            var logSumExp = AttentionHostV1Naive.Softmax(query, keys, stride, Call.Tokens, size, p);
            new Span<float>(output, size).Clear();
            for (var j = 0; j < Call.Tokens; j++)
            {
                AttentionHostV1Naive.Add(p[j], values + ((long)j * stride), output, size);
            }

            return logSumExp;
        }
    }
}
