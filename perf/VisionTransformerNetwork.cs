using Differential.Tests;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Perf;

/// <summary>The ViT that classifies grey images, which learns by cross-entropy.</summary>
internal sealed class VisionTransformerNetwork : Network
{
    private const int Classes = 10;

    private readonly ClassifierOptions _options;
    private readonly VisionTransformer _model;
    private readonly TensorShape _shape;
    private readonly DeviceBuffer<float> _images;
    private readonly DeviceBuffer<int> _labels;
    private readonly TorchTensor _torchImages;
    private readonly long[] _torchLabels;
    private readonly int _tokens;

    public VisionTransformerNetwork(HostDevice device, ClassifierOptions options, int imageSize, int batch) : base(device)
    {
        (_options, Batch) = (options, batch);
        _tokens = 1 + (imageSize / options.PatchSize * (imageSize / options.PatchSize));
        _model = new VisionTransformer(Store, options, new ImageForm(1, imageSize, Classes));
        Initialize();
        _shape = new TensorShape(batch, 1, imageSize, imageSize);
        var images = Normal(_shape, 1);
        var labels = Enumerable.Range(0, batch).Select(i => i % Classes).ToArray();
        _images = Own(device.Upload<float>(images));
        _labels = Own(device.Upload<int>(labels));
        _torchImages = Own(torch.tensor(images, [batch, 1, imageSize, imageSize]));
        _torchLabels = Array.ConvertAll(labels, label => (long)label);
    }

    public override int Batch { get; }

    public override double ForwardFlops => Batch * BlockFlops(_options.Depth, _tokens, _options.Width, _options.MlpRatio);

    public override Tensor Forward(Tape tape) => _model.Forward(tape, Tape.Constant(_shape, _images.Slice));

    public override Tensor Losses(Tape tape, Tensor result) => tape.CrossEntropy(result, _labels.Slice, 1f / Batch);

    public override TorchTensor TorchForward() => TorchModules.VisionTransformer(Torch, _options, _torchImages);

    public override TorchTensor TorchLosses(TorchTensor result) => TorchModules.CrossEntropy(result, _torchLabels);
}
