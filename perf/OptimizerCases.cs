using DPT.Engine.Kernels;
using TorchSharp;
using TorchSharp.Modules;

namespace Perf;

/// <summary>AdamW with the moving average of the weights: one flat buffer here, a list of tensors there, as a network has it.</summary>
internal static class OptimizerCases
{
    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        foreach (var (count, tensors) in new[] { (2_000_000, 1), (2_000_000, 100), (20_000_000, 100) })
        {
            yield return ($"adamw+ema {count / 1_000_000}M in {tensors}", () => new AdamWComparison(device, count, tensors));
        }
    }

    private sealed class AdamWComparison : Comparison
    {
        private const float Rate = 1e-3f;
        private const float Decay = 0.01f;
        private const float AverageDecay = 0.9f;

        private readonly HostDevice _device;
        private readonly float[] _start;
        private readonly DeviceBuffer<float>[] _buffers;
        private readonly Parameter[] _parameters;
        private readonly torch.Tensor[] _averages;
        private readonly torch.optim.Optimizer _optimizer;
        private AdamWCall _call;

        public AdamWComparison(HostDevice device, int count, int tensors)
        {
            _device = device;
            _start = Normal(count, 1);
            var gradient = Normal(count, 2);
            var zeros = new float[count];
            _buffers =
            [
                device.Upload<float>(_start), device.Upload<float>(gradient), device.Upload<float>(zeros),
                device.Upload<float>(zeros), device.Upload<float>(_start),
            ];
            _call = new AdamWCall
            {
                Count = count,
                Parameters = _buffers[0].Slice,
                Gradients = _buffers[1].Slice,
                Moment1 = _buffers[2].Slice,
                Moment2 = _buffers[3].Slice,
                Average = _buffers[4].Slice,
                Step = 1,
                LearningRate = Rate,
                Beta1 = 0.9f,
                Beta2 = 0.99f,
                Epsilon = 1e-8f,
                WeightDecay = Decay,
                AverageDecay = AverageDecay,
            };
            var each = count / tensors;
            _parameters = [.. Enumerable.Range(0, tensors).Select(i => Leaf(_start, gradient, i * each, each))];
            _averages = [.. _parameters.Select(p => p.detach().clone())];
            _optimizer = torch.optim.AdamW(_parameters, lr: Rate, beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: Decay);
        }

        public override Bound Bound => Bound.Memory;

        public override double Work => _call.Bytes;

        /// <summary>
        /// Of what a step changes in the average, 1e-4: the largest weights lie between 4 and 8, where floats are 4.8e-7 apart,
        /// and the two sides may round to either neighbour.
        /// </summary>
        public override double Tolerance => 1e-2;

        /// <summary>Clears the gradient as it goes; from the second run on both sides work on gradients of zero.</summary>
        public override void Ours()
        {
            _device.Run(OptimizerOperators.AdamW, in _call);
            _call = _call with { Step = _call.Step + 1 };
        }

        public override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            using var noGradient = torch.no_grad();
            _optimizer.step();
            foreach (var (parameter, average) in _parameters.Zip(_averages))
            {
                average.mul_(AverageDecay).add_(parameter, alpha: 1 - AverageDecay);
                parameter.grad!.zero_();
            }
        }

        /// <summary>
        /// What the first step changed, in the weights and in their average: beside the weights themselves it is too small to
        /// be seen. After the first step both sides go on with gradients of zero, in as many steps as each had time for.
        /// </summary>
        public override double Disagreement() => _call.Step == 2
            ? Math.Max(
                Compare(Change(_device.Download(_call.Parameters)), Change(All(_parameters))),
                Compare(Change(_device.Download(_call.Average)), Change(All(_averages))))
            : 0;

        public override void Dispose()
        {
            _optimizer.Dispose();
            foreach (var owned in _buffers.Concat<IDisposable>(_parameters).Concat(_averages))
            {
                owned.Dispose();
            }
        }

        private float[] Change(float[] now) => [.. now.Zip(_start, (after, before) => after - before)];

        private static float[] All(IEnumerable<torch.Tensor> tensors) =>
            [.. tensors.SelectMany(t => t.data<float>().ToArray())];

        private static Parameter Leaf(float[] weights, float[] gradient, int start, int length)
        {
            using var values = torch.tensor(weights.AsSpan(start, length).ToArray());
            return new Parameter(values.clone()) { grad = torch.tensor(gradient.AsSpan(start, length).ToArray()) };
        }
    }
}
