namespace DPT.Engine.Autograd;

/// <summary>
/// Batch normalisation: parameters <c>weight</c> (1) and <c>bias</c> (0), buffers <c>running_mean</c> (0) and <c>running_var</c> (1), as in
/// PyTorch. A moving average of the weights runs with the buffers as they are (<see cref="ModelBuffer"/>).
/// </summary>
public sealed class BatchNorm
{
    private readonly BatchNormConfig _config;
    private readonly RunningStatistics _running;

    /// <summary>Registers parameters and buffers.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="channels">Numbers of a pixel.</param>
    /// <param name="config">The constants.</param>
    public BatchNorm(ParameterScope scope, int channels, BatchNormConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        Weight = scope.Add("weight", new TensorShape(channels), Initializer.One, decays: false);
        Bias = scope.Add("bias", new TensorShape(channels), Initializer.Zero, decays: false);
        RunningMean = scope.AddBuffer("running_mean", new TensorShape(channels), value: 0);
        RunningVariance = scope.AddBuffer("running_var", new TensorShape(channels), value: 1);
        _running = new RunningStatistics(RunningMean, RunningVariance, config.Momentum);
    }

    /// <summary>Scale, [channels].</summary>
    public Parameter Weight { get; }

    /// <summary>Shift, [channels].</summary>
    public Parameter Bias { get; }

    /// <summary>Mean of the batches, [channels].</summary>
    public ModelBuffer RunningMean { get; }

    /// <summary>Unbiased variance of the batches, [channels].</summary>
    public ModelBuffer RunningVariance { get; }

    /// <summary>Normalises every channel.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., channels]; in training at least two rows.</param>
    /// <param name="isTraining">
    /// Whether the statistics are those of x, which the running ones then follow, also where nothing is recorded; otherwise they are the
    /// running ones, which stay.
    /// </param>
    public Tensor Forward(Tape tape, Tensor x, bool isTraining) => isTraining
        ? tape.BatchNorm(x, Weight, Bias, _config.Epsilon, _config.NegativeSlope, _running)
        : tape.BatchNormFixed(x, Weight, Bias, _running, _config.Epsilon, _config.NegativeSlope);

    /// <summary>Moves the running statistics as a pass in training does, and normalises nothing.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[..., channels]; at least two rows.</param>
    public void Follow(Tape tape, Tensor x) => tape.FollowBatch(x, _running);
}

/// <summary>The constants of batch norm.</summary>
/// <param name="Momentum">Share of a batch in the running statistics: 0.1 in PyTorch, 0.001 in FreeMatch's networks.</param>
/// <param name="Epsilon">Added to the variance: 1e-5 in PyTorch, 1e-3 in FreeMatch's networks.</param>
/// <param name="NegativeSlope">What negative results are multiplied by: 1 for no activation, 0.1 in FreeMatch's networks.</param>
public sealed record BatchNormConfig(float Momentum = 0.1f, float Epsilon = 1e-5f, float NegativeSlope = 1);
