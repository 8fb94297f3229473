using Differential.Tests;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Perf;

/// <summary>Guided sampling with 50 evaluations (each a pair) of a small U-ViT; the same solver runs on both sides.</summary>
internal static class SamplingCases
{
    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        yield return ("sampling D128 7 blocks 16x16 p2 B8, 50 guided evaluations", () => new SamplingComparison(device, 8));
    }

    private sealed class SamplingComparison : Comparison
    {
        private const int Evaluations = 50;
        private const double Scale = 0.5;
        private const ulong Seed = 1;

        private static readonly NoiseSchedule Schedule = new CosineSchedule();

        private readonly HostDevice _device;
        private readonly UVitConfig _config;
        private readonly int _batch;
        private readonly ParameterStore _store;
        private readonly TorchParameters _torch;
        private readonly GeneratorModel _model;
        private readonly Solver _solver = SolverCatalog.Find("dpm-solver-fast");
        private readonly SamplingNoise _noise = new(Seed, RandomStreams.FirstFree, 0);
        private readonly DeviceBuffer<float> _result;
        private float[] _theirs = [];

        public SamplingComparison(HostDevice device, int batch)
        {
            (_device, _batch) = (device, batch);
            _config = new UVitConfig(
                ImageSize: 16, PatchSize: 2, Channels: 1, Width: 128, Depth: 6, Heads: 4, NumClasses: 11,
                Convolution: true, FastStart: true);
            _store = new ParameterStore(device);
            var network = new UVit(_store, _config);
            _store.Initialize(Seed);
            _torch = new TorchParameters(_store, torch.ScalarType.Float32);
            _model = new GeneratorModel(
                device, network, new ImageForm(_config.Channels, _config.ImageSize, _config.NullClass), Prediction.Velocity);
            _model.SetLabels(0, batch);
            _result = device.Allocate<float>((long)batch * _config.ImageSize * _config.ImageSize);
        }

        public override double Work => 2 * Evaluations * UVitNetwork.Flops(_config, _batch);

        /// <summary>Fifty steps in a row amplify roundings.</summary>
        public override double Tolerance => 1e-3;

        public override void Ours() =>
            new Sampler(_device, Schedule, _solver, Evaluations, new Guidance(Scale)).Sample(_model, _batch, _noise, _result.Slice);

        public override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            using var noGradient = torch.no_grad();
            var runner = new TorchStageRunner(Schedule, _solver.Model, Prediction.Velocity, Scale, Start(), Network);
            _solver.Solve(Schedule, Evaluations, runner);
            _theirs = runner.Result.data<float>().ToArray();
        }

        public override double Disagreement() => Compare(_device.Download(_result.Slice), _theirs);

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[] { _model, _store, _result })
            {
                owned.Dispose();
            }
        }

        private TorchTensor Network(TorchTensor state, double time, bool conditional)
        {
            var labels = Enumerable.Repeat(conditional ? 0L : _config.NumClasses - 1, _batch).ToArray();
            return TorchModules.UVit(_torch, _config, state, torch.full([_batch], (float)time), labels);
        }

        /// <summary>The noise that ours starts from.</summary>
        private TorchTensor Start()
        {
            using var noise = _device.Allocate<float>(_result.Slice.Length);
            _device.Run(RandomOperators.Fill, new RandomCall
            {
                Samples = _batch,
                Elements = (int)(noise.Slice.Length / _batch),
                Distribution = RandomDistribution.Normal,
                Seed = _noise.Seed,
                Stream = _noise.Stream,
                FirstSample = _noise.FirstSample,
                Output = noise.Slice,
            });
            return torch.tensor(_device.Download(noise.Slice), [_batch, 1, _config.ImageSize, _config.ImageSize])
                * Schedule.StartDeviation;
        }
    }

    /// <summary>Runs solver stages in PyTorch.</summary>
    private sealed class TorchStageRunner(
        NoiseSchedule schedule, Prediction wanted, Prediction given, double guidance, TorchTensor start,
        Func<TorchTensor, double, bool, TorchTensor> network) : IStageRunner
    {
        private readonly Dictionary<SolverState, TorchTensor> _states = new() { [SolverState.Trajectory] = start };
        private readonly List<TorchTensor> _models = [];

        public TorchTensor Result => _states[SolverState.Trajectory];

        public void Run(in SolverStage stage)
        {
            if (!stage.Reuse)
            {
                var state = _states.GetValueOrDefault(stage.Input) ?? start;
                var time = schedule.NetworkTime(stage.Time);
                var weights = ModelWeights.For(schedule, stage.Time, given, wanted, guidance);
                _models.Add((state * weights.State) + (network(state, time, true) * weights.Conditional)
                    + (network(state, time, false) * weights.Unconditional));
            }

            var result = (Result * stage.BaseWeight) + (_models[^1] * stage.ModelWeight);
            result = stage.PreviousWeight == 0 ? result : result + (_models[^2] * stage.PreviousWeight);
            result = stage.EarlierWeight == 0 ? result : result + (_models[^3] * stage.EarlierWeight);
            _states[stage.Output] = result;
        }

        public double Error(double absolute, double relative) =>
            throw new NotSupportedException("an adaptive solver has no fixed number of evaluations to time");

        public void Accept() => Error(0, 0);
    }
}
