using DPT.Engine.Dpt;

namespace Dpt.Tests;

/// <summary>The adaptive DPM-Solver++ of orders 1 and 2 or 2 and 3, transcribed from spec 5.5 and 5.8, for data N(0.3, 0.5^2).</summary>
internal static class AdaptiveOfData
{
    private const double AbsoluteTolerance = 0.0078, RelativeTolerance = 0.05, Theta = 0.9;

    /// <summary>Every number is a sample of its own, with one step for all.</summary>
    public static (double[] Result, int Evaluations) Solve(NoiseSchedule schedule, int order, double[] start)
    {
        double[] x = [.. start], previous = [.. start];
        var (s, h, evaluations) = (schedule.Start, 0.05, 0);
        while (Math.Abs(s - schedule.End) > 1e-5)
        {
            var t = schedule.TimeOfLambda(schedule.Lambda(s) + h);
            (double Low, double High)[] tried = [.. x.Select(value => Update(schedule, order, s, t, h, value))];
            evaluations += order;
            var error = tried.Select((pair, i) =>
                Math.Abs(pair.High - pair.Low) / Math.Max(AbsoluteTolerance, RelativeTolerance * Math.Max(Math.Abs(pair.Low), Math.Abs(previous[i])))).Max();
            if (error <= 1)
            {
                (x, previous, s) = ([.. tried.Select(pair => pair.High)], [.. tried.Select(pair => pair.Low)], t);
            }

            h = Math.Min(Theta * h * Math.Pow(error, -1.0 / order), schedule.Lambda(schedule.End) - schedule.Lambda(s));
        }

        return (x, evaluations);
    }

    private static (double Low, double High) Update(NoiseSchedule schedule, int order, double s, double t, double h, double x)
    {
        double X0(double value, double time) => DoubleStageRunner.Predict(schedule, time, value, Prediction.Data, conditional: true);
        double At(double r) => schedule.TimeOfLambda(schedule.Lambda(s) + (r * h));
        double Phi(double time) => schedule.Sigma(time) / schedule.Sigma(s) * x;
        double E(double r) => Math.Exp(-r * h) - 1;
        var r1 = order == 2 ? 1.0 / 2 : 1.0 / 3;
        var (s1, x0) = (At(r1), X0(x, s));
        var d1 = X0(Phi(s1) - (schedule.Alpha(s1) * E(r1) * x0), s1) - x0;
        var first = Phi(t) - (schedule.Alpha(t) * E(1) * x0);
        var second = first - (1 / (2 * r1) * schedule.Alpha(t) * E(1) * d1);
        if (order == 2)
        {
            return (first, second);
        }

        var r2 = 2.0 / 3;
        var s2 = At(r2);
        var u2 = Phi(s2) - (schedule.Alpha(s2) * E(r2) * x0) + (r2 / r1 * schedule.Alpha(s2) * ((E(r2) / (r2 * h)) + 1) * d1);
        return (second, first + (1 / r2 * schedule.Alpha(t) * ((E(1) / h) + 1) * (X0(u2, s2) - x0)));
    }
}
