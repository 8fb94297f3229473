namespace DPT.Engine.Kernels;

/// <summary>
/// Dropout: y = x / (1 - p) where an element is kept, 0 elsewhere. Element i of sample b is dropped where the uniform number i of
/// sample FirstSample + b of the stream is below p (<see cref="RandomCall"/> says how it is addressed), so the mask depends on neither
/// the batch nor the device, and is drawn again for the gradient, which is the same call on the gradient of y. Seed and first sample
/// are read from device memory when the call runs: captured work draws anew with each replay.
/// </summary>
/// <remarks>Source: Srivastava et al., Dropout, JMLR 15 (2014), scaled while training as everybody does since.</remarks>
public readonly record struct DropoutCall : IKernelCall
{
    private const string Op = "dropout";

    /// <summary>Number of samples.</summary>
    public required int Samples { get; init; }

    /// <summary>Numbers per sample.</summary>
    public required int Elements { get; init; }

    /// <summary>The share p that is dropped, in [0, 1); counted in steps of 2^-24.</summary>
    public required float Rate { get; init; }

    /// <summary>The purpose of the draws: two layers have two streams.</summary>
    public required uint Stream { get; init; }

    /// <summary>Seed and first sample, <see cref="DrawAddress.Words"/> integers.</summary>
    public required Slice<int> Draw { get; init; }

    /// <summary>What is dropped from, [Samples,Elements]: the input, or the gradient of y.</summary>
    public required Slice<float> X { get; init; }

    /// <summary>Result, [Samples,Elements].</summary>
    public required Slice<float> Y { get; init; }

    /// <inheritdoc/>
    public string Shape => $"samples={Samples} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"elements={Elements}";

    /// <inheritdoc/>
    public double Flops => 2.0 * Samples * Elements;

    /// <inheritdoc/>
    public double Bytes => 8.0 * Samples * Elements;

    /// <summary>What a kept element is multiplied by.</summary>
    internal float Scale => (float)(1 / (1 - (double)Rate));

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "samples", Samples);
        Require.Size(Op, "elements", Elements);
        Require.That(Op, Rate is >= 0 and < 1, $"the rate is {Rate}, it must be at least 0 and below 1");
        var all = (long)Samples * Elements;
        Require.Operand(Op, nameof(Draw), Draw, DrawAddress.Words);
        Require.Operand(Op, nameof(X), X, all);
        Require.Operand(Op, nameof(Y), Y, all);
    }
}

/// <summary>Dropout: the operator, its truth and its variants.</summary>
public static class DropoutOperator
{
    /// <summary>Drops elements, and scales those that are kept.</summary>
    public static Operator<DropoutCall> Dropout { get; } =
        new("dropout", Cases, new DropoutHostV1Simd(), new DropoutV1Counters());

    private static IEnumerable<KernelCase> Cases()
    {
        yield return Case(1, 1, 0.5f, 0, 0, 0);
        yield return Case(3, 7, 0.13f, 1, 2, 5);
        yield return Case(2, 255, 0, 7, 1, 2);
        yield return Case(2, 260, 0.9f, 0x123456789abcdef, 3, uint.MaxValue);
        yield return Case(3, 1028, 0.1f, ulong.MaxValue, uint.MaxValue, 1L << 40);
        yield return Case(2, 4099, 1 - (1f / (1 << 24)), 5, 1 << 17, 3);
        yield return Case(3, 20, 0.3f, 6, 2, 9, FillPattern.Large);
        yield return Case(3, 20, 0.3f, 6, 2, 9, FillPattern.Tiny);
    }

    private static KernelCase<DropoutCall> Case(
        int samples, int elements, float rate, ulong seed, uint stream, long first, FillPattern fill = FillPattern.Normal) => new(
            FormattableString.Invariant($"samples={samples} elements={elements} rate={rate} first={first} {fill}"),
            [
                Operand.In("x", samples * elements, fill),
                new("draw", OperandRole.Input, DrawAddress.Words, FillPattern.Derived, Element: typeof(int)),
                Operand.Out("y", samples * elements),
            ],
            m => new DropoutCall
            {
                Samples = samples,
                Elements = elements,
                Rate = rate,
                Stream = stream,
                Draw = m.Int("draw"),
                X = m["x"],
                Y = m["y"],
            },
            v => Reference(samples, elements, rate, sample => new PhiloxStream(seed, stream, first + sample), v["x"], v["y"]))
        {
            Derive = v =>
            {
                var words = new int[DrawAddress.Words];
                new DrawAddress(seed, first).WriteTo(words);
                words.Select(word => (double)word).ToArray().CopyTo(v["draw"], 0);
            },
        };

    /// <summary>One uniform number after the other.</summary>
    private static void Reference(
        int samples, int elements, double rate, Func<int, PhiloxStream> streamOf, double[] x, double[] y)
    {
        for (var sample = 0; sample < samples; sample++)
        {
            var stream = streamOf(sample);
            for (var i = sample * elements; i < (sample + 1) * elements; i++)
            {
                y[i] = stream.NextUniform() < rate ? 0 : x[i] / (1 - rate);
            }
        }
    }
}
