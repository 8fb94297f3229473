namespace DPT.Engine.Dpt;

/// <summary>
/// A forward process x_t = alpha_t x_0 + sigma_t eps in double precision (spec 4.4 and 5.1). Time runs from 0 (clean)
/// to <see cref="Start"/> (noise).
/// </summary>
public abstract class NoiseSchedule
{
    /// <summary>The time at which sampling starts, T.</summary>
    public abstract double Start { get; }

    /// <summary>The time at which sampling ends unless the solver goes down to 0.</summary>
    public abstract double End { get; }

    /// <summary>Standard deviation of the noise that sampling starts from.</summary>
    public abstract double StartDeviation { get; }

    /// <summary>
    /// The standard deviation that the process takes images of -1..1 to have: it is of images that are divided by it. 1 leaves them as they are.
    /// </summary>
    public virtual double DataDeviation => 1;

    /// <summary>ln alpha_t, at most 0.</summary>
    public abstract double LogAlpha(double time);

    /// <summary>Signal scale alpha_t.</summary>
    public double Alpha(double time) => Math.Exp(LogAlpha(time));

    /// <summary>Noise scale sigma_t.</summary>
    public abstract double Sigma(double time);

    /// <summary>Half the logarithmic signal-to-noise ratio, ln(alpha_t / sigma_t); it falls with time.</summary>
    public double Lambda(double time) => LogAlpha(time) - Math.Log(Sigma(time));

    /// <summary>The time t with <see cref="Lambda"/>(t) = <paramref name="lambda"/>.</summary>
    public abstract double TimeOfLambda(double lambda);

    /// <summary>f(t) of the process dx = f x dt + g dw: the derivative of ln alpha_t.</summary>
    public abstract double Drift(double time);

    /// <summary>g(t)^2 of the process dx = f x dt + g dw.</summary>
    public abstract double Diffusion(double time);

    /// <summary>What the network is told as its time.</summary>
    public abstract double NetworkTime(double time);
}
