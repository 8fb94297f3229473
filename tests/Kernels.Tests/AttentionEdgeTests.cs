using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Attention where a softmax goes wrong that is right on tame logits: far beyond what an exponential of floats can hold, in
/// either sign, equal, or apart by so much that all but one vanish. Every variant, forward and backward, at every width.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class AttentionEdgeTests
{
    private const int Heads = 2;

    private static readonly (int Tokens, int Size)[] Shapes =
        [(1, 1), (1, 32), (2, 32), (5, 3), (2, 72), (33, 32), (70, 32), (1, 4), (33, 24), (5, 68)];

    private static readonly Edge[] Edges =
    [
        new("one number", (_, _, _) => 133120) { AreApart = true },
        new("one number against its negative", (part, _, _) => part == 1 ? -133120 : 133120) { AreApart = true },
        new("one huge number", (part, _, _) => part == 2 ? 3 : 1e17) { AreApart = true },
        Whole(-40),
        Whole(0),
        Whole(2),
        Whole(10) with { AreApart = true },
        Whole(30) with { AreApart = true },
        Whole(55) with { AreApart = true },
        new("products beyond a float below zero, at the front", (part, token, c) => part switch
        {
            0 => 1e25,
            1 => token % 65 < 32 ? -1e25 : 0,
            _ => Mixed(part, token, c),
        }) { AreApart = true, MinTokens = 33 },
        new("products beyond a float below zero, at the end", (part, token, c) => part switch
        {
            0 => 1e25,
            1 => token > 20 ? -1e25 : 0,
            _ => Mixed(part, token, c),
        }) { AreApart = true, MinTokens = 33 },
        new("NaN in a query", (part, token, c) => part == 0 && token == 1 && c == 2 ? double.NaN : Mixed(part, token, c))
        {
            MinTokens = 2,
        },
        new("NaN in the last key", (part, token, c) => part == 1 && token == 32 && c == 0 ? double.NaN : Mixed(part, token, c))
        {
            MinTokens = 33,
        },
        new("NaN in a value", (part, token, c) => part == 2 && token == 1 && c == 1 ? double.NaN : Mixed(part, token, c))
        {
            MinTokens = 2,
        },
        new("NaN in a query of zeros", (part, token, c) => part == 0 && token == 0 && c == 0 ? double.NaN : part == 2 ? 1 : 0),
    ];

    public static IEnumerable<TestCaseData> Variants()
    {
        foreach (var op in new Operator[] { AttentionOperators.Forward, AttentionOperators.Backward })
        {
            foreach (var variant in op.Variants)
            {
                if (variant.Targets.HasFlag(DeviceKind.Sim))
                {
                    yield return Case(op, variant, "Sim", () => new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection()));
                }

                foreach (var width in Enum.GetValues<SimdWidth>().Where(_ => variant.Targets.HasFlag(DeviceKind.Host)))
                {
                    yield return Case(op, variant, $"{width}", () => new HostDevice(2, width, new KernelSelection()));
                }
            }
        }

        static TestCaseData Case(Operator op, KernelVariant variant, string where, Func<Device> open) =>
            new TestCaseData(variant, open).SetArgDisplayNames(op.IdOf(variant), where);
    }

    [TestCaseSource(nameof(Variants))]
    public void Variant_OnTheEdges_GivesWhatTheDefinitionGives(KernelVariant variant, Func<Device> open)
    {
        using var device = open();
        var faults = new List<string>();
        var seen = new HashSet<string>();
        foreach (var (tokens, size) in Shapes)
        {
            foreach (var edge in Edges.Where(e => e.MinTokens <= tokens))
            {
                var problem = new Problem(edge, tokens, size);
                var pairs = variant is KernelVariant<AttentionForwardCall> forward
                    ? problem.Forward(device, forward)
                    : problem.Backward(device, (KernelVariant<AttentionBackwardCall>)variant);
                faults.AddRange(pairs.Where(p => !p.Holds).Take(3).Select(p => $"{edge.Name}, L={tokens} d={size}: {p}"));
                seen.UnionWith(pairs.Count > 0 ? [edge.Name] : []);
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
            Assert.That(seen, Is.EquivalentTo(Edges.Select(e => e.Name)), "an edge that no supported shape has");
        });
    }

    /// <summary>Nothing is the largest: there is no result, and no log-sum-exp.</summary>
    [TestCaseSource(nameof(Variants))]
    public void Forward_WhereEveryScoreIsMinusInfinity_IsNaN(KernelVariant variant, Func<Device> open)
    {
        if (variant is not KernelVariant<AttentionForwardCall> forward)
        {
            return;
        }

        using var device = open();
        foreach (var tokens in new[] { 1, 33 })
        {
            const int Size = 32;
            using var qkv = device.Upload<float>([.. Enumerable.Range(0, tokens * 3 * Size).Select(
                i => i % (3 * Size) is var c && c == Size + 1 ? float.NegativeInfinity : c == 1 ? 1 : (float)Mixed(0, 0, i))]);
            using var output = device.Allocate<float>(tokens * Size);
            using var logSumExp = device.Allocate<float>(tokens);
            forward.Launch(device, new AttentionForwardCall
            {
                Dims = new(1, tokens, 1, Size),
                Qkv = qkv.Slice,
                Output = output.Slice,
                LogSumExp = logSumExp.Slice,
            });
            Assert.That(device.Download(output.Slice), Is.All.NaN, $"L={tokens}");
            Assert.That(device.Download(logSumExp.Slice), Is.All.NaN, $"log-sum-exp, L={tokens}");
        }
    }

    /// <summary>
    /// Queries and keys are small whole numbers times a power of two, so that every product and sum is exact, equal logits are
    /// equal, and different ones differ by at least 4^exponent / sqrt(d).
    /// </summary>
    private static Edge Whole(int exponent) => new($"whole numbers times 2^{exponent}", (part, token, c) =>
        part == 2 ? Mixed(part, token, c) : Math.ScaleB(Math.Round(4 * Mixed(part, token, c)), exponent));

    /// <summary>Numbers in [-1, 1) without a pattern.</summary>
    private static double Mixed(int part, int token, int c)
    {
        var bits = (uint)((part * 7919) + (token * 104729) + (c * 1299709) + 1) * 2654435761;
        bits = (bits ^ (bits >> 15)) * 2246822519;
        return ((bits ^ (bits >> 13)) / (double)(1L << 31)) - 1;
    }

    /// <summary>Values of queries (part 0), keys (1) and values (2) by token and channel.</summary>
    private sealed record Edge(string Name, Func<int, int, int, double> Value)
    {
        /// <summary>Whether different logits are so far apart that only the largest ones count.</summary>
        public bool AreApart { get; init; }

        public int MinTokens { get; init; } = 1;
    }

    private readonly record struct Pair(string Name, int Row, int Channel, double Actual, double Expected, double Limit)
    {
        public bool Holds => double.IsNaN(Expected) ? double.IsNaN(Actual) : Math.Abs(Actual - Expected) <= Limit;

        public override string ToString() => $"{Name}[{Row}][{Channel}] is {Actual:g9}, should be {Expected:g9} +- {Limit:g3}";
    }

    /// <summary>Two heads of one sequence; the second sees the tokens in reverse order.</summary>
    private sealed class Problem
    {
        private static readonly string[] Parts = ["dq", "dk", "dv"];

        private readonly int _tokens;
        private readonly int _size;
        private readonly float[] _qkv;
        private readonly float[] _dOutput;
        private readonly AttentionTruth[] _truths;

        public Problem(Edge edge, int tokens, int size)
        {
            (_tokens, _size) = (tokens, size);
            _qkv = new float[tokens * 3 * Heads * size];
            _dOutput = new float[tokens * Heads * size];
            for (var token = 0; token < tokens; token++)
            {
                for (var head = 0; head < Heads; head++)
                {
                    for (var c = 0; c < size; c++)
                    {
                        var number = head == 0 ? token : tokens - 1 - token;
                        for (var part = 0; part < 3; part++)
                        {
                            _qkv[Packed(part, head, token) + c] = (float)edge.Value(part, number, c);
                        }

                        _dOutput[Plain(head, token) + c] = (float)Mixed(3, number, c);
                    }
                }
            }

            _truths = [.. Enumerable.Range(0, Heads).Select(
                h => new AttentionTruth(Part(_qkv, 0, h), Part(_qkv, 1, h), Part(_qkv, 2, h), edge.AreApart))];
        }

        public List<Pair> Forward(Device device, KernelVariant<AttentionForwardCall> variant)
        {
            using var qkv = device.Upload<float>(_qkv);
            using var output = device.Allocate<float>(_dOutput.Length);
            var call = new AttentionForwardCall
            {
                Dims = new(1, _tokens, Heads, _size),
                Qkv = qkv.Slice,
                Output = output.Slice,
            };
            if (!variant.Supports(in call, device, out _))
            {
                return [];
            }

            variant.Launch(device, in call);
            var actual = device.Download(output.Slice);
            return [.. Enumerable.Range(0, Heads).SelectMany(
                h => Compare($"head {h} output", Rows(actual, h), _truths[h].Output, _truths[h].OutputLimit))];
        }

        public List<Pair> Backward(Device device, KernelVariant<AttentionBackwardCall> variant)
        {
            using var qkv = device.Upload<float>(_qkv);
            using var output = device.Upload<float>(Output());
            using var dOutput = device.Upload<float>(_dOutput);
            using var dQkv = device.Allocate<float>(_qkv.Length);
            var call = new AttentionBackwardCall
            {
                Dims = new(1, _tokens, Heads, _size),
                Qkv = qkv.Slice,
                Output = output.Slice,
                OutputGradient = dOutput.Slice,
                QkvGradient = dQkv.Slice,
            };
            if (!variant.Supports(in call, device, out _))
            {
                return [];
            }

            variant.Launch(device, in call);
            var actual = device.Download(dQkv.Slice);
            var pairs = new List<Pair>();
            for (var head = 0; head < Heads; head++)
            {
                var gradients = _truths[head].Gradients(Rows(_dOutput, head));
                for (var part = 0; part < 3; part++)
                {
                    pairs.AddRange(Compare(
                        $"head {head} {Parts[part]}", Part(actual, part, head), gradients[part].Value, gradients[part].Limit));
                }
            }

            return pairs;
        }

        private static IEnumerable<Pair> Compare(string name, double[][] actual, double[][] expected, double[][] limit) =>
            from row in Enumerable.Range(0, actual.Length)
            from c in Enumerable.Range(0, actual[row].Length)
            select new Pair(name, row, c, actual[row][c], expected[row][c], limit[row][c]);

        /// <summary>What the forward pass would have saved.</summary>
        private float[] Output()
        {
            var output = new float[_dOutput.Length];
            for (var head = 0; head < Heads; head++)
            {
                for (var token = 0; token < _tokens; token++)
                {
                    for (var c = 0; c < _size; c++)
                    {
                        output[Plain(head, token) + c] = (float)_truths[head].Output[token][c];
                    }
                }
            }

            return output;
        }

        private int Packed(int part, int head, int token) => ((((token * 3) + part) * Heads) + head) * _size;

        private int Plain(int head, int token) => ((token * Heads) + head) * _size;

        private double[][] Part(float[] packed, int part, int head) =>
            [.. Enumerable.Range(0, _tokens).Select(t => Row(packed, Packed(part, head, t)))];

        private double[][] Rows(float[] plain, int head) =>
            [.. Enumerable.Range(0, _tokens).Select(t => Row(plain, Plain(head, t)))];

        private double[] Row(float[] values, int at) => Array.ConvertAll(values[at..(at + _size)], v => (double)v);
    }
}
