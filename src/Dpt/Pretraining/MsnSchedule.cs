namespace DPT.Engine.Dpt;

/// <summary>
/// How MSN's rate, weight decay and average change over a training (spec 2.2). The three are planned for 1.25 times its steps, so a rate
/// has come down a cosine by four fifths when the training ends. Steps are counted from 0.
/// </summary>
/// <param name="steps">Steps of the training.</param>
/// <param name="warmUp">Steps in which the rate rises.</param>
internal sealed class MsnSchedule(int steps, int warmUp)
{
    private const double Stretch = 1.25;

    private readonly int _planned = (int)(Stretch * steps);

    /// <summary>Learning rate before and at the peak, and where the cosine would end.</summary>
    public (double Start, double Peak, double Final) Rates { get; init; } = (2e-4, 1e-3, 1e-6);

    /// <summary>Weight decay at the start, and where the cosine would end.</summary>
    public (double Start, double Final) Decays { get; init; } = (0.04, 0.4);

    /// <summary>Share of the old average that the first update keeps; it rises to 1.</summary>
    public double Momentum { get; init; } = 0.996;

    /// <summary>Learning rate of a step. The reference counts before it updates, so the first step is number 1.</summary>
    public double RateOf(int step) => step + 1 < warmUp
        ? Rates.Start + ((Rates.Peak - Rates.Start) * (step + 1) / warmUp)
        : Cosine(Rates.Peak, Rates.Final, (step + 1.0 - warmUp) / Math.Max(1, _planned - warmUp));

    /// <summary>Weight decay of a step.</summary>
    public double DecayOf(int step) => Cosine(Decays.Start, Decays.Final, (step + 1.0) / _planned);

    /// <summary>Share of the old average that a step keeps.</summary>
    public double MomentumOf(int step) => Math.Min(1, Momentum + ((1 - Momentum) * step / (Stretch * steps)));

    /// <summary>From the one to the other along half a cosine, and no further.</summary>
    private static double Cosine(double from, double to, double share) =>
        to + ((from - to) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, share))));
}
