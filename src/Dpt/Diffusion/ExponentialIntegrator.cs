namespace DPT.Engine.Dpt;

/// <summary>
/// The weights that DPM-Solver (noise prediction) and DPM-Solver++ (data prediction) share. With A, B = alpha, sigma for
/// noise and sigma, alpha for data, and z = h = lambda_t - lambda_s for noise and -h for data, both solve
/// x_t = (A_t / A_s) x - B_t (phi1(z) m + phi2(z) m' + phi3(z) m'' ...) with m', m'' the scaled derivatives of m.
/// </summary>
internal readonly struct ExponentialIntegrator
{
    private readonly NoiseSchedule _schedule;
    private readonly bool _data;

    public ExponentialIntegrator(NoiseSchedule schedule, Prediction model)
    {
        _schedule = schedule;
        _data = model == Prediction.Data;
    }

    /// <summary>A_t / A_s.</summary>
    public double Ratio(double s, double t) => _data
        ? _schedule.Sigma(t) / _schedule.Sigma(s)
        : Math.Exp(_schedule.LogAlpha(t) - _schedule.LogAlpha(s));

    /// <summary>B_t.</summary>
    public double Scale(double t) => _data ? _schedule.Alpha(t) : _schedule.Sigma(t);

    /// <summary>z of the step from s to t.</summary>
    public double Step(double s, double t)
    {
        var h = _schedule.Lambda(t) - _schedule.Lambda(s);
        return _data ? -h : h;
    }

    /// <summary>The time at the fraction r of the step from s to t, in lambda.</summary>
    public double Inside(double s, double t, double r)
    {
        var lambda = _schedule.Lambda(s);
        return _schedule.TimeOfLambda(lambda + (r * (_schedule.Lambda(t) - lambda)));
    }

    /// <summary>e^z - 1.</summary>
    public static double Phi1(double z) => Exponentials.Expm1(z);

    /// <summary>(e^z - 1) / z - 1.</summary>
    public static double Phi2(double z) => (Phi1(z) / z) - 1;

    /// <summary>((e^z - 1) / z - 1) / z - 1/2.</summary>
    public static double Phi3(double z) => (Phi2(z) / z) - 0.5;

    /// <summary>(((e^z - 1) / z - 1) / z - 1/2) / z - 1/6.</summary>
    public static double Phi4(double z) => (Phi3(z) / z) - (1.0 / 6);
}
