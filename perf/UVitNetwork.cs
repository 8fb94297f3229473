using Differential.Tests;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Perf;

/// <summary>The U-ViT, which learns by squared error.</summary>
internal sealed class UVitNetwork : Network
{
    private readonly UVitConfig _config;
    private readonly UVit _model;
    private readonly TensorShape _shape;
    private readonly DeviceBuffer<float> _images;
    private readonly DeviceBuffer<float> _target;
    private readonly DeviceBuffer<float> _times;
    private readonly DeviceBuffer<int> _labels;
    private readonly TorchTensor _torchImages;
    private readonly TorchTensor _torchTarget;
    private readonly TorchTensor _torchTimes;
    private readonly long[] _torchLabels;

    public UVitNetwork(HostDevice device, UVitConfig config, int batch) : base(device)
    {
        (_config, Batch) = (config, batch);
        _model = new UVit(Store, config);
        Initialize();
        _shape = new TensorShape(batch, config.Channels, config.ImageSize, config.ImageSize);
        var (images, target) = (Normal(_shape, 1), Normal(_shape, 2));
        var times = Enumerable.Range(0, batch).Select(i => 999f * i / batch).ToArray();
        var labels = Enumerable.Range(0, batch).Select(i => i % config.NumClasses).ToArray();
        _images = Own(device.Upload<float>(images));
        _target = Own(device.Upload<float>(target));
        _times = Own(device.Upload<float>(times));
        _labels = Own(device.Upload<int>(labels));
        long[] shape = [batch, config.Channels, config.ImageSize, config.ImageSize];
        _torchImages = Own(torch.tensor(images, shape));
        _torchTarget = Own(torch.tensor(target, shape));
        _torchTimes = Own(torch.tensor(times));
        _torchLabels = Array.ConvertAll(labels, label => (long)label);
    }

    public override int Batch { get; }

    public override double ForwardFlops => Flops(_config, Batch);

    /// <summary>Operations of the products of one forward pass.</summary>
    public static double Flops(UVitConfig config, int batch)
    {
        double tokens = config.Grid(1).Tokens, width = config.Width;
        var skips = config.Depth / 2 * 4 * tokens * width * width;
        return batch * (BlockFlops(config.Depth + 1, tokens, width, config.MlpRatio) + skips);
    }

    public override Tensor Forward(Tape tape) =>
        _model.Forward(tape, Tape.Constant(_shape, _images.Slice), _times.Slice, _labels.Slice);

    public override Tensor Losses(Tape tape, Tensor result) => tape.SquaredError(result, _target.Slice, 1f / Batch);

    public override TorchTensor TorchForward() =>
        TorchModules.UVit(Torch, _config, _torchImages, _torchTimes, _torchLabels);

    public override TorchTensor TorchLosses(TorchTensor result) => (result - _torchTarget).square().mean([1, 2, 3]);
}
