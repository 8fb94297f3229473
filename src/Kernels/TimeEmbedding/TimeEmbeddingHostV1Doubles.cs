namespace DPT.Engine.Kernels;

/// <summary>
/// Times in parallel; frequencies once a call, angles in double precision. Limits: none. Scratch: the frequencies.
/// Bytes: 4 Batch Width. FLOPs: 20 Batch Width.
/// </summary>
internal sealed unsafe class TimeEmbeddingHostV1Doubles : HostVariant<TimeEmbeddingCall>
{
    public override string Name => "host-v1-doubles";

    public override string Idea => "a table of frequencies, then sines and cosines in double precision, a time after the other";

    protected override void Run<V>(HostDevice device, in TimeEmbeddingCall call)
    {
        using var frequencies = device.Scratch<double>(call.Half);
        TimeToken.FillFrequencies((double*)frequencies.Slice.Address, call.Half, call.Steps);
        var job = new Job
        {
            Half = call.Half,
            IsSineFirst = call.Order == Sinusoids.SineFirst,
            Factor = call.Factor,
            Frequencies = (double*)frequencies.Slice.Address,
            Times = (float*)call.Times.Address,
            Y = (float*)call.Y.Address,
        };
        device.Workers.For(call.Batch, ref job);
    }

    private struct Job : IParallelJob
    {
        public int Half;
        public bool IsSineFirst;
        public float Factor;
        public double* Frequencies;
        public float* Times;
        public float* Y;

        public readonly void Execute(int index)
        {
            var first = Y + (2L * index * Half);
            var (sines, cosines) = IsSineFirst ? (0, Half) : (Half, 0);
            TimeToken.Write(Times[index] * Factor, Frequencies, Half, first + sines, first + cosines);
        }
    }
}
