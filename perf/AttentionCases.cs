using DPT.Engine.Kernels;
using TorchSharp;

namespace Perf;

/// <summary>Attention of small transformers against scaled_dot_product_attention, from the same packed qkv.</summary>
internal static class AttentionCases
{
    private static readonly (int Batch, int Heads, int Tokens, int Size)[] Shapes =
        [(148, 4, 17, 24), (64, 4, 18, 32), (32, 4, 66, 32), (32, 6, 65, 64), (8, 6, 257, 64)];

    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        foreach (var (batch, heads, tokens, size) in Shapes)
        {
            var name = $"attention B{batch} H{heads} L{tokens} d{size} forward";
            yield return (name, () => new AttentionComparison(device, batch, heads, tokens, size, backward: false));
            yield return (
                name + "+backward", () => new AttentionComparison(device, batch, heads, tokens, size, backward: true));
        }
    }

    private sealed class AttentionComparison : Comparison
    {
        private readonly HostDevice _device;
        private readonly bool _backward;
        private readonly DeviceBuffer<float> _qkv;
        private readonly DeviceBuffer<float> _output;
        private readonly DeviceBuffer<float> _outputGradient;
        private readonly DeviceBuffer<float> _qkvGradient;
        private readonly AttentionForwardCall _forwardCall;
        private readonly AttentionBackwardCall _backwardCall;
        private readonly torch.Tensor _torchQkv;
        private readonly torch.Tensor _torchGradient;
        private torch.Tensor _torchOutput;

        public AttentionComparison(HostDevice device, int batch, int heads, int tokens, int size, bool backward)
        {
            _device = device;
            _backward = backward;
            var elements = batch * tokens * heads * size;
            var qkv = Normal(3 * elements, 1);
            var gradient = Normal(elements, 2);
            _qkv = device.Upload<float>(qkv);
            _output = device.Allocate<float>(elements);
            _outputGradient = device.Upload<float>(gradient);
            _qkvGradient = device.Allocate<float>(3 * elements);
            _forwardCall = new AttentionForwardCall
            {
                Dims = new(batch, tokens, heads, size),
                Qkv = _qkv.Slice,
                Output = _output.Slice,
            };
            _backwardCall = new AttentionBackwardCall
            {
                Dims = new(batch, tokens, heads, size),
                Qkv = _qkv.Slice,
                Output = _output.Slice,
                OutputGradient = _outputGradient.Slice,
                QkvGradient = _qkvGradient.Slice,
            };
            _torchQkv = torch.tensor(qkv, [batch, tokens, 3, heads, size], requires_grad: backward);
            _torchGradient = torch.tensor(gradient, [batch, tokens, heads, size]);
            _torchOutput = torch.zeros(0);
        }

        public override double Work => _forwardCall.Flops + (_backward ? _backwardCall.Flops : 0);

        public override double Tolerance => 2e-5;

        public override void Ours()
        {
            _device.Run(AttentionOperators.Forward, in _forwardCall);
            if (_backward)
            {
                _device.Run(AttentionOperators.Backward, in _backwardCall);
            }
        }

        public override void Theirs()
        {
            using var scope = torch.NewDisposeScope();
            var parts = _torchQkv.permute(2, 0, 3, 1, 4).unbind(0);
            var heads = torch.nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]);
            var output = heads.transpose(1, 2);
            if (_backward)
            {
                _torchQkv.grad = null;
                output.backward([_torchGradient]);
            }

            _torchOutput.Dispose();
            _torchOutput = output.detach().MoveToOuterDisposeScope();
        }

        public override double Disagreement()
        {
            using var output = _torchOutput.contiguous();
            var forward = Compare(_device.Download(_output.Slice), output.data<float>().ToArray());
            if (!_backward)
            {
                return forward;
            }

            using var gradient = _torchQkv.grad!.contiguous();
            return Math.Max(forward, Compare(_device.Download(_qkvGradient.Slice), gradient.data<float>().ToArray()));
        }

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[]
                { _qkv, _output, _outputGradient, _qkvGradient, _torchQkv, _torchGradient, _torchOutput })
            {
                owned.Dispose();
            }
        }
    }
}
