namespace DPT.Engine.Kernels;

/// <summary>
/// Times the variants of an operator against each other: in turns within one process, so that all see the same machine;
/// every launch on other copies of the operands, which together are larger than the cache; each variant proven afterwards on
/// a case of the registry.
/// </summary>
public static class KernelBench
{
    private const int MinRounds = 5;

    /// <summary>A variant so slow that five turns take this many times the time gets fewer.</summary>
    private const double MaxOverrun = 4;

    private const int MaxCopies = 1024;
    private const int MaxLaunches = 10_000;

    /// <summary>Times the variants on a case that all of them support.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="op">The operator.</param>
    /// <param name="variants">Its variants to compare.</param>
    /// <param name="kernelCase">The shape.</param>
    /// <param name="peaks">What the device can do.</param>
    /// <param name="seconds">Time to spend on each variant, about.</param>
    /// <param name="stop">Ends the work early.</param>
    /// <returns>One result for each variant, in their order.</returns>
    /// <exception cref="KernelException">A variant's numbers are wrong.</exception>
    public static IReadOnlyList<BenchResult> Run(
        Device device,
        Operator op,
        IReadOnlyList<KernelVariant> variants,
        KernelCase kernelCase,
        DevicePeaks peaks,
        double seconds,
        CancellationToken stop = default)
    {
        var copies = Copies(device, kernelCase, peaks.CacheBytes);
        try
        {
            var (flops, bytes) = kernelCase.Cost(copies[0]);
            var sides = variants.Select(v => new Side(device, kernelCase, v, copies)).ToList();
            sides.ForEach(s => s.WarmUp(seconds / (2 * MinRounds)));
            var spent = 0.0;
            do
            {
                stop.ThrowIfCancellationRequested();
                // Who comes first changes: whoever comes later may find another clock.
                var first = sides[0].Rounds % sides.Count;
                spent += sides.Skip(first).Concat(sides.Take(first)).Sum(s => s.Turn()) / sides.Count;
            }
            while (spent < seconds || (sides[0].Rounds < MinRounds && spent < MaxOverrun * seconds));

            Prove(device, op, variants);
            return [.. sides.Select(s => s.Result(op, flops, bytes, peaks))];
        }
        finally
        {
            foreach (var copy in copies)
            {
                copy.Dispose();
            }
        }
    }

    /// <summary>What is wrong with the variant on its largest case of the registry; null if it may be measured.</summary>
    public static string? FaultOf(Device device, Operator op, KernelVariant variant)
    {
        try
        {
            var kernelCase = CaseChoice.Find(op, null, c => CaseChoice.Supports(device, variant, c));
            return KernelProver.Prove(device, op, variant, kernelCase).FirstOrDefault();
        }
        catch (KernelException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>Whether the peak of tensor cores is the variant's, by its text.</summary>
    internal static bool UsesTensorCores(KernelVariant variant) => variant is IGpuVariant gpu && gpu.Kernels.Any(
        k => PtxReport.Of(k.ToPtx(), PtxPipeline.Build(k, k.MinArchitecture)).MatrixInstructions > 0);

    private static void Prove(Device device, Operator op, IReadOnlyList<KernelVariant> variants)
    {
        if (variants.Select(v => FaultOf(device, op, v)).FirstOrDefault(f => f is not null) is { } fault)
        {
            throw new KernelException($"not measured, for it is wrong: {fault}");
        }
    }

    private static List<CaseMemory> Copies(Device device, KernelCase kernelCase, long cacheBytes)
    {
        var bytes = kernelCase.Operands.Sum(o => o.Length * OperandElement.Bytes(o));
        var values = new CaseValues(kernelCase, seed: 1);
        var count = (int)Math.Clamp((2 * cacheBytes / bytes) + 1, 2, MaxCopies);
        return [.. Enumerable.Range(0, count).Select(_ => new CaseMemory(device, kernelCase, values))];
    }

    /// <summary>One variant with its times.</summary>
    private sealed class Side(Device device, KernelCase kernelCase, KernelVariant variant, List<CaseMemory> copies)
    {
        private readonly List<double> _turns = [];
        private int _launches = 1;
        private int _next;

        public int Rounds => _turns.Count;

        /// <summary>Loads and compiles what there is to load, and finds how many launches make a turn.</summary>
        public void WarmUp(double turnSeconds)
        {
            Launch();
            var once = device.Measure(Launch).TotalSeconds;
            _launches = (int)Math.Clamp(turnSeconds / Math.Max(once, 1e-7), 1, MaxLaunches);
        }

        public double Turn()
        {
            var seconds = device.Measure(() =>
            {
                for (var i = 0; i < _launches; i++)
                {
                    Launch();
                }
            }).TotalSeconds;
            _turns.Add(seconds / _launches);
            return seconds;
        }

        public BenchResult Result(Operator op, double flops, double bytes, DevicePeaks peaks)
        {
            var sorted = _turns.Order().ToList();
            var median = sorted[sorted.Count / 2];
            return new BenchResult(
                op.IdOf(variant), kernelCase.Label, median, sorted[sorted.Count / 4], sorted[3 * sorted.Count / 4],
                flops / median, bytes / median, peaks.Seconds(flops, bytes, UsesTensorCores(variant)) / median, _turns);
        }

        private void Launch() => kernelCase.Launch(device, variant, copies[_next++ % copies.Count]);
    }
}

/// <summary>How fast a variant is on a shape.</summary>
/// <param name="Id">The variant.</param>
/// <param name="Case">The shape.</param>
/// <param name="Seconds">Median time of a launch.</param>
/// <param name="LowerQuartile">A quarter of the turns were faster.</param>
/// <param name="UpperQuartile">A quarter of the turns were slower.</param>
/// <param name="FlopsPerSecond">Operations that the mathematics needs, by the median.</param>
/// <param name="BytesPerSecond">Bytes that must cross memory, by the median.</param>
/// <param name="RooflineShare">The least time that the device's peaks allow, by the median: 1 is the ceiling.</param>
/// <param name="Turns">Seconds of a launch in each turn, in order.</param>
public sealed record BenchResult(
    string Id,
    string Case,
    double Seconds,
    double LowerQuartile,
    double UpperQuartile,
    double FlopsPerSecond,
    double BytesPerSecond,
    double RooflineShare,
    IReadOnlyList<double> Turns);
