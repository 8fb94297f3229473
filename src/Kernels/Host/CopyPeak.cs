namespace DPT.Engine.Kernels;

/// <summary>The most that memory can do: all threads copy an array that no cache holds.</summary>
internal static class CopyPeak
{
    private const int Length = 16 << 20;

    private static float[]? _source;
    private static float[]? _target;

    /// <summary>Copies 64 MiB and returns the bytes moved: read once and written once.</summary>
    public static double Run(HostDevice device)
    {
        _source ??= Touched(1);
        _target ??= Touched(0);
        var job = new Job { Source = _source, Target = _target, Parts = 4 * device.Threads };
        device.Workers.For(job.Parts, ref job);
        return 2.0 * sizeof(float) * Length;
    }

    private static float[] Touched(float value)
    {
        var values = new float[Length];
        values.AsSpan().Fill(value);
        return values;
    }

    private struct Job : IParallelJob
    {
        public float[] Source;
        public float[] Target;
        public int Parts;

        public readonly void Execute(int index)
        {
            var start = (int)((long)Length * index / Parts);
            var end = (int)((long)Length * (index + 1) / Parts);
            Source.AsSpan(start..end).CopyTo(Target.AsSpan(start));
        }
    }
}
