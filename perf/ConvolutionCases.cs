using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;

namespace Perf;

/// <summary>
/// The layers of a WRN-28-2 on 64 images of 32 x 32, and of EDM's SongUNet on 8: alone, and with the gradients of images and filter. PyTorch gets
/// images and filters with channels last, as ours lie; its results are fresh memory every time, since conv2d has no other way.
/// </summary>
internal static class ConvolutionCases
{
    private static readonly (int Batch, int Size, int Channels, int Outs, int Kernel, int Stride)[] Layers =
    [
        (64, 32, 3, 16, 3, 1), (64, 32, 16, 32, 3, 1), (64, 32, 32, 32, 3, 1), (64, 32, 32, 64, 3, 2), (64, 32, 32, 64, 1, 2),
        (64, 16, 64, 64, 3, 1), (64, 16, 64, 128, 3, 2), (64, 8, 128, 128, 3, 1),
        (8, 32, 128, 256, 3, 1), (8, 32, 256, 256, 3, 1), (8, 32, 512, 256, 3, 1), (8, 32, 512, 256, 1, 1), (8, 16, 256, 256, 3, 1), (8, 8, 256, 256, 3, 1),
    ];

    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        foreach (var backward in new[] { false, true })
        {
            foreach (var (batch, size, channels, outs, kernel, stride) in Layers)
            {
                var axis = WindowAxis.Padded(size, kernel, stride, kernel / 2);
                var sizes = new ConvolutionShape(batch, channels, outs, axis, axis);
                var name = $"convolution {size}x{size} {channels}->{outs} {kernel}x{kernel}{(stride == 1 ? "" : $" stride {stride}")}";
                yield return (
                    $"{name}{(backward ? " forward+backward" : " forward")}", () => new ConvolutionComparison(device, sizes, backward));
            }
        }
    }

    private sealed class ConvolutionComparison : Comparison
    {
        private readonly HostDevice _device;
        private readonly bool _backward;
        private readonly DeviceBuffer<float> _x;
        private readonly DeviceBuffer<float> _w;
        private readonly DeviceBuffer<float> _y;
        private readonly DeviceBuffer<float> _dy;
        private readonly DeviceBuffer<float> _dx;
        private readonly DeviceBuffer<float> _dw;
        private readonly torch.Tensor _torchX;
        private readonly torch.Tensor _torchW;
        private readonly torch.Tensor _torchDy;
        private readonly ConvolutionForwardCall _forward;
        private readonly ConvolutionInputGradientCall _ofInput;
        private readonly ConvolutionWeightGradientCall _ofWeight;
        private float[] _theirs = [];

        public ConvolutionComparison(HostDevice device, ConvolutionShape sizes, bool backward)
        {
            _device = device;
            _backward = backward;
            var (x, w, dy) = (Normal((int)sizes.InputElements, 1), Normal((int)sizes.FilterElements, 2), Normal((int)sizes.OutputElements, 3));
            _x = device.Upload<float>(x);
            _w = device.Upload<float>(w);
            _dy = device.Upload<float>(dy);
            _y = device.Allocate<float>(sizes.OutputElements);
            _dx = device.Allocate<float>(sizes.InputElements);
            _dw = device.Allocate<float>(sizes.FilterElements);
            var (v, h) = (sizes.Vertical, sizes.Horizontal);
            _torchX = torch.tensor(x, [sizes.Batch, v.Size, h.Size, sizes.Channels]).permute(0, 3, 1, 2).requires_grad_(backward);
            _torchW = torch.tensor(w, [sizes.Outs, v.Kernel, h.Kernel, sizes.Channels]).permute(0, 3, 1, 2).requires_grad_(backward);
            _torchDy = torch.tensor(dy, [sizes.Batch, v.Count, h.Count, sizes.Outs]).permute(0, 3, 1, 2);
            _forward = new() { Sizes = sizes, X = _x.Slice, Weight = _w.Slice, Y = _y.Slice };
            _ofInput = new() { Sizes = sizes, OutputGradient = _dy.Slice, Weight = _w.Slice, InputGradient = _dx.Slice };
            _ofWeight = new() { Sizes = sizes, X = _x.Slice, OutputGradient = _dy.Slice, WeightGradient = _dw.Slice };
            Tolerance = 1e-5 * Math.Sqrt(backward ? sizes.OutputElements / sizes.Outs : v.Kernel * h.Kernel * sizes.Channels);
        }

        public override double Work => _forward.Flops * (_backward ? 3 : 1);

        public override double Tolerance { get; }

        public override void Ours()
        {
            _device.Run(ConvolutionOperators.Forward, in _forward);
            if (_backward)
            {
                _device.Run(ConvolutionOperators.InputGradient, in _ofInput);
                _device.Clear(_dw.Slice);
                _device.Run(ConvolutionOperators.WeightGradient, in _ofWeight);
            }
        }

        public override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            var (stride, padding) = ((long)_forward.Sizes.Vertical.Stride, (long)_forward.Sizes.Vertical.Before);
            var y = F.conv2d(_torchX, _torchW, strides: [stride, stride], padding: [padding, padding]);
            if (_backward)
            {
                var gradients = torch.autograd.grad([y], [_torchX, _torchW], [_torchDy]);
                _theirs = Copy(gradients[1]);
            }
            else if (_theirs.Length == 0)
            {
                _theirs = Copy(y);
            }
        }

        /// <summary>Of the filter's gradient where there is one: that of the images is right or not by chance (TorchModules.Convolve3x3).</summary>
        public override double Disagreement() => Compare(_device.Download(_backward ? _dw.Slice : _y.Slice), _theirs);

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[] { _x, _w, _y, _dy, _dx, _dw, _torchX, _torchW, _torchDy })
            {
                owned.Dispose();
            }
        }

        /// <summary>Channels last, as ours lie.</summary>
        private static float[] Copy(torch.Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
    }
}
