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
            yield return Case(samples, elements, RandomDistribution.Uniform, seed, stream, first);
            yield return Case(samples, elements, RandomDistribution.Normal, seed, stream, first);
        }
    }

    private static KernelCase<RandomCall> Case(
        int samples, int elements, RandomDistribution distribution, ulong seed, uint stream, long first) => new(
        $"samples={samples} elements={elements} {distribution} first={first}",
        [Operand.Out("output", samples * elements)],
        m => new RandomCall
        {
            Samples = samples,
            Elements = elements,
            Distribution = distribution,
            Seed = seed,
            Stream = stream,
            FirstSample = first,
            Output = m["output"],
        },
        v => RandomReference.Fill(samples, elements, distribution, seed, stream, first, v["output"]))
        {
            // Sine and cosine are good to 2e-7 absolutely; the radius reaches 6.8.
            ExtraError = distribution == RandomDistribution.Normal ? 1e-6 : 0,
        };
}
