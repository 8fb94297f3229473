using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What cases alone do not show of attention in bf16: long sequences, exact sums, huge scores, and neighbours.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class AttentionBf16Tests
{
    private const int Heads = 3;

    public static IEnumerable<TestCaseData> Forwards() => AttentionOperators.ForwardBf16.Variants
        .Select(v => new TestCaseData(v).SetArgDisplayNames(AttentionOperators.ForwardBf16.IdOf(v)));

    public static IEnumerable<TestCaseData> Backwards() => AttentionOperators.BackwardBf16.Variants
        .Select(v => new TestCaseData(v).SetArgDisplayNames(AttentionOperators.BackwardBf16.IdOf(v)));

    /// <summary>Many stages, and a block's warps of which the last have no row.</summary>
    [TestCase("v2-mma-sync")]
    [TestCase("v5-warp-groups")]
    public void Forward_OfALongSequence_IsTheReference(string variant) => Assert.That(
        Prove(variant, AttentionOperators.ForwardBf16, new AttentionCase(1, 1026, 1, 32).ForwardBf16(saveLogSumExp: true)), Is.Empty);

    [TestCase("v2-mma-sync")]
    [TestCase("v5-warp-groups")]
    public void Backward_OfALongSequence_IsTheReference(string variant) => Assert.That(
        Prove(variant, AttentionOperators.BackwardBf16, new AttentionCase(1, 1026, 1, 32).BackwardBf16()), Is.Empty);

    /// <summary>The bound of cases allows for rounded probabilities. The sum behind the log-sum-exp is of those that are not.</summary>
    [TestCaseSource(nameof(Forwards))]
    public void LogSumExp_IsThatOfFloats(KernelVariant variant)
    {
        using var device = Open(variant);
        var kernelCase = new AttentionCase(1, 83, 2, 64).ForwardBf16(saveLogSumExp: true);
        var values = new CaseValues(kernelCase, 3);
        using var memory = new CaseMemory(device, kernelCase, values);
        kernelCase.Launch(device, variant, memory);
        kernelCase.Truth(values);
        Assert.That(
            ErrorStats.Compare(memory.Read("lse"), values["lse"], new Tolerance { Terms = 83 + 64 }).Share, Is.LessThanOrEqualTo(1));
    }

    /// <summary>All scores are the same, beyond what an exponential or the rounding error of a fused product can bear: a mean of values.</summary>
    [TestCaseSource(nameof(Forwards))]
    public void Forward_OfEqualHugeScores_IsTheMeanOfTheValues(KernelVariant variant)
    {
        const int Tokens = 70, Size = 32;
        using var device = Open(variant);
        var (output, logSumExp) = Run(device, variant, Tokens, Size, (part, token, _, c) => part == 2 ? token + (c / 32f) : 133120);
        Assert.Multiple(() =>
        {
            for (var i = 0; i < output.Length; i++)
            {
                var mean = ((Tokens - 1) / 2.0) + (i % Size / 32.0);
                Assert.That(output[i].ToSingle(), Is.EqualTo(mean).Within(mean * 4 * BFloat16.UnitRoundoff), $"{i}");
            }

            Assert.That(logSumExp, Is.All.EqualTo(133120.0 * 133120 * Math.Sqrt(Size)).Within(1e-5).Percent);
        });
    }

    /// <summary>Nothing is the largest: there is no result, and no log-sum-exp.</summary>
    [TestCaseSource(nameof(Forwards))]
    public void Forward_WhereEveryScoreIsMinusInfinity_IsNaN(KernelVariant variant)
    {
        using var device = Open(variant);
        foreach (var tokens in new[] { 1, 65 })
        {
            var (output, logSumExp) = Run(
                device, variant, tokens, 32, (part, _, _, c) => c == 1 && part < 2 ? part == 0 ? 1 : float.NegativeInfinity : 0.5f);
            Assert.That(output.Select(x => x.ToSingle()), Is.All.NaN, $"L={tokens}");
            Assert.That(logSumExp, Is.All.NaN, $"log-sum-exp, L={tokens}");
        }
    }

    /// <summary>What is seen first counts nothing, whatever it is relative to.</summary>
    [TestCaseSource(nameof(Forwards))]
    public void Forward_WhoseFirstScoresAreMinusInfinity_IsTheMeanOfTheOtherValues(KernelVariant variant)
    {
        using var device = Open(variant);
        var (output, _) = Run(device, variant, 70, 32, (part, token, _, c) => part switch
        {
            0 => 1,
            1 => c == 1 && token < 64 ? float.NegativeInfinity : 0.5f,
            _ => token + (c / 32f),
        });
        for (var i = 0; i < output.Length; i++)
        {
            Assert.That(output[i].ToSingle(), Is.EqualTo(66.5 + (i % 32 / 32.0)).Within(1).Percent, $"{i}");
        }
    }

    /// <summary>One head after the other becomes NaN; the others keep their bits.</summary>
    [TestCaseSource(nameof(Forwards))]
    public void Head_BesideOneThatIsNaN_KeepsItsBits(KernelVariant variant)
    {
        using var device = Open(variant);
        foreach (var (tokens, size) in ShapesOf(variant))
        {
            var whole = Outputs(-1);
            for (var broken = 0; broken < Heads; broken++)
            {
                foreach (var ((head, bits), (_, changed)) in whole.Zip(Outputs(broken)))
                {
                    Assert.That(
                        head == broken ? BFloat16.Round(float.NaN) : bits, Is.EqualTo(changed), $"L={tokens} d={size} head {head} beside {broken}");
                }
            }

            IEnumerable<(int Head, BFloat16 Value)> Outputs(int broken) => Run(
                    device, variant, tokens, size, (part, token, head, c) => head == broken ? float.NaN : Mixed(part, token, head, c))
                .Output.Select((value, i) => (i / size % Heads, value));
        }
    }

    /// <summary>One head after the other becomes NaN in all that is read; the others keep their bits.</summary>
    [TestCaseSource(nameof(Backwards))]
    public void GradientOfAHead_BesideOneThatIsNaN_KeepsItsBits(KernelVariant variant)
    {
        using var device = Open(variant);
        foreach (var (tokens, size) in ShapesOf(variant))
        {
            var whole = Gradients(-1);
            for (var broken = 0; broken < Heads; broken++)
            {
                foreach (var ((head, bits), (_, changed)) in whole.Zip(Gradients(broken)))
                {
                    Assert.That(
                        head == broken ? BFloat16.Round(float.NaN) : bits, Is.EqualTo(changed), $"L={tokens} d={size} head {head} beside {broken}");
                }
            }

            (int Head, BFloat16 Value)[] Gradients(int broken)
            {
                using var qkv = device.Upload<BFloat16>(Packed(tokens, size, Value));
                using var output = device.Upload<BFloat16>(Plain(3));
                using var dOutput = device.Upload<BFloat16>(Plain(4));
                using var logSumExp = device.Upload<float>(
                    [.. Enumerable.Range(0, Heads * tokens).Select(i => i / tokens == broken ? float.NaN : MathF.Log(tokens))]);
                using var gradient = device.Allocate<BFloat16>(3 * tokens * Heads * size);
                ((KernelVariant<AttentionBackwardBf16Call>)variant).Launch(device, new AttentionBackwardBf16Call
                {
                    Dims = new(1, tokens, Heads, size),
                    Qkv = qkv.Slice,
                    Output = output.Slice,
                    LogSumExp = logSumExp.Slice,
                    OutputGradient = dOutput.Slice,
                    QkvGradient = gradient.Slice,
                });
                return [.. device.Download(gradient.Slice).Select((value, i) => (i / size % Heads, value))];

                float Value(int part, int token, int head, int c) => head == broken ? float.NaN : Mixed(part, token, head, c);

                BFloat16[] Plain(int part) => [.. Enumerable.Range(0, tokens * Heads * size).Select(
                    i => BFloat16.Round(Value(part, i / (Heads * size), i / size % Heads, i % size)))];
            }
        }
    }

    /// <summary>
    /// A key that no query sees, with scores of minus infinity: beyond the last query rows are zero, and their scores with it are NaN. They
    /// must be left out of its value's gradient.
    /// </summary>
    [TestCaseSource(nameof(Backwards))]
    public void Gradient_OfAKeyThatNobodySees_KnowsNoQueriesBehindTheLast(KernelVariant variant)
    {
        const int Tokens = 17, Size = 32, Elements = Tokens * Heads * Size, Unseen = 3;
        using var device = Open(variant);
        using var qkv = device.Upload<BFloat16>(
            Packed(Tokens, Size, (part, token, _, c) => part == 1 && token == Unseen && c == 0 ? float.NegativeInfinity : part == 0 ? 1 : 0.5f));
        using var output = device.Upload<BFloat16>([.. Enumerable.Repeat(BFloat16.Round(0.5f), Elements)]);
        using var logSumExp = device.Upload<float>(
            [.. Enumerable.Repeat((float)((0.5 * Math.Sqrt(Size)) + Math.Log(Tokens - 1)), Tokens * Heads)]);
        using var gradient = device.Allocate<BFloat16>(3 * Elements);
        ((KernelVariant<AttentionBackwardBf16Call>)variant).Launch(device, new AttentionBackwardBf16Call
        {
            Dims = new(1, Tokens, Heads, Size),
            Qkv = qkv.Slice,
            Output = output.Slice,
            LogSumExp = logSumExp.Slice,
            OutputGradient = output.Slice,
            QkvGradient = gradient.Slice,
        });
        var values = device.Download(gradient.Slice).Chunk(Heads * Size).Where((_, i) => i % 3 == 2).ToList();
        Assert.That(values[Unseen].Select(g => g.ToSingle()), Is.All.Zero);
        Assert.That(values[Unseen + 1].Select(g => g.ToSingle()), Is.All.EqualTo(0.5f * Tokens / (Tokens - 1)).Within(0.01));
    }

    /// <summary>
    /// Beyond the last key rows are zero, and so are their scores: beside scores of -362 their powers are infinite, unless they are left out.
    /// </summary>
    [TestCaseSource(nameof(Backwards))]
    public void Gradient_OfVeryNegativeScores_KnowsNoKeysBehindTheLast(KernelVariant variant)
    {
        const int Tokens = 17, Size = 32, Elements = Tokens * Heads * Size;
        using var device = Open(variant);
        using var qkv = device.Upload<BFloat16>(
            Packed(Tokens, Size, (part, token, head, c) => part == 0 ? 8 : part == 1 ? -8 : Mixed(part, token, head, c)));
        using var output = device.Upload<BFloat16>(Filled(0.25f));
        using var dOutput = device.Upload<BFloat16>(Filled(0.5f));
        using var logSumExp = device.Upload<float>(
            [.. Enumerable.Repeat((float)((-64 * Math.Sqrt(Size)) + Math.Log(Tokens)), Tokens * Heads)]);
        using var gradient = device.Allocate<BFloat16>(3 * Elements);
        ((KernelVariant<AttentionBackwardBf16Call>)variant).Launch(device, new AttentionBackwardBf16Call
        {
            Dims = new(1, Tokens, Heads, Size),
            Qkv = qkv.Slice,
            Output = output.Slice,
            LogSumExp = logSumExp.Slice,
            OutputGradient = dOutput.Slice,
            QkvGradient = gradient.Slice,
        });
        float[] numbers = [.. device.Download(gradient.Slice).Select(g => g.ToSingle())];
        Assert.Multiple(() =>
        {
            Assert.That(numbers, Is.All.Matches<float>(float.IsFinite));
            Assert.That(
                numbers.Where((_, i) => i / (Heads * Size) % 3 == 2), Is.All.EqualTo(0.5f).Within(0.01), "every value is in the mean of every row");
        });

        static BFloat16[] Filled(float value) => [.. Enumerable.Repeat(BFloat16.Round(value), Elements)];
    }

    /// <summary>
    /// One below, at and one above strips of 16, pieces of 64, and the rows of one block and of two, up to the most that there is room for.
    /// </summary>
    [Test]
    public void ShortSequence_OfAnyLength_IsTheReference([Values(15, 49, 63, 79, 159, 161, 192, 319, 320)] int tokens) =>
        Assert.That(ProveShort(tokens, 32), Is.Empty);

    /// <summary>The sequences of a U-ViT, at head sizes with other warps and strips.</summary>
    [TestCase(64, 64)]
    [TestCase(65, 72)]
    [TestCase(256, 128)]
    [TestCase(257, 72)]
    [TestCase(258, 96)]
    [TestCase(320, 64)]
    public void ShortSequence_OfAnyHead_IsTheReference(int tokens, int size) => Assert.That(ProveShort(tokens, size), Is.Empty);

    /// <summary>Lengths around what one warp, all warps and two strips each have, with a head of its own for every block and two places.</summary>
    [TestCase(1, 143, 1, 32)]
    [TestCase(1, 145, 2, 32)]
    [TestCase(1, 287, 1, 32)]
    [TestCase(1, 288, 1, 64)]
    [TestCase(133, 33, 1, 32)]
    [TestCase(67, 16, 8, 32)]
    public void NextHead_OfAnyLengthAndNumberOfHeads_IsTheReference(int batch, int tokens, int heads, int size) => Assert.That(
        Prove("v4-next-head", AttentionOperators.ForwardBf16, new AttentionCase(batch, tokens, heads, size).ForwardBf16(saveLogSumExp: true)),
        Is.Empty);

    /// <summary>
    /// Keys by 96 and by 128, of the last tile one, all but one and all; a last block with rows for one group, for both and a single one; and
    /// rings that come round, at head sizes with one box of channels and with two, and more than one head.
    /// </summary>
    [TestCase(1, 193, 1, 32)]
    [TestCase(1, 321, 2, 32)]
    [TestCase(1, 383, 1, 64)]
    [TestCase(1, 385, 1, 64)]
    [TestCase(1, 512, 1, 32)]
    [TestCase(2, 192, 1, 72)]
    [TestCase(1, 289, 1, 72)]
    [TestCase(1, 289, 1, 96)]
    [TestCase(1, 384, 1, 96)]
    [TestCase(1, 289, 1, 128)]
    [TestCase(1, 384, 1, 128)]
    public void WarpGroups_OfAnyLength_IsTheReference(int batch, int tokens, int heads, int size) => Assert.That(
        Prove("v5-warp-groups", AttentionOperators.ForwardBf16, new AttentionCase(batch, tokens, heads, size).ForwardBf16(saveLogSumExp: true)),
        Is.Empty);

    /// <summary>
    /// Rows of the other side by 96 and by 64, of the last tile one, all but one and all; rings that come round; an odd number of tokens, whose
    /// figures take one more; a last block with rows for one group and for both; more than one head.
    /// </summary>
    [TestCase(1, 193, 2, 32)]
    [TestCase(1, 192, 1, 64)]
    [TestCase(1, 287, 1, 64)]
    [TestCase(2, 129, 1, 72)]
    [TestCase(1, 191, 1, 96)]
    [TestCase(1, 256, 1, 72)]
    public void WarpGroupsBackwards_OfAnyLength_AreTheReference(int batch, int tokens, int heads, int size) => Assert.That(
        Prove("v5-warp-groups", AttentionOperators.BackwardBf16, new AttentionCase(batch, tokens, heads, size).BackwardBf16()), Is.Empty);

    /// <summary>Lengths around what one strip and two strips for each warp are, and one that leaves a strip to other warps on each side.</summary>
    [TestCase(127, 32)]
    [TestCase(129, 32)]
    [TestCase(273, 32)]
    [TestCase(288, 64)]
    public void WholeHead_OfAnyLength_IsTheReference(int tokens, int size) => Assert.That(
        Prove("v4-whole-head", AttentionOperators.BackwardBf16, new AttentionCase(1, tokens, 1, size).BackwardBf16()), Is.Empty);

    [TestCase(32, 17, "v4-next-head", "v4-whole-head")]
    [TestCase(64, 288, "v4-next-head", "v4-whole-head")]
    [TestCase(64, 289, "v3-short", "v3-short")]
    [TestCase(72, 320, "v3-short", "v3-short")]
    [TestCase(128, 256, "v3-short", "v3-short")]
    [TestCase(32, 321, "v5-warp-groups", "v5-warp-groups")]
    [TestCase(96, 321, "v5-warp-groups", "v5-warp-groups")]
    [TestCase(128, 257, "v5-warp-groups", "v2-mma-sync")]
    [TestCase(24, 17, "v1-naive", "v1-naive")]
    [TestCase(80, 321, "v1-naive", "v1-naive")]
    public void Default_OnTheGpu_ShortSequencesAndHeadSizesOfTensorCoresGoToTheirs(int size, int tokens, string name, string ofGradient)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        var call = new AttentionForwardBf16Call { Dims = new(2, tokens, 4, size), Qkv = default, Output = default };
        var gradient = new AttentionBackwardBf16Call
        {
            Dims = call.Dims, Qkv = default, Output = default, LogSumExp = default, OutputGradient = default, QkvGradient = default,
        };
        Assert.Multiple(() =>
        {
            Assert.That(device.Selection.Resolve(AttentionOperators.ForwardBf16, in call, device).Name, Is.EqualTo(name));
            Assert.That(device.Selection.Resolve(AttentionOperators.BackwardBf16, in gradient, device).Name, Is.EqualTo(ofGradient));
        });
    }

    [TestCase(24, 17, "head size 24; it serves 32, 64, 72, 96, 128")]
    [TestCase(32, 321, "321 tokens; of heads of 32 it serves up to 320")]
    [TestCase(128, 257, "257 tokens; of heads of 128 it serves up to 256")]
    public void Short_OfWhatDoesNotFit_SaysWhy(int size, int tokens, string reason)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        var call = new AttentionForwardBf16Call { Dims = new(2, tokens, 4, size), Qkv = default, Output = default };
        Assert.That(new AttentionForwardBf16V3Short().Supports(in call, device, out var said), Is.False);
        Assert.That(said, Is.EqualTo(reason));
    }

    [TestCase(2, 24, 17, "head size 24; it serves 32, 64, 72, 96, 128")]
    [TestCase(2, 72, 17, "head size 72; it serves up to 64")]
    [TestCase(2, 64, 289, "289 tokens; it serves up to 288")]
    [TestCase(1 << 28, 32, 1, "1073741824 heads; it serves up to 1073741823")]
    public void Whole_OfWhatDoesNotFit_SaysWhy(int batch, int size, int tokens, string reason)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        var call = new AttentionForwardBf16Call { Dims = new(batch, tokens, 4, size), Qkv = default, Output = default };
        var gradient = new AttentionBackwardBf16Call
        {
            Dims = call.Dims, Qkv = default, Output = default, LogSumExp = default, OutputGradient = default, QkvGradient = default,
        };
        Assert.Multiple(() =>
        {
            Assert.That(new AttentionForwardBf16V4NextHead().Supports(in call, device, out var said), Is.False);
            Assert.That(said, Is.EqualTo(reason));
            Assert.That(new AttentionBackwardBf16V4WholeHead().Supports(in gradient, device, out said), Is.False);
            Assert.That(said, Is.EqualTo(reason));
        });
    }

    private static IEnumerable<string> ProveShort(int tokens, int size)
    {
        var attention = new AttentionCase(1, tokens, 1, size);
        return
        [
            .. Prove("v3-short", AttentionOperators.ForwardBf16, attention.ForwardBf16(saveLogSumExp: true)),
            .. Prove("v3-short", AttentionOperators.BackwardBf16, attention.BackwardBf16()),
        ];
    }

    private static IReadOnlyList<string> Prove(string variant, Operator op, KernelCase kernelCase)
    {
        using var device = new SimDevice(selection: new KernelSelection());
        return KernelProver.Prove(device, op, op.Variants.Single(v => v.Name == variant), kernelCase);
    }

    private static Device Open(KernelVariant variant) => variant is IGpuVariant
        ? new SimDevice(architecture: variant.MinArchitecture(), selection: new KernelSelection())
        : new HostDevice(threads: 2, selection: new KernelSelection());

    /// <param name="device">Where.</param>
    /// <param name="variant">A variant of the forward pass.</param>
    /// <param name="tokens">Tokens of the only sequence.</param>
    /// <param name="size">Width of a head.</param>
    /// <param name="value">Of queries (part 0), keys (1) and values (2) by token, head and channel.</param>
    private static (BFloat16[] Output, float[] LogSumExp) Run(
        Device device, KernelVariant variant, int tokens, int size, Func<int, int, int, int, float> value)
    {
        using var qkv = device.Upload<BFloat16>(Packed(tokens, size, value));
        using var output = device.Allocate<BFloat16>(tokens * Heads * size);
        using var logSumExp = device.Allocate<float>(tokens * Heads);
        ((KernelVariant<AttentionForwardBf16Call>)variant).Launch(device, new AttentionForwardBf16Call
        {
            Dims = new(1, tokens, Heads, size),
            Qkv = qkv.Slice,
            Output = output.Slice,
            LogSumExp = logSumExp.Slice,
        });
        return (device.Download(output.Slice), device.Download(logSumExp.Slice));
    }

    private static BFloat16[] Packed(int tokens, int size, Func<int, int, int, int, float> value) =>
        [.. Enumerable.Range(0, tokens * 3 * Heads * size).Select(i => BFloat16.Round(
            value(i / (Heads * size) % 3, i / (3 * Heads * size), i / size % Heads, i % size)))];

    /// <summary>Shapes that it serves: the fourth variants keep whole heads, which fit up to 64.</summary>
    private static (int Tokens, int Size)[] ShapesOf(KernelVariant variant) =>
        variant.Name.StartsWith("v4", StringComparison.Ordinal) ? [(1, 32), (17, 64), (65, 64)] : [(1, 32), (17, 72), (65, 96)];

    /// <summary>Numbers in (-1, 1) without a pattern.</summary>
    private static float Mixed(int part, int token, int head, int c) =>
        MathF.Sin((part * 7919) + (token * 104.729f) + (head * 35.1f) + (c * 12.99709f));
}
