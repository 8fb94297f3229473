namespace DPT.Engine.Kernels;

/// <summary>
/// All that is bf16 is widened to floats, the gradient is that of plain loops on these, and it is rounded: the operator's meaning on
/// a machine without tensor cores, for tests and small runs. Not the host's gradient of floats: that computes the result of the forward
/// pass again, and D = sum(dO O) of one that was not rounded is another number. Limits: none. Scratch: 8 L H d floats per sequence, for all
/// of them.
/// </summary>
internal sealed unsafe class AttentionBackwardBf16HostV1Widen : HostVariant<AttentionBackwardBf16Call>
{
    public override string Name => "host-v1-widen";

    public override string Idea => "operands widened, each pair's share of dq, dk and dv in plain loops, the result rounded";

    protected override void Run<V>(HostDevice device, in AttentionBackwardBf16Call call)
    {
        var dims = call.Dims;
        using var qkv = new Scratch<float>(device.Memory, 3 * dims.Elements);
        using var output = new Scratch<float>(device.Memory, dims.Elements);
        using var outputGradient = new Scratch<float>(device.Memory, dims.Elements);
        using var qkvGradient = new Scratch<float>(device.Memory, 3 * dims.Elements);
        HostBf16.Widen(device, call.Qkv.Range(0, 3 * dims.Elements), qkv.Slice);
        HostBf16.Widen(device, call.Output.Range(0, dims.Elements), output.Slice);
        HostBf16.Widen(device, call.OutputGradient.Range(0, dims.Elements), outputGradient.Slice);
        var job = new Job
        {
            Dims = dims,
            Qkv = (float*)qkv.Slice.Address,
            Output = (float*)output.Slice.Address,
            LogSumExp = (float*)call.LogSumExp.Address,
            OutputGradient = (float*)outputGradient.Slice.Address,
            Gradient = (float*)qkvGradient.Slice.Address,
        };
        device.Workers.For(checked(dims.Batch * dims.Heads), ref job);
        HostBf16.Round(device, qkvGradient.Slice, call.QkvGradient, dims.Batch * dims.Tokens, 3 * dims.Width, 3 * dims.Width);
    }

    private struct Job : IParallelJob
    {
        public AttentionShape Dims;
        public float* Qkv;
        public float* Output;
        public float* LogSumExp;
        public float* OutputGradient;
        public float* Gradient;

        public readonly void Execute(int index)
        {
            var head = new AttentionHead(index, Dims);
            for (var i = 0; i < Dims.Tokens; i++)
            {
                var at = (long)i * head.PackedWidth;
                new Span<float>(head.Query(Gradient) + at, Dims.HeadSize).Clear();
                new Span<float>(head.Key(Gradient) + at, Dims.HeadSize).Clear();
                new Span<float>(head.Value(Gradient) + at, Dims.HeadSize).Clear();
            }

            for (var i = 0; i < Dims.Tokens; i++)
            {
                Row(head, i);
            }
        }

        private readonly void Row(AttentionHead head, int i)
        {
            var size = Dims.HeadSize;
            var scale = 1 / MathF.Sqrt(size);
            var query = (long)i * head.PackedWidth;
            var dOutput = head.Output(OutputGradient) + ((long)i * head.Width);
            var mean = AttentionHostV1Naive.Dot(dOutput, head.Output(Output) + ((long)i * head.Width), size);
            var logSumExp = head.LogSumExp(LogSumExp)[i];
            for (var j = 0; j < Dims.Tokens; j++)
            {
                var key = (long)j * head.PackedWidth;
                var p = MathF.Exp((scale * AttentionHostV1Naive.Dot(head.Query(Qkv) + query, head.Key(Qkv) + key, size)) - logSumExp);
                var ds = scale * p * (AttentionHostV1Naive.Dot(dOutput, head.Value(Qkv) + key, size) - mean);
                AttentionHostV1Naive.Add(ds, head.Key(Qkv) + key, head.Query(Gradient) + query, size);
                AttentionHostV1Naive.Add(ds, head.Query(Qkv) + query, head.Key(Gradient) + key, size);
                AttentionHostV1Naive.Add(p, dOutput, head.Value(Gradient) + key, size);
            }
        }
    }
}
