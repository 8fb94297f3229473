using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Runs solver stages on a device: one network evaluation and one <see cref="SolverStepCall"/> per stage, with guidance
/// and the conversion of the prediction folded into the step's weights. With a threshold two launches more make the image of an evaluation
/// before the stages use it.
/// </summary>
internal sealed class DeviceStageRunner : IStageRunner, IDisposable
{
    /// <summary>Model values that a stage can reach: its own and two earlier ones.</summary>
    private const int KeptModels = 3;

    private readonly Device _device;
    private readonly NoiseSchedule _schedule;
    private readonly Prediction _wanted;
    private readonly IDiffusionModel _model;
    private readonly Guidance _guidance;
    private readonly double? _threshold;
    private readonly int _samples;
    private readonly SamplingNoise _noise;
    private readonly Slice<float> _trajectory;
    private readonly DeviceBuffer<float> _conditional;
    private readonly DeviceBuffer<float>? _unconditional;
    private readonly Dictionary<SolverState, DeviceBuffer<float>> _states = [];
    private readonly DeviceBuffer<float>?[] _models = new DeviceBuffer<float>?[KeptModels];
    private DeviceBuffer<float>? _stageNoise;
    private float[]? _higher;
    private float[]? _lower;
    private float[]? _previous;
    private double _scale;

    /// <param name="device">Where the network runs.</param>
    /// <param name="schedule">The process that the network was trained on.</param>
    /// <param name="wanted">What the solver's model values are.</param>
    /// <param name="model">The network.</param>
    /// <param name="guidance">How its two predictions become one.</param>
    /// <param name="threshold">Of data as model values: the quantile that they are thresholded at, null for none.</param>
    /// <param name="samples">Number of samples.</param>
    /// <param name="noise">Where the noise of stages comes from.</param>
    /// <param name="trajectory">The initial noise, which becomes the samples.</param>
    public DeviceStageRunner(
        Device device, NoiseSchedule schedule, Prediction wanted, IDiffusionModel model, Guidance guidance, double? threshold,
        int samples, in SamplingNoise noise, Slice<float> trajectory)
    {
        (_device, _schedule, _wanted, _model) = (device, schedule, wanted, model);
        (_guidance, _threshold, _samples, _noise, _trajectory) = (guidance, threshold, samples, noise, trajectory);
        _conditional = device.Allocate<float>(trajectory.Length);
        _unconditional = guidance.Scale > 0 ? device.Allocate<float>(trajectory.Length) : null;
    }

    /// <summary>Where the latest evaluation has its prediction without the condition; empty if it is not guided.</summary>
    private Slice<float> Unconditional => _scale > 0 ? _unconditional!.Slice : default;

    /// <summary>Network evaluations so far.</summary>
    public int Evaluations { get; private set; }

    public void Run(in SolverStage stage)
    {
        var input = State(stage.Input);
        if (!stage.Reuse)
        {
            _scale = _guidance.At(_schedule, stage.Time);
            _model.Predict(input, _schedule.NetworkTime(stage.Time), _conditional.Slice, Unconditional);
            Evaluations++;
            if (_threshold is { } quantile)
            {
                KeepThresholded(Model(stage.Time, input), quantile);
            }
        }

        var model = _threshold is null ? Model(stage.Time, input) : Of(Kept(0));
        var (first, second) = History(in stage);
        _device.Run(SolverOperators.Step, model with
        {
            History0 = first.Operand,
            History1 = second.Operand,
            BaseWeight = (float)stage.BaseWeight,
            ModelWeight = (float)stage.ModelWeight,
            HistoryWeight0 = (float)first.Weight,
            HistoryWeight1 = (float)second.Weight,
            Model = stage.Keep && _threshold is null ? Kept(0) : default,
            Result = State(stage.Output),
        });
    }

