using DPT.Engine.Autograd;
using DPT.Engine.Kernels;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using ScalarType = TorchSharp.torch.ScalarType;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Differential.Tests;

/// <summary>Several steps of our optimisers against torch.optim with the same gradients and learning rates.</summary>
public sealed class TorchOptimizerTests
{
    private const int Steps = 6;
    private const float Decay = 0.1f;
    private const float AverageDecay = 0.25f;
    private const float GradientScale = 0.5f;

    private delegate torch.optim.Optimizer MakeTorch(IEnumerable<Parameter> parameters, double weightDecay);

    [Test]
    public void AdamW_SeveralSteps_LikeTorch([Values] bool decayEverything) => Compare(
        store => new AdamW(store, new AdamWConfig(0.9f, 0.99f, Decay, decayEverything)),
        (parameters, decay) => torch.optim.AdamW(
            parameters, beta1: 0.9f, beta2: 0.99f, eps: 1e-8f, weight_decay: decay),
        decayEverything);

    [Test]
    public void Sgd_SeveralSteps_LikeTorch([Values] bool nesterov, [Values(0f, 0.9f)] float momentum) => Compare(
        store => new Sgd(store, new SgdConfig(momentum, nesterov && momentum > 0, Decay, DecayEverything: false)),
        (parameters, decay) => torch.optim.SGD(
            parameters, 1, momentum: momentum, weight_decay: decay, nesterov: nesterov && momentum > 0),
        decayEverything: false);

    [TestCase(1e9)]
    [TestCase(0.5)]
    public void GradientClip_LikeTorch(double maxNorm)
    {
        using var scope = torch.NewDisposeScope();
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        using var store = NewStore(device);
        using var numbers = device.Allocate<float>(2);
        var clip = new GradientClip(store, maxNorm, numbers.Slice.Range(0, 1), numbers.Slice.Range(1, 1));
        var gradients = Draw(store, seed: 3);
        Upload(gradients, store);

        var theirs = gradients.ToDictionary(g => g.Key, g => Leaf(g.Value, ScalarType.Float64));
        foreach (var (name, gradient) in gradients)
        {
            theirs[name].grad = torch.tensor(gradient).to_type(ScalarType.Float64);
        }

        var norm = torch.nn.utils.clip_grad_norm_(theirs.Values, maxNorm);
        clip.Compute();
        var factor = device.Download(numbers.Slice)[1];
        Assert.That(device.Download(numbers.Slice)[0], Is.EqualTo(norm).Within(1e-6 * norm));
        foreach (var (name, gradient) in gradients)
        {
            var clipped = TorchParameters.Read(theirs[name].grad!);
            Assert.That(gradient.Select(g => (double)(factor * g)), Is.EqualTo(clipped).Within(1e-6 * norm), name);
        }
    }

    private static void Compare(Func<ParameterStore, IOptimizer> makeOurs, MakeTorch makeTorch, bool decayEverything)
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        using var store = NewStore(device);
        var start = store.Export(store.Values).ToDictionary(p => p.Key, p => p.Value.Values);
        var decays = store.Parameters.Where(p => p.Decays || decayEverything).Select(p => p.Name).ToHashSet();
        var (truth, truthAverage) = RunTorch(makeTorch, start, decays, store, ScalarType.Float64);
        var (library, libraryAverage) = RunTorch(makeTorch, start, decays, store, ScalarType.Float32);

        using var optimizer = makeOurs(store);
        using var average = new MovingAverage(store, AverageDecay);
        using var scale = device.Upload<float>([GradientScale]);
        for (var step = 0; step < Steps; step++)
        {
            Upload(Draw(store, step), store);
            optimizer.Step(LearningRate(step), scale.Slice, average);
            Assert.That(device.Download(store.Gradients), Is.All.Zero, "the gradient is not cleared");
        }

        AssertClose("weights", store.Export(store.Values), truth, library);
        AssertClose("average", store.Export(average.Values), truthAverage, libraryAverage);
        Assert.That(optimizer.Steps, Is.EqualTo(Steps));
    }

    private static (Dictionary<string, double[]> Weights, Dictionary<string, double[]> Average) RunTorch(
        MakeTorch make, Dictionary<string, float[]> start, HashSet<string> decays, ParameterStore store, ScalarType type)
    {
        using var scope = torch.NewDisposeScope();
        var weights = start.ToDictionary(p => p.Key, p => Leaf(p.Value, type));
        var average = weights.ToDictionary(p => p.Key, p => p.Value.detach().clone());
        torch.optim.Optimizer[] optimizers =
        [
            make(weights.Where(p => decays.Contains(p.Key)).Select(p => p.Value), Decay),
            make(weights.Where(p => !decays.Contains(p.Key)).Select(p => p.Value).DefaultIfEmpty(Leaf([0], type)), 0),
        ];
        for (var step = 0; step < Steps; step++)
        {
            foreach (var (name, gradient) in Draw(store, step))
            {
                weights[name].grad = torch.tensor(gradient).to_type(type) * GradientScale;
            }

            foreach (var optimizer in optimizers)
            {
                foreach (var group in optimizer.ParamGroups)
                {
                    group.LearningRate = LearningRate(step);
                }

                optimizer.step();
            }

            foreach (var (name, value) in average)
            {
                value.lerp_(weights[name].detach(), 1 - Math.Min(AverageDecay, (1.0 + step) / (10 + step)));
            }
        }

        return (Read(weights), Read(average));
    }

    private static Dictionary<string, double[]> Read<T>(Dictionary<string, T> tensors) where T : TorchTensor =>
        tensors.ToDictionary(t => t.Key, t => TorchParameters.Read(t.Value));

    private static void AssertClose(
        string what,
        Dictionary<string, (TensorShape Shape, float[] Values)> actual,
        Dictionary<string, double[]> truth,
        Dictionary<string, double[]> library) => Assert.Multiple(() =>
    {
        foreach (var (name, expected) in truth)
        {
            var tolerance = new Tolerance { Terms = Steps };
            tolerance = tolerance with
            {
                LibraryError = ErrorStats.Compare(library[name], expected, tolerance).MaxError,
                Factor = Tolerance.Forward,
            };
            double[] ours = [.. actual[name].Values.Select(v => (double)v)];
            var stats = ErrorStats.Compare(ours, expected, tolerance);
            Assert.That(stats.Holds, Is.True, $"{what} of '{name}': {stats}");
        }
    });

    /// <summary>Two weights that decay and a norm that does not; one length leaves a gap in the flat buffer.</summary>
    private static ParameterStore NewStore(Device device)
    {
        var store = new ParameterStore(device);
        store.Add("first", new TensorShape(5, 7), Initializer.Normal(0.5f));
        store.Add("norm", new TensorShape(19), Initializer.Normal(1), decays: false);
        store.Add("second", new TensorShape(8, 16), Initializer.Uniform(1));
        store.Initialize(seed: 9);
        return store;
    }

    private static float LearningRate(int step) => 0.01f * (1 + step);

    private static Dictionary<string, float[]> Draw(ParameterStore store, int seed)
    {
        var random = new Random(seed);
        return store.Parameters.ToDictionary(
            p => p.Name,
            p => Enumerable.Range(0, (int)p.Shape.Count).Select(_ => (float)((2 * random.NextDouble()) - 1)).ToArray());
    }

    private static void Upload(Dictionary<string, float[]> gradients, ParameterStore store)
    {
        foreach (var (name, values) in gradients)
        {
            store.Device.CopyIn<float>(values, store[name].Gradient);
        }
    }

    private static Parameter Leaf(float[] values, ScalarType type) => new(torch.tensor(values).to_type(type));
}
