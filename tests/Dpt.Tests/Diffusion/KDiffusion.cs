namespace Dpt.Tests;

/// <summary>
/// Samplers of k-diffusion, written down in its space of sigma (x = x_0 + sigma eps), with the exact denoiser of data N(0.3, 0.5^2) and the
/// same noise in every step.
/// </summary>
internal static class KDiffusion
{
    public static double Sample(string name, double x, double[] sigmas, double noise) => name switch
    {
        "dpm-2" => Dpm2(x, sigmas),
        "edm-heun-churn" => HeunWithChurn(x, sigmas, noise),
        "lms-3" => Lms(x, sigmas, order: 3),
        "euler-ancestral" => EulerAncestral(x, sigmas, noise),
        "dpm-solver++-2m-sde" => Dpm2MSde(x, sigmas, noise),
        _ => throw new ArgumentException(name, nameof(name)),
    };

    private static double Denoise(double x, double sigma) => ((0.25 * x) + (0.3 * sigma * sigma)) / (0.25 + (sigma * sigma));

    private static double Derivative(double x, double sigma) => (x - Denoise(x, sigma)) / sigma;

    private static double Dpm2(double x, double[] sigmas)
    {
        for (var i = 0; i + 1 < sigmas.Length; i++)
        {
            var d = Derivative(x, sigmas[i]);
            if (sigmas[i + 1] == 0)
            {
                x += d * (sigmas[i + 1] - sigmas[i]);
                continue;
            }

            var middle = Math.Exp((Math.Log(sigmas[i]) + Math.Log(sigmas[i + 1])) / 2);
            var inside = x + (d * (middle - sigmas[i]));
            x += Derivative(inside, middle) * (sigmas[i + 1] - sigmas[i]);
        }

        return x;
    }

    /// <summary>Algorithm 2 of EDM, which is the <c>sample_heun</c> of k-diffusion, with the settings of ImageNet-64.</summary>
    private static double HeunWithChurn(double x, double[] sigmas, double noise)
    {
        var steps = sigmas.Length - 1;
        for (var i = 0; i < steps; i++)
        {
            var gamma = sigmas[i] is >= 0.05 and <= 50 ? Math.Min(40.0 / steps, Math.Sqrt(2) - 1) : 0;
            var sigma = sigmas[i] * (gamma + 1);
            x += noise * 1.003 * Math.Sqrt((sigma * sigma) - (sigmas[i] * sigmas[i]));
            var d = Derivative(x, sigma);
            var euler = x + (d * (sigmas[i + 1] - sigma));
            x = sigmas[i + 1] == 0 ? euler : x + ((d + Derivative(euler, sigmas[i + 1])) / 2 * (sigmas[i + 1] - sigma));
        }

        return x;
    }

    private static double Lms(double x, double[] sigmas, int order)
    {
        var derivatives = new List<double>();
        for (var i = 0; i + 1 < sigmas.Length; i++)
        {
            derivatives.Add(Derivative(x, sigmas[i]));
            var now = Math.Min(i + 1, order);
            for (var j = 0; j < now; j++)
            {
                x += Coefficient(sigmas, now, i, j) * derivatives[i - j];
            }
        }

        return x;
    }

    /// <summary>The integral from sigma_i to sigma_i+1 of the Lagrange polynomial, by a sum of many strips.</summary>
    private static double Coefficient(double[] sigmas, int order, int i, int j)
    {
        const int Strips = 20_000;
        var (sum, width) = (0.0, (sigmas[i + 1] - sigmas[i]) / Strips);
        for (var strip = 0; strip < Strips; strip++)
        {
            var (tau, product) = (sigmas[i] + ((strip + 0.5) * width), 1.0);
            for (var k = 0; k < order; k++)
            {
                product *= k == j ? 1 : (tau - sigmas[i - k]) / (sigmas[i - j] - sigmas[i - k]);
            }

            sum += product;
        }

        return sum * width;
    }

    private static double EulerAncestral(double x, double[] sigmas, double noise)
    {
        for (var i = 0; i + 1 < sigmas.Length; i++)
        {
            var (from, to) = (sigmas[i], sigmas[i + 1]);
            var up = Math.Min(to, Math.Sqrt(to * to * ((from * from) - (to * to)) / (from * from)));
            var down = Math.Sqrt((to * to) - (up * up));
            x += (Derivative(x, from) * (down - from)) + (up * noise);
        }

        return x;
    }

    private static double Dpm2MSde(double x, double[] sigmas, double noise)
    {
        var (old, lastStep) = (0.0, 0.0);
        for (var i = 0; i + 1 < sigmas.Length; i++)
        {
            var denoised = Denoise(x, sigmas[i]);
            if (sigmas[i + 1] == 0)
            {
                return denoised;
            }

            var h = Math.Log(sigmas[i]) - Math.Log(sigmas[i + 1]);
            x = (sigmas[i + 1] / sigmas[i] * Math.Exp(-h) * x) + ((1 - Math.Exp(-2 * h)) * denoised);
            if (i > 0)
            {
                x += 0.5 * (1 - Math.Exp(-2 * h)) * (h / lastStep) * (denoised - old);
            }

            x += noise * sigmas[i + 1] * Math.Sqrt(1 - Math.Exp(-2 * h));
            (old, lastStep) = (denoised, h);
        }

        return x;
    }
}
