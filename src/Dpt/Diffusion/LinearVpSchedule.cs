namespace DPT.Engine.Dpt;

/// <summary>
/// The continuous process with beta(t) = 0.1 + 19.9 t (Song et al. 2021), on which the official U-ViT L and the
/// pixel-space models are trained.
/// </summary>
public sealed class LinearVpSchedule : VariancePreservingSchedule
{
    private const double First = 0.1;
    private const double Slope = 20 - First;

    /// <inheritdoc/>
    public override double End => 1e-4;

    /// <inheritdoc/>
    public override double LogAlpha(double time) => (-0.25 * Slope * time * time) - (0.5 * First * time);

    /// <inheritdoc/>
    public override double Drift(double time) => -0.5 * (First + (Slope * time));

    /// <summary>The root of the quadratic, in the form that does not cancel for small times.</summary>
    protected override double TimeOfLogAlpha(double logAlpha)
    {
        var q = -4 * Slope * logAlpha;
        return q / ((Math.Sqrt((First * First) + q) + First) * Slope);
    }
}
