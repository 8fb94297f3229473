using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Draws samples on a device. A sample depends on the seed, the stream and its number, not on the batch it is drawn in
/// (adaptive solvers excepted, which choose one step size for the batch).
/// </summary>
public sealed class Sampler
{
    private readonly Device _device;
    private readonly NoiseSchedule _schedule;
    private readonly Solver _solver;
    private readonly int _evaluations;
    private readonly Guidance _guidance;
    private readonly double? _threshold;

    /// <summary>Creates a sampler.</summary>
    /// <param name="device">Where the network runs.</param>
    /// <param name="schedule">The process that the network was trained on.</param>
    /// <param name="solver">The way from noise to data.</param>
    /// <param name="evaluations">Network evaluations per sample; a guided pair counts once.</param>
    /// <param name="guidance">How strongly, and at which noise levels, samples are drawn towards their labels.</param>
    /// <param name="threshold">
    /// Of a solver that works on images of a range: the quantile of its magnitudes, in (0, 1], at which an image that is predicted beyond
    /// the range is clamped and then scaled into it (<see cref="SolverThresholdCall"/>). Null leaves predictions as they are.
    /// </param>
    /// <exception cref="DptException">Usage: the solver works on noise, or the threshold is no quantile.</exception>
    public Sampler(
        Device device, NoiseSchedule schedule, Solver solver, int evaluations, Guidance guidance, double? threshold = null)
    {
        ArgumentNullException.ThrowIfNull(solver);
        DataThreshold.Require(threshold, solver);
        _device = device;
        _schedule = schedule;
        _solver = solver;
        _evaluations = evaluations;
        _guidance = guidance;
        _threshold = threshold;
    }

    /// <summary>Draws a batch of samples.</summary>
    /// <param name="model">The network, knowing the samples' labels.</param>
    /// <param name="samples">Number of samples.</param>
    /// <param name="noise">Where their noise comes from.</param>
    /// <param name="result">Receives the samples, [samples,elements].</param>
    /// <returns>Network evaluations made.</returns>
    /// <exception cref="DptException">The solver cannot work with so few evaluations.</exception>
    public int Sample(IDiffusionModel model, int samples, in SamplingNoise noise, Slice<float> result)
    {
        _device.Run(RandomOperators.Fill, noise.Call(samples, noise.Stream, result));
        if (_schedule.StartDeviation != 1)
        {
            _device.Run(SolverOperators.Step, new SolverStepCall
            {
                Count = result.Length,
                Base = result,
                Conditional = result,
                BaseWeight = (float)_schedule.StartDeviation,
                Result = result,
            });
        }

        return Solve(model, samples, noise, result);
    }

    /// <summary>Leads a batch of samples from noise that is there already to data.</summary>
    /// <param name="model">The network, knowing the samples' labels.</param>
    /// <param name="samples">Number of samples.</param>
    /// <param name="noise">Where the noise of solvers comes from that add some on the way.</param>
    /// <param name="state">
    /// [samples,elements]: noise of the deviation <see cref="NoiseSchedule.StartDeviation"/>, which the samples take the place of.
    /// </param>
    /// <returns>Network evaluations made.</returns>
    /// <exception cref="DptException">The solver cannot work with so few evaluations.</exception>
    public int Solve(IDiffusionModel model, int samples, in SamplingNoise noise, Slice<float> state)
    {
        using var runner = new DeviceStageRunner(_device, _schedule, _solver.Model, model, _guidance, _threshold, samples, noise, state);
        _solver.Solve(_schedule, _evaluations, runner);
        return runner.Evaluations;
    }
}

/// <summary>The address of all noise of a batch.</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Stream">
/// Stream of the initial noise, below 65536; evaluation k of a solver that adds noise draws from this + 65536 k.
/// </param>
/// <param name="FirstSample">Number of the batch's first sample.</param>
public readonly record struct SamplingNoise(ulong Seed, uint Stream, long FirstSample)
{
    /// <summary>What fills a batch with standard normal noise of a stream.</summary>
    internal RandomCall Call(int samples, uint stream, Slice<float> output) => new()
    {
        Samples = samples,
        Elements = checked((int)(output.Length / samples)),
        Distribution = RandomDistribution.Normal,
        Seed = Seed,
        Stream = stream,
        FirstSample = FirstSample,
        Output = output,
    };
}
