using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// A head sees nothing of its neighbours: behind its last channel lies the next head's first, and behind the last head's
/// query the first head's key. One head after the other becomes NaN in everything that a call reads, and what belongs to the
/// other heads keeps its bits.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class AttentionNeighbourTests
{
    private const int Heads = 3;

    private static readonly int[] Lengths = [1, 17, 33, 65];
    private static readonly int[] Sizes = [3, 4, 20, 24, 28, 32, 36, 40, 68, 76, 100, 124];

    public static IEnumerable<TestCaseData> Variants() =>
        from op in new Operator[] { AttentionOperators.Forward, AttentionOperators.Backward }
        from variant in op.Variants
        select new TestCaseData(variant).SetArgDisplayNames(op.IdOf(variant));

    [TestCaseSource(nameof(Variants))]
    public void Head_BesideOneThatIsNaN_KeepsItsBits(KernelVariant variant)
    {
        using Device device = variant is IGpuVariant
            ? new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection())
            : new HostDevice(threads: 2, selection: new KernelSelection());
        var most = variant is AttentionForwardV1Naive or AttentionBackwardV1Naive ? 17 : 65;
        var (served, faults) = (0, new List<string>());
        foreach (var size in Sizes)
        {
            foreach (var tokens in Lengths.Where(l => l <= most))
            {
                var expected = Run(device, variant, tokens, size, broken: -1);
                served += expected.Length;
                for (var broken = 0; broken < Heads && expected.Length > 0; broken++)
                {
                    var actual = Run(device, variant, tokens, size, broken);
                    var others = expected.Zip(actual).Count(p => p.First.Head != broken && p.First != p.Second);
                    var own = actual.Count(v => v.Head == broken && !float.IsNaN(BitConverter.Int32BitsToSingle(v.Bits)));
                    if (others + own > 0)
                    {
                        faults.Add($"L={tokens} d={size} NaN in head {broken}: {others} other numbers change, {own} of its own are none");
                    }
                }
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
            Assert.That(served, Is.Positive);
        });
    }

    /// <summary>All results, each number with the head that it belongs to; none if the shape is not supported.</summary>
    private static (int Head, int Bits)[] Run(Device device, KernelVariant variant, int tokens, int size, int broken)
    {
        var length = tokens * Heads * size;
        using var qkv = device.Upload<float>(Operand(1, 3 * length, size, broken));
        using var output = device.Upload<float>(Operand(2, length, size, broken));
        using var dOutput = device.Upload<float>(Operand(3, length, size, broken));
        using var dQkv = device.Upload<float>(new float[3 * length]);
        using var logSumExp = device.Upload<float>(new float[tokens * Heads]);
        if (variant is KernelVariant<AttentionForwardCall> forward)
        {
            var call = new AttentionForwardCall
            {
                Dims = new(1, tokens, Heads, size),
                Qkv = qkv.Slice,
                Output = output.Slice,
                LogSumExp = logSumExp.Slice,
            };
            if (!forward.Supports(in call, device, out _))
            {
                return [];
            }

            forward.Launch(device, in call);
            return [.. Numbers(device.Download(output.Slice), size), .. Numbers(device.Download(logSumExp.Slice), tokens)];
        }

        var backward = (KernelVariant<AttentionBackwardCall>)variant;
        var gradient = new AttentionBackwardCall
        {
            Dims = new(1, tokens, Heads, size),
            Qkv = qkv.Slice,
            Output = output.Slice,
            OutputGradient = dOutput.Slice,
            QkvGradient = dQkv.Slice,
        };
        if (!backward.Supports(in gradient, device, out _))
        {
            return [];
        }

        backward.Launch(device, in gradient);
        return [.. Numbers(device.Download(dQkv.Slice), size)];
    }

    /// <summary>Normal numbers, and NaN throughout one head.</summary>
    private static float[] Operand(int seed, int length, int size, int broken)
    {
        var random = new Random(seed);
        var values = new float[length];
        for (var i = 0; i < length; i++)
        {
            var normal = DeterministicFill.Normal(random);
            values[i] = HeadOf(i, size) == broken ? float.NaN : (float)normal;
        }

        return values;
    }

    private static IEnumerable<(int Head, int Bits)> Numbers(float[] values, int width) =>
        values.Select((v, i) => (HeadOf(i, width), BitConverter.SingleToInt32Bits(v)));

    private static int HeadOf(int index, int width) => index / width % Heads;
}
