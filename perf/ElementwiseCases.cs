using DPT.Engine.Kernels;
using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Perf;

/// <summary>LayerNorm and GELU, forward alone and with the gradient, on the activations of small transformers.</summary>
internal static class ElementwiseCases
{
    private static readonly (int Rows, int Width)[] Norms = [(2516, 96), (1152, 128), (2080, 256), (8224, 512)];
    private static readonly (int Rows, int Width)[] Activations =
        [(2516, 192), (1152, 512), (2080, 1024), (8224, 2048)];

    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        foreach (var backward in new[] { false, true })
        {
            var suffix = backward ? " forward+backward" : " forward";
            foreach (var (rows, width) in Norms)
            {
                yield return ($"layernorm [{rows}x{width}]{suffix}", () => new LayerNormComparison(device, rows, width, backward));
            }

            foreach (var (rows, width) in Activations)
            {
                yield return ($"gelu [{rows}x{width}]{suffix}", () => new GeluComparison(device, rows, width, backward));
            }
        }
    }

    /// <summary>A function of one array with the gradient of its input.</summary>
    private abstract class FunctionComparison : Comparison
    {
        private readonly TorchTensor _torchX;
        private readonly TorchTensor _torchGradient;
        private TorchTensor _torchY = torch.zeros(0);

        protected FunctionComparison(HostDevice device, int rows, int width, bool backward)
        {
            (Device, Backward) = (device, backward);
            var (x, gradient) = (Normal(rows * width, 1), Normal(rows * width, 2));
            X = device.Upload<float>(x);
            GradientY = device.Upload<float>(gradient);
            Y = device.Allocate<float>(x.Length);
            GradientX = device.Allocate<float>(x.Length);
            _torchX = torch.tensor(x, [rows, width], requires_grad: backward);
            _torchGradient = torch.tensor(gradient, [rows, width]);
        }

        public sealed override Bound Bound => Bound.Memory;

        public sealed override double Tolerance => 1e-5;

        protected HostDevice Device { get; }

        protected bool Backward { get; }

        protected DeviceBuffer<float> X { get; }

        protected DeviceBuffer<float> GradientY { get; }

        protected DeviceBuffer<float> Y { get; }

        protected DeviceBuffer<float> GradientX { get; }

        public sealed override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            var y = Forward(_torchX);
            if (Backward)
            {
                _torchX.grad = null;
                y.backward([_torchGradient]);
            }

            _torchY.Dispose();
            _torchY = y.detach().MoveToOuterDisposeScope();
        }

        public sealed override double Disagreement()
        {
            var forward = Compare(Device.Download(Y.Slice), _torchY.data<float>().ToArray());
            return Backward
                ? Math.Max(forward, Compare(Device.Download(GradientX.Slice), _torchX.grad!.data<float>().ToArray()))
                : forward;
        }

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[] { X, GradientY, Y, GradientX, _torchX, _torchGradient, _torchY })
            {
                owned.Dispose();
            }
        }

        /// <summary>The function in PyTorch's words.</summary>
        protected abstract TorchTensor Forward(TorchTensor x);
    }

    private sealed class GeluComparison : FunctionComparison
    {
        private readonly ActivationCall _forward;
        private readonly ActivationCall _backward;

        public GeluComparison(HostDevice device, int rows, int width, bool backward)
            : base(device, rows, width, backward)
        {
            _forward = new ActivationCall
            {
                Count = (long)rows * width,
                Function = Activation.Gelu,
                X = X.Slice,
                Y = Y.Slice,
            };
            _backward = _forward with { Gradient = GradientY.Slice, Y = GradientX.Slice };
        }

        public override double Work => _forward.Bytes + (Backward ? _backward.Bytes : 0);

        public override void Ours()
        {
            Device.Run(ElementwiseOperators.Activation, in _forward);
            if (Backward)
            {
                Device.Run(ElementwiseOperators.Activation, in _backward);
            }
        }

        protected override TorchTensor Forward(TorchTensor x) => F.gelu(x);
    }

    private sealed class LayerNormComparison : FunctionComparison
    {
        private const float Epsilon = 1e-5f;

        private readonly DeviceBuffer<float> _gamma;
        private readonly DeviceBuffer<float> _beta;
        private readonly DeviceBuffer<float> _mean;
        private readonly DeviceBuffer<float> _inverse;
        private readonly DeviceBuffer<float> _gradientGamma;
        private readonly DeviceBuffer<float> _gradientBeta;
        private readonly TorchTensor _torchGamma;
        private readonly TorchTensor _torchBeta;
        private readonly LayerNormForwardCall _forward;
        private readonly LayerNormBackwardCall _backward;

        public LayerNormComparison(HostDevice device, int rows, int width, bool backward)
            : base(device, rows, width, backward)
        {
            var (gamma, beta) = (Normal(width, 3), Normal(width, 4));
            (_gamma, _beta) = (device.Upload<float>(gamma), device.Upload<float>(beta));
            (_mean, _inverse) = (device.Allocate<float>(rows), device.Allocate<float>(rows));
            (_gradientGamma, _gradientBeta) = (device.Upload<float>(new float[width]), device.Upload<float>(new float[width]));
            _torchGamma = torch.tensor(gamma, requires_grad: backward);
            _torchBeta = torch.tensor(beta, requires_grad: backward);
            _forward = new LayerNormForwardCall
            {
                Rows = rows,
                Width = width,
                Epsilon = Epsilon,
                X = X.Slice,
                Gamma = _gamma.Slice,
                Beta = _beta.Slice,
                Y = Y.Slice,
                Mean = _mean.Slice,
                InverseDeviation = _inverse.Slice,
            };
            _backward = new LayerNormBackwardCall
            {
                Rows = rows,
                Width = width,
                X = X.Slice,
                Gamma = _gamma.Slice,
                Mean = _mean.Slice,
                InverseDeviation = _inverse.Slice,
                GradientY = GradientY.Slice,
                GradientX = GradientX.Slice,
                GradientGamma = _gradientGamma.Slice,
                GradientBeta = _gradientBeta.Slice,
            };
        }

        public override double Work => _forward.Bytes + (Backward ? _backward.Bytes : 0);

        public override void Ours()
        {
            Device.Run(LayerNormOperators.Forward, in _forward);
            if (Backward)
            {
                Device.Run(LayerNormOperators.Backward, in _backward);
            }
        }

        public override void Dispose()
        {
            base.Dispose();
            foreach (var owned in new IDisposable[]
                { _gamma, _beta, _mean, _inverse, _gradientGamma, _gradientBeta, _torchGamma, _torchBeta })
            {
                owned.Dispose();
            }
        }

        protected override TorchTensor Forward(TorchTensor x) =>
            F.layer_norm(x, [x.shape[1]], _torchGamma, _torchBeta, Epsilon);
    }
}
