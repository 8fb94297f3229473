using Differential.Tests;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;

namespace Perf;

/// <summary>A whole training step of a U-ViT (forward, backward, AdamW) against the same network in TorchSharp.</summary>
internal static class UVitCases
{
    public static IEnumerable<(string Name, Func<Contest> Open)> All(HostDevice device)
    {
        foreach (var (patch, batch) in new[] { (2, 32), (4, 64) })
        {
            var small = new UVitConfig(
                ImageSize: 16, patch, Channels: 1, Width: 128, Depth: 6, Heads: 4, NumClasses: 11, Convolution: true,
                FastStart: true);
            yield return ($"U-ViT step D128 7 blocks 16x16 p{patch} B{batch}", () => new StepContest(device, small, batch));
        }

        var middle = new UVitConfig(
            ImageSize: 32, PatchSize: 4, Channels: 3, Width: 512, Depth: 12, Heads: 8, NumClasses: 11, Convolution: true,
            FastStart: true);
        yield return ("U-ViT-S/4 step D512 13 blocks 32x32 p4 B8", () => new StepContest(device, middle, 8));
    }

    /// <summary>Operations of the products of one forward pass.</summary>
    public static double ForwardFlops(UVitConfig config, int batch)
    {
        double tokens = config.Grid(1).Tokens, width = config.Width;
        var block = (24 * tokens * width * width) + (4 * tokens * tokens * width);
        var skips = config.Depth / 2 * 4 * tokens * width * width;
        return batch * (((config.Depth + 1) * block) + skips);
    }

    private sealed class StepContest : Contest
    {
        private readonly HostDevice _device;
        private readonly UVitConfig _config;
        private readonly int _batch;
        private readonly ParameterStore _store;
        private readonly UVit _model;
        private readonly AdamW _optimizer;
        private readonly Tape _tape;
        private readonly DeviceBuffer<float> _images;
        private readonly DeviceBuffer<float> _target;
        private readonly DeviceBuffer<float> _times;
        private readonly DeviceBuffer<int> _labels;
        private readonly DeviceBuffer<float> _losses;
        private readonly RepeatedWork _forwardAndBackward;
        private readonly TorchParameters _torch;
        private readonly torch.optim.Optimizer _torchOptimizer;
        private readonly torch.Tensor _torchImages;
        private readonly torch.Tensor _torchTarget;
        private readonly torch.Tensor _torchTimes;
        private readonly long[] _torchLabels;
        private float[] _ours = [];
        private float[] _theirs = [];

        public StepContest(HostDevice device, UVitConfig config, int batch)
        {
            _device = device;
            _config = config;
            _batch = batch;
            _store = new ParameterStore(device);
            _model = new UVit(_store, config);
            _store.Initialize(1);
            _optimizer = new AdamW(_store, new AdamWConfig(0.9f, 0.99f, 0, DecayEverything: true));
            _tape = new Tape(device);
            var (images, target) = (Normal(1), Normal(2));
            var times = Enumerable.Range(0, batch).Select(i => 999f * i / batch).ToArray();
            var labels = Enumerable.Range(0, batch).Select(i => i % config.NumClasses).ToArray();
            _images = device.Upload<float>(images);
            _target = device.Upload<float>(target);
            _times = device.Upload<float>(times);
            _labels = device.Upload<int>(labels);
            _losses = device.Allocate<float>(batch);
            _forwardAndBackward = new RepeatedWork(device, ForwardAndBackward);
            _torch = new TorchParameters(_store, torch.ScalarType.Float32);
            _torchOptimizer = torch.optim.AdamW(_torch.All, lr: 0);
            long[] shape = [batch, config.Channels, config.ImageSize, config.ImageSize];
            _torchImages = torch.tensor(images, shape);
            _torchTarget = torch.tensor(target, shape);
            _torchTimes = torch.tensor(times);
            _torchLabels = Array.ConvertAll(labels, label => (long)label);
        }

        /// <summary>Three times the products of the forward pass.</summary>
        public override double Work => 3 * ForwardFlops(_config, _batch);

        public override double Tolerance => 1e-4;

        /// <summary>The rate is 0, so that every step does the same work from the same weights.</summary>
        public override void Ours()
        {
            _forwardAndBackward.Run();
            _ours = _device.Download(_losses.Slice);
            _optimizer.Step(0);
        }

        public override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            _torchOptimizer.zero_grad();
            var prediction = TorchModules.UVit(_torch, _config, _torchImages, _torchTimes, _torchLabels);
            var losses = (prediction - _torchTarget).square().mean([1, 2, 3]);
            losses.mean().backward();
            _torchOptimizer.step();
            _theirs = losses.detach().data<float>().ToArray();
        }

        public override double Disagreement() => Compare(_ours, _theirs);

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[]
                {
                    _forwardAndBackward, _tape, _optimizer, _store, _images, _target, _times, _labels, _losses,
                    _torchOptimizer, _torchImages, _torchTarget, _torchTimes,
                })
            {
                owned.Dispose();
            }
        }

        private void ForwardAndBackward()
        {
            var shape = new TensorShape(_batch, _config.Channels, _config.ImageSize, _config.ImageSize);
            var prediction = _model.Forward(_tape, Tape.Constant(shape, _images.Slice), _times.Slice, _labels.Slice);
            var losses = _tape.SquaredError(prediction, _target.Slice, 1f / _batch);
            _device.Copy(losses.Data, _losses.Slice);
            _tape.Backward();
        }

        private float[] Normal(int sample)
        {
            var random = new PhiloxStream(1, RandomStreams.FirstFree, sample);
            var values = new float[_batch * _config.Channels * _config.ImageSize * _config.ImageSize];
            foreach (ref var value in values.AsSpan())
            {
                value = random.NextNormal();
            }

            return values;
        }
    }
}