    public double Error(double absolute, double relative)
    {
        var higher = OnHost(SolverState.Higher, ref _higher);
        var lower = OnHost(SolverState.Lower, ref _lower);
        var previous = OnHost(SolverState.Previous, ref _previous);
        var elements = higher.Length / _samples;
        var worst = double.NegativeInfinity;
        for (var sample = 0; sample < _samples; sample++)
        {
            var sum = 0.0;
            for (var i = sample * elements; i < (sample + 1) * elements; i++)
            {
                var scale = Math.Max(absolute, relative * Math.Max(Math.Abs(lower[i]), Math.Abs(previous[i])));
                sum += Math.Pow((higher[i] - lower[i]) / scale, 2);
            }

            worst = Math.Max(worst, Math.Sqrt(sum / elements));
        }

        return worst;
    }

    public void Accept()
    {
        _device.Copy(State(SolverState.Higher), _trajectory);
        _device.Copy(State(SolverState.Lower), State(SolverState.Previous));
    }

    public void Dispose()
    {
        _conditional.Dispose();
        _unconditional?.Dispose();
        _stageNoise?.Dispose();
        foreach (var buffer in _states.Values.Concat(_models))
        {
            buffer?.Dispose();
        }
    }

    /// <summary>A step that has a model value and no weight for anything: the network's latest output, guided and converted.</summary>
    private SolverStepCall Model(double time, Slice<float> input)
    {
        var weights = ModelWeights.For(_schedule, time, _model.Prediction, _wanted, _scale);
        return Of(_conditional.Slice) with
        {
            State = weights.State == 0 ? default : input,
            Unconditional = Unconditional,
            StateWeight = (float)weights.State,
            ConditionalWeight = (float)weights.Conditional,
            UnconditionalWeight = (float)weights.Unconditional,
        };
    }

    /// <summary>The same of a value that is there.</summary>
    private SolverStepCall Of(Slice<float> value) => new()
    {
        Count = _trajectory.Length,
        Base = _trajectory,
        Conditional = value,
        ConditionalWeight = 1,
        Result = _trajectory,
    };

    /// <summary>Makes the latest image that the network predicts, thresholds it, and keeps it whether a later stage asks for it or not.</summary>
    private void KeepThresholded(in SolverStepCall model, double quantile)
    {
        _device.Run(SolverOperators.Step, model with { ModelWeight = 1, Result = Kept(0) });
        _device.Run(SolverOperators.Threshold, new SolverThresholdCall
        {
            Samples = _samples,
            Elements = checked((int)(_trajectory.Length / _samples)),
            Quantile = quantile,
            Range = (float)(1 / _schedule.DataDeviation),
            Values = Kept(0),
        });
    }

    /// <summary>The memory of a state; all of them start as the trajectory is when they are first needed.</summary>
    private Slice<float> State(SolverState state)
    {
        if (state == SolverState.Trajectory)
        {
            return _trajectory;
        }

        if (!_states.TryGetValue(state, out var buffer))
        {
            _states[state] = buffer = _device.Allocate<float>(_trajectory.Length);
            _device.Copy(_trajectory, buffer.Slice);
        }

        return buffer.Slice;
    }

    /// <summary>The elements of a state, in an array that is made once.</summary>
    private float[] OnHost(SolverState state, ref float[]? values)
    {
        values ??= new float[_trajectory.Length];
        _device.CopyOut(State(state), values);
        return values;
    }

    /// <summary>The memory of the model value of so many evaluations ago, 0 for the latest.</summary>
    private Slice<float> Kept(int ago) =>
        (_models[(Evaluations - ago) % KeptModels] ??= _device.Allocate<float>(_trajectory.Length)).Slice;

    /// <summary>What the stage adds besides trajectory and model value: at most two terms.</summary>
    private (Term First, Term Second) History(in SolverStage stage)
    {
        var second = stage.EarlierWeight != 0 ? new Term(stage.EarlierWeight, Kept(2))
            : stage.NoiseWeight != 0 ? new Term(stage.NoiseWeight, StageNoise())
            : default;
        return stage.PreviousWeight != 0 ? (new Term(stage.PreviousWeight, Kept(1)), second) : (second, default);
    }

    private Slice<float> StageNoise()
    {
        _stageNoise ??= _device.Allocate<float>(_trajectory.Length);
        _device.Run(RandomOperators.Fill, _noise.Call(_samples, _noise.Stream + ((uint)Evaluations << 16), _stageNoise.Slice));
        return _stageNoise.Slice;
    }

    private readonly record struct Term(double Weight, Slice<float> Operand);
}
