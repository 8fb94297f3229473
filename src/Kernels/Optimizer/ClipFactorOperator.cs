namespace DPT.Engine.Kernels;

/// <summary>
/// The factor that brings a gradient of some norm down to a limit: Limit / (norm + 1e-6) if the norm is above it, else 1, as
/// PyTorch clips. NaN, with which an optimiser skips its update, where no factor would make a sensible one: where the norm, its
/// square after clipping (AdamW divides by roots of such), or a loss is not finite.
/// </summary>
public readonly record struct ClipFactorCall : IKernelCall
{
    private const string Op = "clipfactor";

    /// <summary>The global norm of the gradient, one element.</summary>
    public required Slice<float> Norm { get; init; }

    /// <summary>The largest norm; 0 does not clip.</summary>
    public required float Limit { get; init; }

    /// <summary>The losses that the gradient is of, any number; empty if nobody asks for them.</summary>
    public Slice<float> Losses { get; init; }

    /// <summary>Written: the factor, one element.</summary>
    public required Slice<float> Factor { get; init; }

    /// <inheritdoc/>
    public string Shape => $"losses={Losses.Length}";

    /// <inheritdoc/>
    public string SampleShape => Shape;

    /// <inheritdoc/>
    public double Flops => Losses.Length + 4;

    /// <inheritdoc/>
    public double Bytes => 4.0 * (Losses.Length + 2);

    /// <inheritdoc/>
    public void Validate()
    {
        Require.Size(Op, "losses", Losses.Length, 0);
        Require.That(Op, Limit >= 0, $"the limit is {Limit}, it must be 0 or more");
        Require.Operand(Op, nameof(Norm), Norm, 1);
        Require.Operand(Op, nameof(Factor), Factor, 1);
    }
}

/// <summary>Clipping: the operator, its truth and its variants.</summary>
public static class ClipFactorOperator
{
    internal const double Epsilon = 1e-6;

    /// <summary>The factor on a gradient.</summary>
    public static Operator<ClipFactorCall> Factor { get; } =
        new("clipfactor", Cases, new ClipFactorHostV1Doubles(), new ClipFactorV1Block());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var losses in new[] { 0, 1, 31, 256, 1001 })
        {
            yield return Case(losses, 0.3f, norm: 1.7);
        }

        yield return Case(20, 5, norm: 1.7);
        yield return Case(20, 0, norm: 1.7);
        yield return Case(20, 1, norm: 0);
        yield return Case(20, 1, norm: 1);
        yield return Case(20, 1, norm: 3e38);
        yield return Case(20, 0, norm: 1e19);
    }

    private static KernelCase<ClipFactorCall> Case(int losses, float limit, double norm) => new(
        FormattableString.Invariant($"losses={losses} limit={limit} norm={norm}"),
        [
            Operand.In("norm", 1, FillPattern.Derived),
            .. losses > 0 ? [Operand.In("losses", losses)] : Array.Empty<Operand>(),
            Operand.Out("factor", 1),
        ],
        m => new ClipFactorCall
        {
            Norm = m["norm"],
            Limit = limit,
            Losses = losses > 0 ? m["losses"] : default,
            Factor = m["factor"],
        },
        v => v["factor"][0] = Reference(v["norm"][0], limit, losses > 0 ? v["losses"] : []))
    {
        Derive = v => v["norm"][0] = norm,
    };

    private static double Reference(double norm, double limit, double[] losses)
    {
        var factor = limit > 0 && norm > limit ? limit / (norm + Epsilon) : 1;
        var square = factor * norm * factor * norm;
        return square <= float.MaxValue && losses.All(double.IsFinite) ? factor : double.NaN;
    }
}
