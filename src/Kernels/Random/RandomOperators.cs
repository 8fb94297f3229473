namespace DPT.Engine.Kernels;

/// <summary>Random numbers: the variants, best first, and the cases that prove them.</summary>
public static class RandomOperators
{
    /// <summary>Fills with uniform or normal numbers.</summary>
    public static Operator<RandomCall> Fill { get; } =
        new("random", Cases, new RandomFillHostV1Simd(), new RandomV1Counters());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var (samples, elements, seed, stream, first) in new[]
        {
            (1, 1, 0UL, 0u, 0L),
            (3, 7, 1UL, 2u, 5L),
            (2, 255, 0x123456789abcdefUL, 3u, uint.MaxValue),
            (2, 4099, ulong.MaxValue, uint.MaxValue, 1L << 40),
            (3, 1028, 7UL, 1u, 2L),
        })
        {
            foreach (var distribution in Enum.GetValues<RandomDistribution>())
            {
                yield return Case(new RandomCall
                {
                    Samples = samples,
                    Elements = elements,
                    Distribution = distribution,
                    Seed = seed,
                    Stream = stream,
                    FirstSample = first,
                    Output = default,
                });
            }
        }
    }

    private static KernelCase<RandomCall> Case(RandomCall call) => new(
        $"{call.Shape} first={call.FirstSample}",
        [Operand.Out("output", call.Samples * call.Elements)],
        m => call with { Output = m["output"] },
        v => RandomReference.Fill(in call, v["output"]))
        {
            // Sine and cosine are good to 2e-7 absolutely; the radius reaches 6.8.
            ExtraError = call.Distribution == RandomDistribution.Normal ? 1e-6 : 0,
        };
}
