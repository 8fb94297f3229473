using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

// Heun's method on steps of equal log-SNR, a solver that the engine does not have. With r = alpha_t / alpha_s a step of first order
// is x_t = r x_s + (sigma_t - r sigma_s) eps_s; Heun takes the mean of eps at both ends, so that a step costs two evaluations.
SolverCatalog.Add(new PlannedSolver("heun-log-snr", "Heun steps of equal log-SNR, 2n evaluations", Prediction.Noise, Heun));

// Data with mean 2 and deviation 0.5 have a network that is never wrong, so all error is the solver's. Truth: steps without end.
var schedule = new LinearVpSchedule();
using var device = new HostDevice();
var truth = Draw("heun-log-snr", 2000);
Console.WriteLine("evaluations      ddim  heun-log-snr");
foreach (var evaluations in new[] { 10, 20, 40, 80 })
{
    Console.WriteLine($"{evaluations,11}  {Error("ddim", evaluations),8:f5}  {Error("heun-log-snr", evaluations),12:f5}");
}

// Of second order: half the steps' length makes a quarter of the error.
return Error("heun-log-snr", 80) is var error && error < Error("heun-log-snr", 40) / 3.5 && error < Error("ddim", 80) / 3 ? 0 : 1;

static IEnumerable<SolverStage> Heun(NoiseSchedule schedule, int evaluations)
{
    var times = evaluations < 2 ? [] : TimeGrids.LogSnr(schedule, schedule.Start, schedule.End, evaluations / 2);
    for (var i = 0; i + 1 < times.Length; i++)
    {
        var (s, t) = (times[i], times[i + 1]);
        var ratio = schedule.Alpha(t) / schedule.Alpha(s);
        var step = schedule.Sigma(t) - (ratio * schedule.Sigma(s));
        yield return new SolverStage
        {
            Time = s, BaseWeight = ratio, ModelWeight = step, Output = SolverState.Intermediate, Keep = true,
        };
        yield return new SolverStage
        {
            Time = t, Input = SolverState.Intermediate, BaseWeight = ratio, ModelWeight = step / 2, PreviousWeight = step / 2,
        };
    }
}

double Error(string solver, int evaluations) =>
    Math.Sqrt(Draw(solver, evaluations).Zip(truth, (x, y) => Math.Pow(x - y, 2)).Average());

float[] Draw(string solver, int evaluations)
{
    const int Samples = 64;
    using var result = device.Allocate<float>(Samples);
    new Sampler(device, schedule, SolverCatalog.Find(solver), evaluations, Guidance.None)
        .Sample(new NormalData(device, schedule, mean: 2, deviation: 0.5), Samples, new SamplingNoise(1, 100, 0), result.Slice);
    return device.Download(result.Slice);
}

/// <summary>What a network learns from normal data if it learns perfectly: the noise that is expected in x_t.</summary>
internal sealed class NormalData(Device device, VariancePreservingSchedule schedule, double mean, double deviation) : IDiffusionModel
{
    public Prediction Prediction => Prediction.Noise;

    public void Predict(Slice<float> state, double time, Slice<float> conditional, Slice<float> unconditional)
    {
        var t = time / schedule.NetworkTime(1);
        var (alpha, sigma) = (schedule.Alpha(t), schedule.Sigma(t));
        var scale = sigma / (Math.Pow(alpha * deviation, 2) + (sigma * sigma));
        device.CopyIn<float>([.. device.Download(state).Select(x => (float)(scale * (x - (alpha * mean))))], conditional);
    }
}
