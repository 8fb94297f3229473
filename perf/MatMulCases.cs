using DPT.Engine.Kernels;
using TorchSharp;

namespace Perf;

/// <summary>Matrix products: square, and those of a small transformer (tokens by widths), forward and gradients.</summary>
internal static class MatMulCases
{
    private static readonly (int M, int N, int K)[] Shapes =
        [(4096, 512, 128), (2112, 1024, 256), (1024, 1024, 1024)];

    public static IEnumerable<(string Name, Func<Contest> Open)> All(HostDevice device)
    {
        foreach (var (m, n, k) in Shapes)
        {
            yield return Case(device, m, n, k, transposeA: false, transposeB: false, "");
            yield return Case(device, m, n, k, transposeA: false, transposeB: true, "");
            yield return Case(device, m, n, k, transposeA: true, transposeB: false, "");
        }

        // The gradients of the first two as linear layers: by their inputs and by their weights.
        foreach (var (rows, width, inputs) in Shapes[..2])
        {
            yield return Case(device, rows, inputs, width, transposeA: false, transposeB: false, " dX");
            yield return Case(device, width, inputs, rows, transposeA: true, transposeB: false, " dW");
        }
    }

    private static (string Name, Func<Contest> Open) Case(
        HostDevice device, int m, int n, int k, bool transposeA, bool transposeB, string suffix)
    {
        var name = $"matmul [{m}x{k}]x[{k}x{n}] {(transposeA ? 'T' : 'N')}{(transposeB ? 'T' : 'N')}{suffix}";
        return (name, () => new MatMulContest(device, m, n, k, transposeA, transposeB));
    }

    private sealed class MatMulContest : Contest
    {
        private readonly HostDevice _device;
        private readonly DeviceBuffer<float> _a;
        private readonly DeviceBuffer<float> _b;
        private readonly DeviceBuffer<float> _c;
        private readonly torch.Tensor _torchA;
        private readonly torch.Tensor _torchB;
        private readonly torch.Tensor _viewA;
        private readonly torch.Tensor _viewB;
        private readonly torch.Tensor _torchC;
        private readonly MatMulCall _call;

        public MatMulContest(HostDevice device, int m, int n, int k, bool transposeA, bool transposeB)
        {
            _device = device;
            var a = Normal(m * k, 1);
            var b = Normal(k * n, 2);
            _a = device.Upload<float>(a);
            _b = device.Upload<float>(b);
            _c = device.Allocate<float>((long)m * n);
            _torchA = torch.tensor(a, [transposeA ? k : m, transposeA ? m : k]);
            _torchB = torch.tensor(b, [transposeB ? n : k, transposeB ? k : n]);
            _viewA = transposeA ? _torchA.t() : _torchA.view(m, k);
            _viewB = transposeB ? _torchB.t() : _torchB.view(k, n);
            _torchC = torch.zeros(m, n);
            _call = new MatMulCall
            {
                M = m,
                N = n,
                K = k,
                TransposeA = transposeA,
                TransposeB = transposeB,
                A = _a.Slice,
                B = _b.Slice,
                C = _c.Slice,
            };
            Tolerance = 1e-6 * Math.Sqrt(k);
        }

        public override double Flops => _call.Flops;

        public override double Tolerance { get; }

        public override void Ours() => _device.Run(MatMulOperators.MatMul, in _call);

        // In place, so that neither side is charged for fresh memory.
        public override void Theirs() => _torchC.addmm_(_viewA, _viewB, beta: 0, alpha: 1);

        public override double Disagreement() => Compare(_device.Download(_c.Slice), _torchC.data<float>().ToArray());

        public override void Dispose()
        {
            foreach (var owned in new IDisposable[] { _a, _b, _c, _viewA, _viewB, _torchA, _torchB, _torchC })
            {
                owned.Dispose();
            }
        }

        private static float[] Normal(int count, int seed)
        {
            var random = new Random(seed);
            var values = new float[count];
            for (var i = 0; i < count; i++)
            {
                values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                    * Math.Cos(2 * Math.PI * random.NextDouble()));
            }

            return values;
        }
    }
}
