namespace DPT.Engine.Dpt;

/// <summary>What a network predicts from x_t, or what a solver wants to be given.</summary>
public enum Prediction
{
    /// <summary>The noise eps.</summary>
    Noise,

    /// <summary>The velocity v = alpha eps - sigma x_0 (Salimans and Ho 2022).</summary>
    Velocity,

    /// <summary>The clean sample x_0.</summary>
    Data,
}

/// <summary>
/// A model value as a linear form in the state s that the network saw and its outputs c (conditional) and
/// u (unconditional): m = State s + Conditional c + Unconditional u. Conversion and guidance cost no pass of their own.
/// </summary>
internal readonly record struct ModelWeights(double State, double Conditional, double Unconditional)
{
    /// <summary>
    /// The weights that turn a network's prediction at one time into the wanted one, with classifier-free guidance
    /// c + s (c - u): s = 0 is the condition alone, s = -1 no condition (spec 5.2).
    /// </summary>
    public static ModelWeights For(NoiseSchedule schedule, double time, Prediction given, Prediction wanted, double guidance)
    {
        var (state, output) = Convert(schedule.Alpha(time), schedule.Sigma(time), given, wanted);
        return new ModelWeights(state, (1 + guidance) * output, -guidance * output);
    }

    private static (double State, double Output) Convert(double alpha, double sigma, Prediction given, Prediction wanted)
    {
        if (given == wanted)
        {
            return (0, 1);
        }

        // Noise and data as forms in (state, output), from x = alpha x0 + sigma eps and v = alpha eps - sigma x0.
        var square = (alpha * alpha) + (sigma * sigma);
        return (given, wanted) switch
        {
            (Prediction.Noise, Prediction.Data) => (1 / alpha, -sigma / alpha),
            (Prediction.Data, Prediction.Noise) => (1 / sigma, -alpha / sigma),
            (Prediction.Velocity, Prediction.Noise) => (sigma / square, alpha / square),
            (Prediction.Velocity, Prediction.Data) => (alpha / square, -sigma / square),
            _ => throw new ArgumentException($"no solver wants {wanted}", nameof(wanted)),
        };
    }
}
