using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A process with alpha^2 + sigma^2 = 1: everything about it follows from ln alpha_t. Networks that predict noise or
/// velocity are trained on these.
/// </summary>
public abstract class VariancePreservingSchedule : NoiseSchedule
{
    /// <inheritdoc/>
    public override double Start => 1;

    /// <inheritdoc/>
    public override double StartDeviation => 1;

    /// <summary>The schedule of that name: <c>vp</c>, <c>cosine</c>, <c>discrete</c> or <c>edm</c>.</summary>
    /// <exception cref="DptException">There is no such schedule.</exception>
    public static VariancePreservingSchedule Find(string name) => name switch
    {
        "vp" => new LinearVpSchedule(),
        "cosine" => new CosineSchedule(),
        "discrete" => new DiscreteSchedule(),
        "edm" => new EdmInputSchedule(),
        _ => throw new DptException(
            FailureKind.Usage, $"unknown noise schedule '{name}'; there are vp, cosine, discrete, edm"),
    };

    /// <inheritdoc/>
    public override double Sigma(double time) => Math.Sqrt(-Exponentials.Expm1(2 * LogAlpha(time)));

    /// <inheritdoc/>
    public override double TimeOfLambda(double lambda) => TimeOfLogAlpha(-0.5 * Exponentials.Softplus(-2 * lambda));

    /// <summary>beta(t) = -2 d ln alpha_t / dt.</summary>
    public override double Diffusion(double time) => -2 * Drift(time);

    /// <summary>999 t: what the official continuous models are told.</summary>
    public override double NetworkTime(double time) => 999 * time;

    /// <summary>
    /// What the network of EDM's code takes <see cref="NetworkTime"/> times before it embeds it: 1, but for EDM's own process, where it
    /// is told ln(sigma)/4.
    /// </summary>
    public virtual double EdmTimeFactor => 1;

    /// <summary>A training time: uniform up to <see cref="Start"/>.</summary>
    public virtual double TrainingTime(ref PhiloxStream random) => Start * random.NextUniform();

    /// <summary>The time t with ln alpha_t = <paramref name="logAlpha"/>.</summary>
    protected abstract double TimeOfLogAlpha(double logAlpha);
}
