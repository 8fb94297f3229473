using DPT.Engine.Kernels;
using TorchSharp;

namespace Perf;

/// <summary>Matrix products: squares, and the linear layers of the presets' networks and of U-ViT-S, -M and -L.</summary>
internal static class MatMulCases
{
    private static readonly int[] Squares = [256, 512, 1024, 2048];

    /// <summary>Tokens of a batch and what goes through them: images by tokens, the width, its MLP's, and long skips.</summary>
    private static readonly (int Rows, int Width, int Hidden, bool Skips)[] Networks =
    [
        (148 * 17, 96, 192, false), // the presets' classifier
        (64 * 18, 128, 512, true), // the presets' U-ViT
        (4096, 128, 512, false),
        (32 * 18, 256, 1024, false),
        (32 * 66, 256, 1024, true),
        (8 * 257, 512, 2048, true), // U-ViT-S
        (8 * 257, 768, 3072, true), // U-ViT-M
        (8 * 257, 1024, 4096, true), // U-ViT-L
        (32 * 257, 512, 2048, false),
    ];

    /// <summary>Every linear layer forward (NT), its input's gradient (NN) and its weight's (TN).</summary>
    public static IEnumerable<(string Name, Func<Comparison> Open)> All(HostDevice device)
    {
        var squares = Squares.Select(n => (Rows: n, Outputs: n, Inputs: n));
        foreach (var (rows, outputs, inputs) in squares.Concat(Networks.SelectMany(Layers)))
        {
            yield return Case(device, rows, outputs, inputs, transposeA: false, transposeB: true);
            yield return Case(device, rows, inputs, outputs, transposeA: false, transposeB: false);
            yield return Case(device, outputs, inputs, rows, transposeA: true, transposeB: false);
        }
    }

    /// <summary>Query, key and value at once; projection; the MLP's two; and what joins a skip with its block's input.</summary>
    private static IEnumerable<(int Rows, int Outputs, int Inputs)> Layers(
        (int Rows, int Width, int Hidden, bool Skips) network)
    {
        var (rows, width, hidden, skips) = network;
        yield return (rows, 3 * width, width);
        yield return (rows, width, width);
        yield return (rows, hidden, width);
        yield return (rows, width, hidden);
        if (skips)
        {
            yield return (rows, width, 2 * width);
        }
    }

    private static (string Name, Func<Comparison> Open) Case(
        HostDevice device, int m, int n, int k, bool transposeA, bool transposeB)
    {
        var name = $"matmul [{m}x{k}]x[{k}x{n}] {(transposeA ? 'T' : 'N')}{(transposeB ? 'T' : 'N')}";
        return (name, () => new MatMulComparison(device, m, n, k, transposeA, transposeB));
    }

    private sealed class MatMulComparison : Comparison
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

        public MatMulComparison(HostDevice device, int m, int n, int k, bool transposeA, bool transposeB)
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

        public override double Work => _call.Flops;

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
    }
}
