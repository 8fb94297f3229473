using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The process of latent diffusion with N = 1000 steps, sqrt(beta) linear from sqrt(0.00085) to sqrt(0.012), on which
/// the official U-ViT H is trained. Between its knots t_n = n / N ln alpha is linear in t.
/// </summary>
public sealed class DiscreteSchedule : VariancePreservingSchedule
{
    private const int Steps = 1000;
    private static readonly double[] Knots = MakeKnots();

    /// <inheritdoc/>
    public override double End => 1.0 / Steps;

    /// <inheritdoc/>
    public override double LogAlpha(double time)
    {
        var interval = Interval(time);
        return Knots[interval] + (((Steps * time) - interval) * (Knots[interval + 1] - Knots[interval]));
    }

    /// <inheritdoc/>
    public override double Drift(double time)
    {
        var interval = Interval(time);
        return Steps * (Knots[interval + 1] - Knots[interval]);
    }

    /// <summary>The step number n = 1000 t, fractions included; the network was trained with 1..1000.</summary>
    public override double NetworkTime(double time) => Steps * time;

    /// <summary>One of the times 1/1000 .. 1, each as likely as the others.</summary>
    public override double TrainingTime(ref PhiloxStream random) => (Math.Floor((double)Steps * random.NextUniform()) + 1) / Steps;

    /// <inheritdoc/>
    protected override double TimeOfLogAlpha(double logAlpha)
    {
        var (low, high) = (0, Steps);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = Knots[middle] > logAlpha ? (middle, high) : (low, middle);
        }

        return (low + ((logAlpha - Knots[low]) / (Knots[high] - Knots[low]))) / Steps;
    }

    private static int Interval(double time) => (int)Math.Clamp(Steps * time, 0, Steps - 1);

    /// <summary>ln alpha at n / N for n = 0..N.</summary>
    private static double[] MakeKnots()
    {
        var (first, last) = (Math.Sqrt(0.00085), Math.Sqrt(0.012));
        var knots = new double[Steps + 1];
        for (var n = 1; n <= Steps; n++)
        {
            var root = first + ((last - first) * (n - 1) / (Steps - 1));
            knots[n] = knots[n - 1] + (0.5 * Exponentials.Log1p(-root * root));
        }

        return knots;
    }
}
