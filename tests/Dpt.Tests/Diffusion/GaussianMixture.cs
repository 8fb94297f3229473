using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>
/// One-dimensional data of which a perfect network is known: a mixture of Gaussians stays one under noise, with means alpha m and
/// variances alpha^2 d^2 + sigma^2.
/// </summary>
/// <param name="parts">Shares, which sum to 1, means and deviations.</param>
internal sealed class GaussianMixture(params (double Share, double Mean, double Deviation)[] parts)
{
    /// <summary>The data of the golden rows, N(0.3, 0.5^2): noise is linear in x, so the solution is known in closed form.</summary>
    public static GaussianMixture Single { get; } = new((1, 0.3, 0.5));

    /// <summary>What the network knows without the condition, N(0, 1).</summary>
    public static GaussianMixture Standard { get; } = new((1, 0, 1));

    /// <summary>Two unlike heaps: noise is not linear, and numbers that start side by side end in different heaps.</summary>
    public static GaussianMixture Two { get; } = new((0.4, -0.8, 0.4), (0.6, 0.6, 0.3));

    /// <summary>The expected noise in x at a time.</summary>
    public double Noise(NoiseSchedule schedule, double time, double x)
    {
        var (alpha, sigma) = (schedule.Alpha(time), schedule.Sigma(time));
        var (weighted, density) = (0.0, 0.0);
        var nearest = parts.Min(part => Distance(part) * Distance(part) / Variance(part));
        foreach (var part in parts)
        {
            // Relative to the nearest heap, so that far from all something is left.
            var here = part.Share / Math.Sqrt(Variance(part)) * Math.Exp((nearest - (Distance(part) * Distance(part) / Variance(part))) / 2);
            weighted += here * sigma * Distance(part) / Variance(part);
            density += here;
        }

        return weighted / density;

        double Variance((double Share, double Mean, double Deviation) part) => (part.Deviation * part.Deviation * alpha * alpha) + (sigma * sigma);

        double Distance((double Share, double Mean, double Deviation) part) => x - (alpha * part.Mean);
    }

    /// <summary>Where the probability-flow ODE leads x from one time to another.</summary>
    public double Carry(NoiseSchedule schedule, double from, double to, double x)
    {
        if (parts.Length > 1)
        {
            return Integrate(schedule, from, to, x);
        }

        // The Gaussian's quantiles are carried along.
        var (_, mean, deviation) = parts[0];
        double Deviation(double t) => Math.Sqrt(Math.Pow(deviation * schedule.Alpha(t), 2) + Math.Pow(schedule.Sigma(t), 2));
        return (mean * schedule.Alpha(to)) + ((x - (mean * schedule.Alpha(from))) * Deviation(to) / Deviation(from));
    }

    /// <summary>Classical Runge-Kutta steps of d(x/alpha) = noise d(sigma/alpha), so many that nothing but rounding is left.</summary>
    internal double Integrate(NoiseSchedule schedule, double from, double to, double x, int steps = 4000)
    {
        // At 0 the logarithm ends, and nothing happens any more before it.
        const double Least = 1e-12;
        var (first, last) = (-schedule.Lambda(from), -schedule.Lambda(Math.Max(to, Least)));
        var (y, length) = (x / schedule.Alpha(from), (last - first) / steps);
        double Slope(double logLevel, double value)
        {
            var time = schedule.TimeOfLambda(-logLevel);
            return Math.Exp(logLevel) * Noise(schedule, time, schedule.Alpha(time) * value);
        }

        for (var i = 0; i < steps; i++)
        {
            var (start, end) = (first + (i * length), first + ((i + 1) * length));
            var middle = (start + end) / 2;
            var k1 = Slope(start, y);
            var k2 = Slope(middle, y + (length / 2 * k1));
            var k3 = Slope(middle, y + (length / 2 * k2));
            var k4 = Slope(end, y + (length * k3));
            y += length / 6 * (k1 + (2 * k2) + (2 * k3) + k4);
        }

        return schedule.Alpha(to) * y;
    }
}
