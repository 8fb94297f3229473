using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// A sample has the same bits in whatever batch it is computed, at whatever place in it, on however many threads: every
/// operator that treats samples or rows one by one, at the sizes of real networks. Only sums over the batch may depend on it.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class BatchIndependenceTests
{
    private static readonly int[] Batches = [1, 2, 3, 7, 16];

    public static IEnumerable<TestCaseData> OnHost()
    {
        foreach (var width in Enum.GetValues<SimdWidth>())
        {
            // Without vectors a large network takes minutes, and rows are cut in the same way.
            var sizes = width == SimdWidth.Scalar
                ? new Sizes[] { new(16, 128, 66, 4), new(7, 384, 17, 6) }
                :
                [
                    new(64, 128, 66, 4), new(64, 384, 66, 6), new(16, 384, 258, 6), new(64, 128, 17, 4), new(16, 384, 65, 6),
                    new(64, 128, 1, 4),
                ];
            foreach (var size in sizes)
            {
                foreach (var problem in Problems(size))
                {
                    yield return new TestCaseData(width, size.Batch, problem)
                        .SetArgDisplayNames(problem.Name, size.ToString(), width.ToString());
                }
            }
        }
    }

    public static IEnumerable<TestCaseData> OnSimulator() =>
        from problem in Problems(new Sizes(3, 128, 66, 4))
        from variant in problem.Operator.Variants
        where variant.Targets.HasFlag(DeviceKind.Sim)
        select new TestCaseData(problem, variant).SetArgDisplayNames(problem.Name, variant.Name);

    [TestCaseSource(nameof(OnHost))]
    public void Sample_InAnyBatchOfTheHost_HasTheSameBits(SimdWidth width, int most, SampledOperator problem)
    {
        using var two = new HostDevice(2, width, new KernelSelection());
        using var other = new HostDevice(3, width, new KernelSelection());
        var expected = problem.Run(two, 0, most);
        foreach (var batch in Batches.Where(b => b < most))
        {
            foreach (var first in new[] { 0, (most - batch) / 2, most - batch }.Distinct())
            {
                RequireSame(expected, problem.Run(other, first, batch), first);
            }
        }
    }

    [TestCaseSource(nameof(OnSimulator))]
    public void Sample_InAnyBatchOfTheSimulator_HasTheSameBits(SampledOperator problem, KernelVariant variant)
    {
        var selection = new KernelSelection();
        selection.Choose($"{problem.Operator.Name}={variant.Name}", KernelSelection.Origin.Flag);
        using var device = new SimDevice(selection: selection);
        var expected = problem.Run(device, 0, 3);
        RequireSame(expected, problem.Run(device, 0, 1), 0);
        RequireSame(expected, problem.Run(device, 1, 2), 1);
    }

    /// <summary>A grid that is large enough for another cut takes the simulator minutes.</summary>
    [Test]
    public void Cut_OfASumOnTheGpu_DependsOnRowsOnlyInTheGradientOfAWeight()
    {
        int Runs(int m, int k, bool transposeA) =>
            new SplitK(new MatMulSizes(m, 64, k) { TransposeA = transposeA }, 64, 64, 8, wantedBlocks: 512).Parts;
        Assert.Multiple(() =>
        {
            Assert.That(new[] { 1, 66, 4224, 66048 }.Select(m => Runs(m, 2048, transposeA: false)), Is.All.EqualTo(1));
            Assert.That(Runs(64, 66048, transposeA: true), Is.EqualTo(64));
        });
    }

    private static void RequireSame(float[][] expected, float[][] actual, int first)
    {
        for (var i = 0; i < actual.Length; i++)
        {
            var same = Bits(actual[i]).CommonPrefixLength(Bits(expected[first + i]));
            if (same < expected[first + i].Length)
            {
                Assert.Fail($"sample {first + i} as number {i} of {actual.Length} differs from number {same} of {actual[i].Length} on");
            }
        }
    }

    private static ReadOnlySpan<int> Bits(float[] values) => MemoryMarshal.Cast<float, int>(values);

    private static IEnumerable<SampledOperator> Problems(Sizes size)
    {
        var (_, width, tokens, heads) = size;
        var (elements, patch) = (tokens * width, new PatchGrid(0, 3, 16, 2, 2));
        yield return Product("qkv", tokens, 3 * width, width, (w, call) => call with { Bias = w.Shared(3 * width) });
        yield return Product("project", tokens, width, width, (w, call) => call with
        {
            Bias = w.Shared(width),
            Residual = w.Samples(elements),
        });
        yield return Product("mlp up", tokens, 4 * width, width, (w, call) => call with
        {
            Bias = w.Shared(4 * width),
            Activation = Activation.Gelu,
            PreActivation = w.Result(4 * elements),
        });
        yield return Product("mlp down", tokens, width, 4 * width, (w, call) => call with
        {
            Bias = w.Shared(width),
            Residual = w.Samples(elements),
        });
        yield return Product("skip", tokens, width, width, (w, call) => call with { Accumulate = true });
        yield return Product("head of classes", 1, 10, width, (w, call) => call with { Bias = w.Shared(10) });
        yield return Product("gradient before the activation", tokens, 4 * width, width, (w, call) => call with
        {
            TransposeB = false,
            GradientOf = Activation.Gelu,
            PreActivation = w.Samples(4 * elements),
        });
        yield return Product("gradient of an input", tokens, width, 3 * width, (w, call) => call with { TransposeB = false });

        yield return Of("attention", AttentionOperators.Forward, w => new AttentionForwardCall
        {
            Dims = new(w.Count, tokens, heads, width / heads),
            Qkv = w.Samples(3 * elements),
            Output = w.Result(elements),
        });
        yield return Of("gradient of attention", AttentionOperators.Backward, w => new AttentionBackwardCall
        {
            Dims = new(w.Count, tokens, heads, width / heads),
            Qkv = w.Samples(3 * elements),
            Output = w.Samples(elements),
            OutputGradient = w.Samples(elements),
            QkvGradient = w.Result(3 * elements),
        });
        yield return Of("layer norm", LayerNormOperators.Forward, w => new LayerNormForwardCall
        {
            Rows = w.Count * tokens,
            Width = width,
            Epsilon = 1e-5f,
            X = w.Samples(elements),
            Gamma = w.Shared(width),
            Beta = w.Shared(width),
            Y = w.Result(elements),
            Mean = w.Result(tokens),
            InverseDeviation = w.Result(tokens),
        });
        yield return Of("gradient of layer norm", LayerNormOperators.Backward, w => new LayerNormBackwardCall
        {
            Rows = w.Count * tokens,
            Width = width,
            X = w.Samples(elements),
            Gamma = w.Shared(width),
            Mean = w.Samples(tokens),
            InverseDeviation = w.Positive(tokens),
            GradientY = w.Samples(elements),
            GradientX = w.Updated(elements),
            AccumulateX = true,
            GradientGamma = w.SumOfBatch(width),
            GradientBeta = w.SumOfBatch(width),
        });
        yield return Of("group norm", GroupNormOperators.Forward, w => new GroupNormForwardCall
        {
            Batch = w.Count,
            Pixels = tokens,
            Channels = width,
            Groups = heads,
            Epsilon = 1e-6f,
            Activation = Activation.Silu,
            X = w.Samples(elements),
            Gamma = w.Shared(width),
            Beta = w.Shared(width),
            Y = w.Result(elements),
            Mean = w.Result(heads),
            Variance = w.Result(heads),
        });
        yield return Of("gradient of group norm", GroupNormOperators.Backward, w => new GroupNormBackwardCall
        {
            Batch = w.Count,
            Pixels = tokens,
            Channels = width,
            Groups = heads,
            Epsilon = 1e-6f,
            Activation = Activation.Silu,
            X = w.Samples(elements),
            Gamma = w.Shared(width),
            Beta = w.Shared(width),
            Mean = w.Samples(heads),
            Variance = w.Positive(heads),
            GradientY = w.Samples(elements),
            GradientX = w.Updated(elements),
            AccumulateX = true,
            GradientGamma = w.SumOfBatch(width),
            GradientBeta = w.SumOfBatch(width),
        });
        yield return Of("activation", ElementwiseOperators.Activation, w => new ActivationCall
        {
            Count = w.Count * (elements - 3),
            Function = Activation.Gelu,
            X = w.Samples(elements - 3),
            Y = w.Result(elements - 3),
        });
        yield return Of("sum", ElementwiseOperators.Axpby, w => new AxpbyCall
        {
            Count = w.Count * (elements - 3),
            Alpha = 0.3f,
            Beta = 0.7f,
            X = w.Samples(elements - 3),
            Y = w.Updated(elements - 3),
        });
        yield return Of("exponential", PrimitiveOperators.Map, w => new MapCall
        {
            Count = w.Count * (elements - 3),
            Function = MapFunction.Exp,
            A = w.Samples(elements - 3),
            Y = w.Result(elements - 3),
        });
        yield return Of("sum of the last axis", PrimitiveOperators.AxisReduce, w => new AxisReduceCall
        {
            Outer = w.Count * 3,
            Length = width + 3,
            Inner = 1,
            Reduction = AxisReduction.Sum,
            X = w.Samples(3 * (width + 3)),
            Y = w.Result(3),
        });
        yield return Of("sum of the tokens", PrimitiveOperators.AxisReduce, w => new AxisReduceCall
        {
            Outer = w.Count,
            Length = tokens,
            Inner = width,
            Reduction = AxisReduction.Sum,
            X = w.Samples(elements),
            Y = w.Result(width),
        });
        yield return Of("softmax", LossOperators.Softmax, w => new SoftmaxCall
        {
            Rows = w.Count,
            Classes = width + 3,
            Logits = w.Samples(width + 3),
            Probabilities = w.Result(width + 3),
        });
        yield return Of("cross-entropy", LossOperators.CrossEntropy, w => new CrossEntropyCall
        {
            Rows = w.Count,
            Classes = width + 3,
            Logits = w.Samples(width + 3),
            Labels = w.Numbers(width),
            RowWeights = w.Positive(1),
            Scale = 0.25f,
            Losses = w.Result(1),
            LogitsGradient = w.Result(width + 3),
        });
        yield return Of("squared error", LossOperators.SquaredError, w => new SquaredErrorCall
        {
            Batch = w.Count,
            Elements = elements - 1,
            Prediction = w.Samples(elements - 1),
            Target = w.Samples(elements - 1),
            SampleWeights = w.Positive(1),
            Scale = 0.25f,
            Losses = w.Result(1),
            PredictionGradient = w.Result(elements - 1),
        });
        yield return Of("noising", DiffusionOperators.Noising, w => new NoisingCall
        {
            Batch = w.Count,
            Elements = elements - 1,
            Clean = w.Samples(elements - 1),
            Noise = w.Samples(elements - 1),
            Alpha = w.Positive(1),
            Sigma = w.Positive(1),
            Noised = w.Result(elements - 1),
            Velocity = w.Result(elements - 1),
        });
        yield return Of("time embedding", TimeEmbeddingOperators.Forward, w => new TimeEmbeddingCall
        {
            Batch = w.Count,
            Width = elements - (elements % 2),
            Order = Sinusoids.SineFirst,
            Times = w.Samples(1),
            Y = w.Result(elements - (elements % 2)),
        });
        yield return Of("solver step", SolverOperators.Step, w => new SolverStepCall
        {
            Count = w.Count * (elements - 1),
            Base = w.Samples(elements - 1),
            State = w.Samples(elements - 1),
            Conditional = w.Samples(elements - 1),
            Unconditional = w.Samples(elements - 1),
            History0 = w.Samples(elements - 1),
            StateWeight = 0.1f,
            ConditionalWeight = 1.3f,
            UnconditionalWeight = -0.3f,
            BaseWeight = 0.9f,
            ModelWeight = 0.2f,
            HistoryWeight0 = 0.4f,
            Model = w.Result(elements - 1),
            Result = w.Result(elements - 1),
        });
        yield return Of("solver threshold", SolverOperators.Threshold, w => new SolverThresholdCall
        {
            Samples = w.Count,
            Elements = width + 5,
            Quantile = 0.9,
            Range = 0.5f,
            Values = w.Updated(width + 5),
        });
        foreach (var distribution in Enum.GetValues<RandomDistribution>())
        {
            yield return Of($"{distribution} numbers", RandomOperators.Fill, w => new RandomCall
            {
                Samples = w.Count,
                Elements = width + 3,
                Distribution = distribution,
                Seed = 5,
                Stream = 2,
                FirstSample = w.First,
                Output = w.Result(width + 3),
            });
        }

        yield return Of("dropout", DropoutOperator.Dropout, w => new DropoutCall
        {
            Samples = w.Count,
            Elements = elements - 3,
            Rate = 0.3f,
            Stream = 2,
            Draw = w.Address(seed: 5),
            X = w.Samples(elements - 3),
            Y = w.Result(elements - 3),
        });
        foreach (var policy in Enum.GetValues<AugmentPolicy>())
        {
            yield return Of($"{policy} view", AugmentOperators.Augment, w => new AugmentCall
            {
                Batch = w.Count,
                Channels = 3,
                ImageSize = 16,
                SourceCount = 9,
                Source = w.Bytes(9 * patch.ImageElements),
                Indices = w.Numbers(9),
                Policy = policy,
                Flip = true,
                CropPadding = 2,
                Seed = 3,
                Stream = 4,
                FirstSample = w.First,
                Mean = w.Shared(3),
                Deviation = w.Shared(3),
                Output = w.Result(patch.ImageElements),
            });
        }

        yield return Of("augmentation of EDM", AugmentEdmOperator.Transform, w => new AugmentEdmCall
        {
            Batch = w.Count,
            Channels = 1,
            ImageSize = 11,
            Images = w.Samples(121),
            Maps = w.Maps(11),
            Labels = w.AugmentLabels(),
            Output = w.Result(121),
        });
        yield return Of("patch embedding", PatchEmbedOperators.Forward, w => new PatchEmbedForwardCall
        {
            Grid = patch with { Batch = w.Count },
            Width = width,
            Image = w.Samples(patch.ImageElements),
            Weight = w.Shared(width * patch.PatchElements),
            Bias = w.Shared(width),
            Position = w.Shared(patch.Tokens * width),
            LabelRows = 11,
            LabelTable = w.Shared(11 * width),
            Labels = w.Numbers(11),
            Times = w.Positive(1),
            Tokens = w.Result(patch.Tokens * width),
        });
        yield return Of("image from tokens", UnpatchifyOperators.Forward, w => new UnpatchifyForwardCall
        {
            Grid = patch with { Batch = w.Count },
            Tokens = w.Samples(patch.Tokens * patch.PatchElements),
            Weight = w.Shared(81),
            Bias = w.Shared(3),
            Image = w.Result(patch.ImageElements),
        });
        yield return Of("gradient of tokens", UnpatchifyOperators.Backward, w => new UnpatchifyBackwardCall
        {
            Grid = patch with { Batch = w.Count },
            Tokens = w.Samples(patch.Tokens * patch.PatchElements),
            Weight = w.Shared(81),
            ImageGradient = w.Samples(patch.ImageElements),
            TokensGradient = w.Result(patch.Tokens * patch.PatchElements),
            WeightGradient = w.SumOfBatch(81),
            BiasGradient = w.SumOfBatch(3),
        });
        foreach (var convolution in Convolutions())
        {
            yield return convolution;
        }
    }

    /// <summary>Images of 3 x 5 pixels with a filter of several blocks of K in both directions.</summary>
    private static IEnumerable<SampledOperator> Convolutions()
    {
        ConvolutionShape Sizes(SampleWindow w) => new(
            w.Count, 34, 38, WindowAxis.Padded(3, 3, 1, 1), WindowAxis.Padded(5, 3, 2, 1));
        var (pixels, results) = (15, 9);
        yield return Of("convolution", ConvolutionOperators.Forward, w => new ConvolutionForwardCall
        {
            Sizes = Sizes(w),
            X = w.Samples(pixels * 34),
            Weight = w.Shared(38 * 9 * 34),
            Bias = w.Shared(38),
            Y = w.Result(results * 38),
        });
        yield return Of("gradient of a convolution's images", ConvolutionOperators.InputGradient, w => new ConvolutionInputGradientCall
        {
            Sizes = Sizes(w),
            OutputGradient = w.Samples(results * 38),
            Weight = w.Shared(38 * 9 * 34),
            InputGradient = w.Result(pixels * 34),
        });
    }

    /// <summary>A product whose left rows are those of samples, by a weight that is stored [n, k].</summary>
    private static SampledOperator Product(
        string name, int rows, int n, int k, Func<SampleWindow, MatMulCall, MatMulCall> complete) =>
        Of(name, MatMulOperators.MatMul, w => complete(w, new MatMulCall
        {
            M = w.Count * rows,
            N = n,
            K = k,
            TransposeB = true,
            A = w.Samples(rows * k),
            B = w.Shared(n * k),
            C = w.Updated(rows * n),
        }));

    private static SampledOperator Of<TCall>(string name, Operator<TCall> op, Func<SampleWindow, TCall> bind)
        where TCall : struct, IKernelCall =>
        new(name, op, (device, first, count) =>
        {
            using var window = new SampleWindow(device, first, count);
            device.Run(op, bind(window));
            return window.Read();
        });

    /// <summary>A call of an operator on samples from a first one on; the results are one array for each.</summary>
    public sealed record SampledOperator(string Name, Operator Operator, Func<Device, int, int, float[][]> Run)
    {
        public override string ToString() => Name;
    }

    private sealed record Sizes(int Batch, int Width, int Tokens, int Heads)
    {
        public override string ToString() => $"D={Width} L={Tokens} H={Heads}";
    }
}
