namespace DPT.Engine.Kernels;

/// <summary>
/// The definition in plain loops: the softmax of one query row again, then for each of its keys the share of the three
/// gradients. Limits: none. Scratch: 2 L floats per thread.
/// </summary>
internal sealed unsafe class AttentionBackwardHostV1Naive : HostVariant<AttentionBackwardCall>
{
    public override string Name => "host-v1-naive";

    public override string Idea => "one query row at a time: softmax again, then each key's share of dq, dk and dv";

    protected override void Run<V>(HostDevice device, in AttentionBackwardCall call)
    {
        using var scratch = new HostWorkspace(device, 2L * call.Tokens);
        var job = new Job { Call = call, Scratch = scratch };
        device.Workers.For(checked(call.Batch * call.Heads), ref job);
    }

    private struct Job : IParallelJob
    {
        public AttentionBackwardCall Call;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var gradient = (float*)Call.QkvGradient.Address;
            var head = new AttentionHead(index, Call.Dims);
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
            var p = Scratch.Mine;
            var dP = p + Call.Tokens;
            AttentionHostV1Naive.Softmax(head.Query(qkv) + query, head.Key(qkv), head.PackedWidth, Call.Tokens, size, p);
            var mean = 0f;
            for (var j = 0; j < Call.Tokens; j++)
            {
                dP[j] = AttentionHostV1Naive.Dot(dOutput, head.Value(qkv) + ((long)j * head.PackedWidth), size);
                mean += p[j] * dP[j];
            }

            for (var j = 0; j < Call.Tokens; j++)
            {
                var key = (long)j * head.PackedWidth;
                var ds = scale * p[j] * (dP[j] - mean);
                AttentionHostV1Naive.Add(ds, head.Key(qkv) + key, head.Query(gradient) + query, size);
                AttentionHostV1Naive.Add(ds, head.Query(qkv) + query, head.Key(gradient) + key, size);
                AttentionHostV1Naive.Add(p[j], dOutput, head.Value(gradient) + key, size);
            }
        }
    }
}
