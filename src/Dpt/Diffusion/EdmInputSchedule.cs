using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// EDM's process (Karras et al. 2022; spec 4.7 and 4.8) as its network is given it: c_in x = (y + sigma eps) / sqrt(sigma^2 + 1/4), which is
/// alpha x_0 + sigma_t eps of images x_0 = 2 y, whose deviation EDM takes to be 1. Time is EDM's sigma, from 80 to 0.002, and log-normal in
/// training.
/// </summary>
/// <remarks>
/// EDM's network F, with D = c_skip x + c_out F, is then the negative velocity, and its weighted loss (D - y)^2 (sigma^2 + 1/4) / (sigma/2)^2
/// is the squared error of the velocity: training with <c>diffusion.prediction=velocity</c> on this process is EDM's.
/// </remarks>
public sealed class EdmInputSchedule : VariancePreservingSchedule
{
    private const double MeanOfLog = -1.2, DeviationOfLog = 1.2;

    /// <inheritdoc/>
    public override double Start => 80;

    /// <inheritdoc/>
    public override double End => 0.002;

    /// <summary>sigma_data.</summary>
    public override double DataDeviation => 0.5;

    /// <inheritdoc/>
    public override double LogAlpha(double time) => -0.5 * Exponentials.Log1p(Ratio(time) * Ratio(time));

    /// <inheritdoc/>
    public override double Drift(double time) => -Ratio(time) / DataDeviation / (1 + (Ratio(time) * Ratio(time)));

    /// <summary>250 ln sigma: a thousand times what EDM's network is told, for networks whose times run to a thousand.</summary>
    public override double NetworkTime(double time) => 250 * Math.Log(time);

    /// <inheritdoc/>
    public override double EdmTimeFactor => 1e-3;

    /// <summary>A sigma whose logarithm is normal.</summary>
    public override double TrainingTime(ref PhiloxStream random) => Math.Exp(MeanOfLog + (DeviationOfLog * random.NextNormal()));

    /// <inheritdoc/>
    protected override double TimeOfLogAlpha(double logAlpha) => DataDeviation * Math.Sqrt(Exponentials.Expm1(-2 * logAlpha));

    /// <summary>sigma_t / alpha_t.</summary>
    private double Ratio(double time) => time / DataDeviation;
}
