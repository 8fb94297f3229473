namespace DPT.Engine.Dpt;

/// <summary>
/// The variance-exploding process of EDM (Karras et al. 2022): x = x_0 + sigma eps, and time is sigma itself, from 80
/// to 0.002.
/// </summary>
public sealed class EdmSchedule : NoiseSchedule
{
    /// <inheritdoc/>
    public override double Start => 80;

    /// <inheritdoc/>
    public override double End => 0.002;

    /// <inheritdoc/>
    public override double StartDeviation => Start;

    /// <inheritdoc/>
    public override double LogAlpha(double time) => 0;

    /// <inheritdoc/>
    public override double Sigma(double time) => time;

    /// <inheritdoc/>
    public override double TimeOfLambda(double lambda) => Math.Exp(-lambda);

    /// <inheritdoc/>
    public override double Drift(double time) => 0;

    /// <inheritdoc/>
    public override double Diffusion(double time) => 2 * time;

    /// <summary>Sigma: the network's preconditioning makes of it what it needs.</summary>
    public override double NetworkTime(double time) => time;
}
