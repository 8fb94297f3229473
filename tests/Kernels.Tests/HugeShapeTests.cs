using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>
/// Every GPU variant on operands of more than 2^32 elements and on as many rows as a grid or an index can count. Large
/// operands have addresses and no storage, and the first, the last and a few blocks between run: every access must fall
/// inside its operand, and every large operand must be reached from its first to its last element.
/// </summary>
/// <remarks>
/// 2^31 would not do: ILGPU widens an index of 32 bits as if it had no sign, so one that wraps is right up to 2^32 by luck.
/// </remarks>
[Parallelizable(ParallelScope.All)]
public sealed class HugeShapeTests
{
    /// <summary>More than 2^32; the last block of <see cref="GridStride"/> has the last element, alone and in packs.</summary>
    private const long Elements = (1L << 32) + (4 * 2048 * 256) - 3;

    /// <summary>Rows that kernels stride over along y: the last row is that of the last block.</summary>
    private const int Strided = 2 * GridStride.MaxRows;

    private const int ElementsOfStrided = 32771;

    /// <summary>The most rows that there may be, and the most that the last block has the last of.</summary>
    private const int MaxRows = Require.MaxSize;
    private const int MaxStrided = MaxRows / GridStride.MaxRows * GridStride.MaxRows;

    private static readonly PatchGrid Images = new(22 * GridStride.MaxRows, 3, 32, 4, 2);
    private static readonly PatchGrid PlainImages = Images with { ExtraTokens = 0 };
    private static readonly PatchGrid LargeImages = new(6 * GridStride.MaxRows, 3, 64, 64, 2);

    /// <summary>As few as more than 2^31 numbers allow: a thread of the gradient goes through all of them.</summary>
    private static readonly PatchGrid LargerImages = new(GridStride.MaxRows + 9, 3, 128, 128, 2);

    private static readonly Huge[] All =
    [
        Huge.Of(MatMulOperators.MatMul, "C", except: ["v5-small-tiles"], make: m => Product(m, (1 << 23) + 1, 515, 3)),
        Huge.Of(MatMulOperators.MatMul, "A", except: ["v5-small-tiles"], make: m => Product(m, (1 << 23) + 1, 3, 515)),
        Huge.Of(MatMulOperators.MatMul, "A transposed", except: ["v5-small-tiles"], make: m => Product(m, 429_600, 5, 10_007, transposeA: true)),
        Huge.Of(MatMulOperators.MatMul, "B", except: ["v5-small-tiles"], make: m => Product(m, 2, 2_000_003, 2203)),
        Huge.Of(MatMulOperators.MatMul, "B transposed", except: ["v5-small-tiles"], make: m => Product(m, 2, 2_000_003, 2203, transposeB: true)),
        Huge.Of(MatMulOperators.MatMul, "both transposed", except: ["v5-small-tiles"], make: m => Product(m, 3, 2_000_003, 2203, true, true)),
        Huge.Of(MatMulOperators.MatMul, "wide rows", m => WideProduct(m, transpose: false)),
        Huge.Of(MatMulOperators.MatMul, "wide rows, transposed", m => WideProduct(m, transpose: true)),
        Huge.Of(MatMulOperators.MatMulBf16, "C", m => ProductBf16(m, (1 << 23) + 1, 520, 8, transposeB: true, rounded: true)),
        Huge.Of(MatMulOperators.MatMulBf16, "A", m => ProductBf16(m, (1 << 23) + 1, 8, 520)),
        Huge.Of(MatMulOperators.MatMulBf16, "A transposed", m => ProductBf16(m, 429_600, 8, 10_008, transposeA: true)),
        Huge.Of(MatMulOperators.MatMulBf16, "B", m => ProductBf16(m, 2, 2_000_008, 2208)),
        Huge.Of(MatMulOperators.MatMulBf16, "B transposed", m => ProductBf16(m, 2, 2_000_003, 2208, transposeB: true)),
        Huge.Of(AttentionOperators.Forward, "", m => new AttentionForwardCall
        {
            Dims = new(1_000_001, 17, 4, 64),
            Qkv = m.Floats(3L * 1_000_001 * 17 * 256),
            Output = m.Floats(1_000_001L * 17 * 256),
            LogSumExp = m.Floats(1_000_001L * 4 * 17),
        }),
        Huge.Of(AttentionOperators.Backward, "", m => new AttentionBackwardCall
        {
            Dims = new(1_000_001, 17, 4, 64),
            Qkv = m.Floats(3L * 1_000_001 * 17 * 256),
            Output = m.Floats(1_000_001L * 17 * 256),
            OutputGradient = m.Floats(1_000_001L * 17 * 256),
            QkvGradient = m.Floats(3L * 1_000_001 * 17 * 256),
        }),
        Huge.Of(AttentionOperators.ForwardBf16, "", m => new AttentionForwardBf16Call
        {
            Dims = new(1_000_001, 17, 4, 64),
            Qkv = m.Halves(3L * 1_000_001 * 17 * 256),
            Output = m.Halves(1_000_001L * 17 * 256),
            LogSumExp = m.Floats(1_000_001L * 4 * 17),
        }),
        Huge.Of(AttentionOperators.BackwardBf16, "", m => new AttentionBackwardBf16Call
        {
            Dims = new(1_000_001, 17, 4, 64),
            Qkv = m.Halves(3L * 1_000_001 * 17 * 256),
            Output = m.Halves(1_000_001L * 17 * 256),
            LogSumExp = m.Floats(1_000_001L * 4 * 17),
            OutputGradient = m.Halves(1_000_001L * 17 * 256),
            QkvGradient = m.Halves(3L * 1_000_001 * 17 * 256),
        }),
        Huge.Of(LayerNormOperators.Forward, "", except: ["v2-packs"], make: m => Normalise(m, (1 << 23) + 3, 515)),
        Huge.Of(LayerNormOperators.Forward, "most rows", except: ["v2-packs"], make: m => Normalise(m, MaxRows, 1)),
        Huge.Of(LayerNormOperators.Forward, "packs", m => Normalise(m, (1 << 23) + 3, 516)),
        Huge.Of(LayerNormOperators.Forward, "packs, most rows", m => Normalise(m, MaxRows, 64)),
        Huge.Of(
            LayerNormOperators.Backward, "", except: ["v2-packs", "v3-one-pass"], make: m => NormaliseBack(m, (1 << 23) + 3, 515)),
        Huge.Of(LayerNormOperators.Backward, "packs", m => NormaliseBack(m, (1 << 23) + 3, 516)),
        Huge.Of(LayerNormOperators.Forward, "rounded", m => Normalise(m, (1 << 23) + 3, 516, rounded: true)),
        Huge.Of(LayerNormOperators.Backward, "rounded", m => NormaliseBack(m, (1 << 23) + 3, 516, rounded: true)),
        Huge.Of(BatchNormOperators.Statistics, "", m => Moments(m, (1 << 22) + 3, 1029)),
        Huge.Of(BatchNormOperators.Statistics, "many channels", m => Moments(m, 3, MaxRows)),
        Huge.Of(BatchNormOperators.Forward, "", m => NormaliseColumns(m, (1 << 22) + 3, 1029)),
        Huge.Of(BatchNormOperators.Forward, "many channels", m => NormaliseColumns(m, 3, MaxRows)),
        Huge.Of(BatchNormOperators.Backward, "", m => NormaliseColumnsBack(m, (1 << 22) + 3, 1029)),
        Huge.Of(BatchNormOperators.Backward, "many channels", m => NormaliseColumnsBack(m, 3, MaxRows)),
        Huge.Of(GroupNormOperators.Forward, "", m => NormaliseGroups(m, 1029, 4099, 1030, 5, Activation.Silu)),
        Huge.Of(GroupNormOperators.Forward, "most images", m => NormaliseGroups(m, MaxRows, 1, 3, 1, Activation.None)),
        Huge.Of(GroupNormOperators.Backward, "", m => NormaliseGroupsBack(m, 1029, 4099, 1030, 5, Activation.Silu)),
        Huge.Of(GroupNormOperators.Backward, "many images", m => NormaliseGroupsBack(m, (1 << 16) + 3, 64, 1029, 3, Activation.None)),
        Huge.Of(ElementwiseOperators.Axpby, "", m => new AxpbyCall
        {
            Count = Elements, Alpha = 2, Beta = 1, X = m.Floats(Elements), Y = m.Floats(Elements),
        }),
        Huge.Of(ElementwiseOperators.ColumnSum, "", m => Columns(m, (1 << 21) + 3, 2051)),
        Huge.Of(ElementwiseOperators.ColumnSum, "rounded", m => Columns(m, (1 << 21) + 3, 2051, rounded: true)),
        Huge.Of(ElementwiseOperators.ColumnSum, "many rows", m => Columns(m, 40_000_003, 109)),
        Huge.Of(ElementwiseOperators.ColumnSum, "many columns", m => Columns(m, 17, MaxRows)),
        Huge.Of(ElementwiseOperators.Round, "", m => new RoundCall { Count = Elements, X = m.Floats(Elements), Y = m.Halves(Elements) }),
        Huge.Of(ElementwiseOperators.Widen, "", m => new WidenCall { Count = Elements, X = m.Halves(Elements), Y = m.Floats(Elements) }),
        Huge.Of(ElementwiseOperators.Activation, "None", m => Activate(m, Activation.None, isGradient: false)),
        Huge.Of(ElementwiseOperators.Activation, "Gelu", m => Activate(m, Activation.Gelu, isGradient: false)),
        Huge.Of(ElementwiseOperators.Activation, "Silu'", m => Activate(m, Activation.Silu, isGradient: true)),
        Huge.Of(PrimitiveOperators.Map, "Add", m => new MapCall
        {
            Count = Elements, Function = MapFunction.Add, A = m.Floats(Elements), B = m.Floats(Elements), Y = m.Floats(Elements),
        }),
        Huge.Of(PrimitiveOperators.Map, "Affine", m => new MapCall
        {
            Count = Elements, Function = MapFunction.Affine, A = m.Floats(Elements), Y = m.Floats(Elements),
        }),
        Huge.Of(PrimitiveOperators.AxisReduce, "inside", m => Reduce(m, 1, 5, 1 << 30)),
        Huge.Of(PrimitiveOperators.AxisReduce, "along", m => Reduce(m, (1 << 23) + 3, 515, 1)),
        Huge.Of(PrimitiveOperators.AxisReduce, "most rows", m => Reduce(m, MaxRows, 1, 1)),
        Huge.Of(PrimitiveOperators.StridedCopy, "transposed", m => new StridedCopyCall
        {
            Sizes = new(1, 1, 65536, 65552), StridesX = new(0, 0, 1, 65536), StridesY = new(0, 0, 65552, 1),
            X = m.Floats(65536L * 65552), Y = m.Floats(65536L * 65552),
        }),
        Huge.Of(PrimitiveOperators.RowsGather, "", m => new RowsGatherCall
        {
            Rows = Strided, Width = ElementsOfStrided, TableRows = Strided, Indices = m.Numbers(Strided),
            Table = m.Floats((long)Strided * ElementsOfStrided), Y = m.Floats((long)Strided * ElementsOfStrided),
        }),
        Huge.Of(PrimitiveOperators.RowsScatter, "", m => new RowsScatterCall
        {
            Rows = 4099, Width = 1 << 20, TableRows = 4099, Indices = m.Numbers(4099),
            X = m.Floats(4099L << 20), Table = m.Floats(4099L << 20),
        }),
        Huge.Of(LossOperators.CrossEntropy, "hard", m => Entropy(m, (1 << 29) + 5, 8, isHard: true)),
        Huge.Of(LossOperators.CrossEntropy, "soft", m => Entropy(m, (1 << 29) + 5, 8, isHard: false)),
        Huge.Of(LossOperators.CrossEntropy, "most rows", m => Entropy(m, MaxRows, 1, isHard: true)),
        Huge.Of(LossOperators.Softmax, "", m => new SoftmaxCall
        {
            Rows = (1 << 29) + 5, Classes = 8, Logits = m.Floats(((1L << 29) + 5) * 8), Probabilities = m.Floats(((1L << 29) + 5) * 8),
        }),
        Huge.Of(LossOperators.SquaredError, "", m => Differ(m, 140_001, 30_721)),
        Huge.Of(LossOperators.SquaredError, "most samples", m => Differ(m, MaxRows, 1)),
        Huge.Of(DiffusionOperators.Noising, "", m => Noise(m, Strided, ElementsOfStrided)),
        Huge.Of(DiffusionOperators.Noising, "most samples", m => Noise(m, MaxStrided, 1)),
        Huge.Of(SolverOperators.Step, "", m => new SolverStepCall
        {
            Count = Elements, BaseWeight = 1, ModelWeight = 1, StateWeight = 1, ConditionalWeight = 1, UnconditionalWeight = 1,
            HistoryWeight0 = 1, HistoryWeight1 = 1,
            Base = m.Floats(Elements), State = m.Floats(Elements), Conditional = m.Floats(Elements), Unconditional = m.Floats(Elements),
            History0 = m.Floats(Elements), History1 = m.Floats(Elements), Model = m.Floats(Elements), Result = m.Floats(Elements),
        }),
        Huge.Of(SolverOperators.Threshold, "", m => Limit(m, 140_001, 30_721)),
        Huge.Of(SolverOperators.Threshold, "most samples", m => Limit(m, MaxRows, 1)),
        Huge.Of(OptimizerOperators.AdamW, "", m => new AdamWCall
        {
            Count = Elements, Step = 1, LearningRate = 1, Beta1 = 0.9f, Beta2 = 0.9f, Epsilon = 1, WeightDecay = 1, GradientScale = m.Floats(1),
            AverageDecay = 0.5f,
            Parameters = m.Floats(Elements), Gradients = m.Floats(Elements), Moment1 = m.Floats(Elements), Moment2 = m.Floats(Elements),
            Average = m.Floats(Elements), DecayMask = m.Floats(Elements),
        }),
        Huge.Of(OptimizerOperators.Sgd, "", m => new SgdCall
        {
            Count = Elements, LearningRate = 1, Momentum = 0.9f, WeightDecay = 1, GradientScale = m.Floats(1), AverageDecay = 0.5f,
            Parameters = m.Floats(Elements), Gradients = m.Floats(Elements), Velocity = m.Floats(Elements),
            Average = m.Floats(Elements), DecayMask = m.Floats(Elements),
        }),
        Huge.Of(OptimizerOperators.Norm, "", m => new NormCall
        {
            Count = Elements, X = m.Floats(Elements), Result = m.Floats(1),
        }),
        Huge.Of(ClipFactorOperator.Factor, "one block sees all losses", m => new ClipFactorCall
        {
            Norm = m.Floats(1), Limit = 1, Losses = m.Floats(1001), Factor = m.Floats(1),
        }),
        Huge.Of(PseudoLabelOperator.PseudoLabel, "", m => new PseudoLabelCall
        {
            Rows = (1 << 29) + 5, Classes = 8, Probabilities = m.Floats(((1L << 29) + 5) * 8), Thresholds = m.Floats(8),
            Labels = m.Ints((1 << 29) + 5), Weights = m.Floats((1 << 29) + 5),
        }),
        Huge.Of(FreeMatchThresholdsOperator.Thresholds, "one block sees the whole batch", m => new FreeMatchThresholdsCall
        {
            Rows = 301, Classes = 7, Momentum = 0.5f, Probabilities = m.Floats(301 * 7), Averages = m.Floats(15), Thresholds = m.Floats(7),
        }),
        Huge.Of(FreeMatchFairnessOperator.Fairness, "one block sees the whole batch", m => new FreeMatchFairnessCall
        {
            Rows = 301, Classes = 7, Scale = 1, Logits = m.Floats(301 * 7), Weights = m.Floats(301), Averages = m.Floats(15),
            Loss = m.Floats(1), LogitsGradient = m.Floats(301 * 7),
        }),
        Huge.Of(SoftMatchWeightsOperator.Weights, "one block sees the whole batch", m => new SoftMatchWeightsCall
        {
            Rows = 301, Classes = 7, Momentum = 0.5f, Deviations = 2, Probabilities = m.Floats(301 * 7), Averages = m.Floats(9),
            Weights = m.Floats(301),
        }),
        Huge.Of(FlexMatchThresholdsOperator.Thresholds, "one block sees the whole batch", m => new FlexMatchThresholdsCall
        {
            Rows = 301, Classes = 7, Cutoff = 0.1f, Probabilities = m.Floats(301 * 7), Images = m.Ints(301), Remembered = m.Ints(1000),
            Counts = m.Ints(8), Thresholds = m.Floats(7),
        }),
        Huge.Of(RegMixMatchPairsOperator.Pairs, "one block sees the whole batch", m => new RegMixMatchPairsCall
        {
            Rows = 301, Classes = 7, Weight = 1, Labels = m.Ints(301), TakesPart = m.Floats(301), Order = m.Numbers(301), Share = m.Floats(1),
            Own = m.Ints(301), Pasted = m.Ints(301), Targets = m.Floats(301 * 7), Weights = m.Floats(301),
        }),
        Huge.Of(MixPasteOperator.Paste, "", m => new MixPasteCall
        {
            Rows = Strided, SourceRows = Strided, Channels = 1, Side = 182, Images = m.Floats(Strided * 182L * 182),
            Own = m.Ints(Strided), Pasted = m.Numbers(Strided), Lines = m.Numbers(182), Columns = m.Numbers(182),
            Mixed = m.Floats(Strided * 182L * 182),
        }),
        Huge.Of(PatchEmbedOperators.Forward, "many images", m => Embed(m, Images, 48)),
        Huge.Of(PatchEmbedOperators.Forward, "large images", m => Embed(m, LargeImages, 4096)),
        Huge.Of(PatchEmbedOperators.Backward, "large images", m => EmbedBack(m, LargerImages, 16384)),
        Huge.Of(UnpatchifyOperators.Forward, "conv", m => new UnpatchifyForwardCall
        {
            Grid = PlainImages, Tokens = m.Floats((long)PlainImages.Batch * PlainImages.Tokens * PlainImages.PatchElements),
            Weight = m.Floats(81), Bias = m.Floats(3), Image = m.Floats((long)PlainImages.Batch * PlainImages.ImageElements),
        }),
        Huge.Of(UnpatchifyOperators.Backward, "conv", m => new UnpatchifyBackwardCall
        {
            Grid = PlainImages, Tokens = m.Floats((long)PlainImages.Batch * PlainImages.Tokens * PlainImages.PatchElements),
            Weight = m.Floats(81), WeightGradient = m.Floats(81), BiasGradient = m.Floats(3),
            ImageGradient = m.Floats((long)PlainImages.Batch * PlainImages.ImageElements),
            TokensGradient = m.Floats((long)PlainImages.Batch * PlainImages.Tokens * PlainImages.PatchElements),
        }),
        Huge.Of(TimeEmbeddingOperators.Forward, "", m => new TimeEmbeddingCall
        {
            Batch = Strided, Width = ElementsOfStrided + 1, Order = Sinusoids.SineFirst, Times = m.Floats(Strided),
            Y = m.Floats((long)Strided * (ElementsOfStrided + 1)),
        }),
        Huge.Of(ConvolutionOperators.Forward, "many images", m => Convolve(m, ManyImages)),
        Huge.Of(
            ConvolutionOperators.Forward, "many channels", except: ["v2-tiles"], make: m => Convolve(m, ManyChannels(3, 2203, 2_000_003))),
        Huge.Of(ConvolutionOperators.InputGradient, "many images", m => ConvolveBack(m, ManyImages)),
        Huge.Of(ConvolutionOperators.InputGradient, "many channels", m => ConvolveBack(m, ManyChannels(3, 2_000_003, 2203))),
        Huge.Of(ConvolutionOperators.WeightGradient, "many channels", m => Correlate(m, ManyChannels(2203, 2_000_003, 2203))),
        Huge.Of(ConvolutionOperators.WeightGradient, "many output channels", m => Correlate(m, ManyChannels(2203, 1, 2_000_003))),
        Huge.Of(RandomOperators.Fill, "uniform", m => Draw(m, Strided, ElementsOfStrided, RandomDistribution.Uniform)),
        Huge.Of(RandomOperators.Fill, "normal", m => Draw(m, Strided, ElementsOfStrided + 1, RandomDistribution.Normal)),
        Huge.Of(RandomOperators.Fill, "most samples", m => Draw(m, MaxStrided, 1, RandomDistribution.Uniform)),
        Huge.Of(DropoutOperator.Dropout, "", m => Drop(m, Strided, ElementsOfStrided)),
        Huge.Of(DropoutOperator.Dropout, "packs", m => Drop(m, Strided, ElementsOfStrided + 1)),
        Huge.Of(DropoutOperator.Dropout, "most samples", m => Drop(m, MaxStrided, 1)),
        Huge.Of(AugmentOperators.Augment, "none", m => Change(m, Images.Batch, AugmentPolicy.None)),
        Huge.Of(AugmentOperators.Augment, "strong", m => Change(m, Images.Batch, AugmentPolicy.Strong)),
        Huge.Of(AugmentEdmOperator.Transform, "", m => Transform(m, Strided, size: 256)),
    ];

    public static IEnumerable<TestCaseData> Cases() =>
        from huge in All
        from variant in huge.Op.Variants
        where variant is IGpuVariant && !huge.Except.Contains(variant.Name)
        select new TestCaseData(huge, variant).SetArgDisplayNames(huge.Op.IdOf(variant), huge.Label);

    [TestCaseSource(nameof(Cases))]
    public void Variant_OnHugeOperands_StaysInsideAndReachesBothEnds(Huge huge, KernelVariant variant)
    {
        using var device = SimDevice.Virtual(HugeMemory.VirtualFrom, Blocks);
        using var memory = new HugeMemory(device);
        huge.Launch(memory, variant);
        Assert.That(device.Launches, Is.GreaterThan(0));
        Assert.That(memory.IsReached, memory.ToString());
    }

    [Test]
    public void Operators_AllHaveAHugeShape() =>
        Assert.That(All.Select(h => h.Op.Name).Distinct(), Is.EquivalentTo(KernelRegistry.Operators.Select(o => o.Name)));

    [TestCase(50_000, true)]
    [TestCase(110_000, false)]
    public void Kernel_WhoseIndexWraps_IsFound(int rows, bool isRight)
    {
        using var device = SimDevice.Virtual(HugeMemory.VirtualFrom, Blocks);
        using var memory = new HugeMemory(device);
        var kernel = new GpuKernel(EndsOfRows, threads: 1);
        device.Prepare(kernel).With(memory.Floats(rows * 40_000L)).With(40_000).On(new GridSize(rows));
        Assert.That(memory.IsReached, Is.EqualTo(isRight));
    }

    [Test]
    public void Kernel_ThatLeavesOutTheEnd_IsFound()
    {
        using var device = SimDevice.Virtual(HugeMemory.VirtualFrom, Blocks);
        using var memory = new HugeMemory(device);
        var kernel = new GpuKernel(EndsOfRows, threads: 1);
        device.Prepare(kernel).With(memory.Floats(50_001L * 40_000)).With(40_000).On(new GridSize(50_000));
        Assert.That(memory.IsReached, Is.False);
    }

    /// <summary>Writes both ends of a row, at an index of 32 bits.</summary>
    private static void EndsOfRows(ArrayView<float> x, int columns)
    {
        var row = Grid.IdxX * columns;
        x[row] = 1;
        x[row + columns - 1] = 1;
    }

    /// <summary>The first, the last, and a few between.</summary>
    private static IReadOnlyList<long> Blocks(GridSize grid)
    {
        var count = grid.Blocks;
        return [.. new[] { 0, count / 3, count - 4, count - 1 }.Where(b => b >= 0 && b < count).Distinct()];
    }

    /// <summary>Few elements, far apart.</summary>
    private static MatMulCall WideProduct(HugeMemory m, bool transpose)
    {
        const int Rows = 67, Columns = 35, Terms = 41, Stride = 1 << 27;
        var (rowsOfA, rowsOfB) = transpose ? (Terms, Columns) : (Rows, Terms);
        return new MatMulCall
        {
            M = Rows, N = Columns, K = Terms, TransposeA = transpose, TransposeB = transpose,
            StrideA = Stride, StrideB = Stride, StrideC = Stride,
            A = m.Floats(((rowsOfA - 1L) * Stride) + (transpose ? Rows : Terms)),
            B = m.Floats(((rowsOfB - 1L) * Stride) + (transpose ? Terms : Columns)),
            C = m.Floats(((Rows - 1L) * Stride) + Columns),
        };
    }

    private static MatMulCall Product(
        HugeMemory m, int rows, int columns, int terms, bool transposeA = false, bool transposeB = false) => new()
    {
        M = rows, N = columns, K = terms, TransposeA = transposeA, TransposeB = transposeB,
        A = m.Floats((long)rows * terms), B = m.Floats((long)terms * columns), C = m.Floats((long)rows * columns),
        PreActivation = m.Floats((long)rows * columns), Residual = m.Floats((long)rows * columns),
        Bias = m.Floats(columns), Activation = Activation.Gelu, Accumulate = true,
    };

    private static MatMulBf16Call ProductBf16(
        HugeMemory m, int rows, int columns, int terms, bool transposeA = false, bool transposeB = false, bool rounded = false) => new()
    {
        M = rows, N = columns, K = terms, TransposeA = transposeA, TransposeB = transposeB,
        A = m.Halves((long)rows * terms), B = m.Halves((long)terms * columns),
        C = rounded ? default : m.Floats((long)rows * columns),
        RoundedC = rounded ? m.Halves((long)rows * columns) : default,
    };

    private static LayerNormForwardCall Normalise(HugeMemory m, int rows, int width, bool rounded = false) => new()
    {
        Rows = rows, Width = width, Epsilon = 1,
        X = m.Floats((long)rows * width), Gamma = m.Floats(width), Beta = m.Floats(width),
        Y = rounded ? default : m.Floats((long)rows * width), RoundedY = rounded ? m.Halves((long)rows * width) : default,
        Mean = m.Floats(rows), InverseDeviation = m.Floats(rows),
    };

    private static LayerNormBackwardCall NormaliseBack(HugeMemory m, int rows, int width, bool rounded = false) => new()
    {
        Rows = rows, Width = width, AccumulateX = true,
        X = m.Floats((long)rows * width), Gamma = m.Floats(width), Mean = m.Floats(rows), InverseDeviation = m.Floats(rows),
        GradientY = rounded ? default : m.Floats((long)rows * width), RoundedGradientY = rounded ? m.Halves((long)rows * width) : default,
        GradientX = m.Floats((long)rows * width),
        GradientGamma = m.Floats(width), GradientBeta = m.Floats(width),
    };

    private static BatchNormStatisticsCall Moments(HugeMemory m, int rows, int channels) => new()
    {
        Rows = rows, Channels = channels, Momentum = 0.5f, X = m.Floats((long)rows * channels), Mean = m.Floats(channels),
        Variance = m.Floats(channels), RunningMean = m.Floats(channels), RunningVariance = m.Floats(channels),
    };

    private static BatchNormForwardCall NormaliseColumns(HugeMemory m, int rows, int channels) => new()
    {
        Rows = rows, Channels = channels, Epsilon = 1, NegativeSlope = 0.1f,
        X = m.Floats((long)rows * channels), Gamma = m.Floats(channels), Beta = m.Floats(channels),
        Mean = m.Floats(channels), Variance = m.Floats(channels), Y = m.Floats((long)rows * channels),
    };

    private static BatchNormBackwardCall NormaliseColumnsBack(HugeMemory m, int rows, int channels) => new()
    {
        Rows = rows, Channels = channels, Epsilon = 1, NegativeSlope = 0.1f, AccumulateX = true,
        X = m.Floats((long)rows * channels), Gamma = m.Floats(channels), Beta = m.Floats(channels),
        Mean = m.Floats(channels), Variance = m.Floats(channels),
        GradientY = m.Floats((long)rows * channels), GradientX = m.Floats((long)rows * channels),
        GradientGamma = m.Floats(channels), GradientBeta = m.Floats(channels),
    };

    private static GroupNormForwardCall NormaliseGroups(
        HugeMemory m, int batch, int pixels, int channels, int groups, Activation activation) => new()
    {
        Batch = batch, Pixels = pixels, Channels = channels, Groups = groups, Epsilon = 1, Activation = activation,
        X = m.Floats((long)batch * pixels * channels), Gamma = m.Floats(channels), Beta = m.Floats(channels),
        Y = m.Floats((long)batch * pixels * channels), Mean = m.Floats((long)batch * groups), Variance = m.Floats((long)batch * groups),
    };

    private static GroupNormBackwardCall NormaliseGroupsBack(
        HugeMemory m, int batch, int pixels, int channels, int groups, Activation activation) => new()
    {
        Batch = batch, Pixels = pixels, Channels = channels, Groups = groups, Epsilon = 1, Activation = activation, AccumulateX = true,
        X = m.Floats((long)batch * pixels * channels), Gamma = m.Floats(channels), Beta = m.Floats(channels),
        Mean = m.Floats((long)batch * groups), Variance = m.Floats((long)batch * groups),
        GradientY = m.Floats((long)batch * pixels * channels), GradientX = m.Floats((long)batch * pixels * channels),
        GradientGamma = m.Floats(channels), GradientBeta = m.Floats(channels),
    };

    private static ColumnSumCall Columns(HugeMemory m, int rows, int columns, bool rounded = false) => new()
    {
        Rows = rows, Columns = columns, Sum = m.Floats(columns),
        X = rounded ? default : m.Floats((long)rows * columns), RoundedX = rounded ? m.Halves((long)rows * columns) : default,
    };

    private static AxisReduceCall Reduce(HugeMemory m, int outer, int length, int inner) => new()
    {
        Outer = outer, Length = length, Inner = inner, Reduction = AxisReduction.Max,
        X = m.Floats((long)outer * length * inner), Y = m.Floats((long)outer * inner),
    };

    private static ActivationCall Activate(HugeMemory m, Activation function, bool isGradient) => new()
    {
        Count = Elements, Function = function, X = m.Floats(Elements), Y = m.Floats(Elements), Gradient = isGradient ? m.Floats(Elements) : default,
    };

    private static CrossEntropyCall Entropy(HugeMemory m, int rows, int classes, bool isHard) => new()
    {
        Rows = rows, Classes = classes, Scale = 1, Logits = m.Floats((long)rows * classes),
        Labels = isHard ? m.Ints(rows) : default, Targets = isHard ? default : m.Floats((long)rows * classes),
        RowWeights = m.Floats(rows), Losses = m.Floats(rows), LogitsGradient = m.Floats((long)rows * classes),
    };

    private static SquaredErrorCall Differ(HugeMemory m, int batch, int elements) => new()
    {
        Batch = batch, Elements = elements, Scale = 1,
        Prediction = m.Floats((long)batch * elements), Target = m.Floats((long)batch * elements), Losses = m.Floats(batch),
        PredictionGradient = m.Floats((long)batch * elements),
    };

    private static NoisingCall Noise(HugeMemory m, int batch, int elements) => new()
    {
        Batch = batch, Elements = elements, Clean = m.Floats((long)batch * elements), Noise = m.Floats((long)batch * elements),
        Alpha = m.Floats(batch), Sigma = m.Floats(batch),
        Noised = m.Floats((long)batch * elements), Velocity = m.Floats((long)batch * elements),
    };

    private static PatchEmbedForwardCall Embed(HugeMemory m, PatchGrid grid, int width) => new()
    {
        Grid = grid, Width = width, Image = m.Floats((long)grid.Batch * grid.ImageElements),
        Weight = m.Floats((long)width * grid.PatchElements), Bias = m.Floats(width), Position = m.Floats((long)grid.Tokens * width),
        LabelRows = 10, LabelTable = m.Floats(10L * width), Labels = m.Ints(grid.Batch), Times = m.Floats(grid.Batch),
        Tokens = m.Floats((long)grid.Batch * grid.Tokens * width),
    };

    private static PatchEmbedBackwardCall EmbedBack(HugeMemory m, PatchGrid grid, int width) => new()
    {
        Grid = grid, Width = width, Image = m.Floats((long)grid.Batch * grid.ImageElements),
        TokensGradient = m.Floats((long)grid.Batch * grid.Tokens * width), HasTime = true,
        LabelRows = grid.Batch, Labels = m.Numbers(grid.Batch), LabelTableGradient = m.Floats((long)grid.Batch * width),
        WeightGradient = m.Floats((long)width * grid.PatchElements), BiasGradient = m.Floats(width),
        PositionGradient = m.Floats((long)grid.Tokens * width),
    };

    private static ConvolutionShape ManyImages =>
        new(1_400_003, 3, 4, WindowAxis.Padded(32, 3, 1, 1), new WindowAxis(32, 2, 1, 0, 1));

    /// <summary>Images of one pixel.</summary>
    private static ConvolutionShape ManyChannels(int images, int channels, int outs) => new(images, channels, outs, new(1, 1), new(1, 1));

    private static ConvolutionForwardCall Convolve(HugeMemory m, ConvolutionShape sizes) => new()
    {
        Sizes = sizes, X = m.Floats(sizes.InputElements), Weight = m.Floats(sizes.FilterElements), Y = m.Floats(sizes.OutputElements),
    };

    private static ConvolutionInputGradientCall ConvolveBack(HugeMemory m, ConvolutionShape sizes) => new()
    {
        Sizes = sizes, OutputGradient = m.Floats(sizes.OutputElements), Weight = m.Floats(sizes.FilterElements),
        InputGradient = m.Floats(sizes.InputElements),
    };

    private static ConvolutionWeightGradientCall Correlate(HugeMemory m, ConvolutionShape sizes) => new()
    {
        Sizes = sizes, X = m.Floats(sizes.InputElements), OutputGradient = m.Floats(sizes.OutputElements),
        WeightGradient = m.Floats(sizes.FilterElements),
    };

    private static SolverThresholdCall Limit(HugeMemory m, int samples, int elements) => new()
    {
        Samples = samples, Elements = elements, Quantile = 0.995, Range = 1, Values = m.Floats((long)samples * elements),
    };

    private static RandomCall Draw(HugeMemory m, int samples, int elements, RandomDistribution distribution) => new()
    {
        Samples = samples, Elements = elements, Distribution = distribution, Seed = 1, Stream = 2, FirstSample = 3,
        Output = m.Floats((long)samples * elements),
    };

    /// <summary>Maps that move nothing, and yet are not the identity.</summary>
    private static AugmentEdmCall Transform(HugeMemory m, int batch, int size)
    {
        var maps = m.Floats((long)batch * EdmAugmentation.MapLength);
        m.Device.CopyIn<float>([.. Enumerable.Repeat<float[]>([1, 0, 1e-30f, 0, 1, 0], batch).SelectMany(map => map)], maps);
        return new AugmentEdmCall
        {
            Batch = batch, Channels = 1, ImageSize = size, Maps = maps, Labels = m.Floats((long)batch * EdmAugmentation.Labels),
            Images = m.Floats((long)batch * size * size), Output = m.Floats((long)batch * size * size),
        };
    }

    private static DropoutCall Drop(HugeMemory m, int samples, int elements) => new()
    {
        Samples = samples, Elements = elements, Rate = 0.5f, Stream = 2, Draw = m.Ints(DrawAddress.Words),
        X = m.Floats((long)samples * elements), Y = m.Floats((long)samples * elements),
    };

    private static AugmentCall Change(HugeMemory m, int batch, AugmentPolicy policy) => new()
    {
        Batch = batch, Channels = 3, ImageSize = 32, SourceCount = batch, Policy = policy,
        Source = m.Bytes(batch * 3072L), Indices = m.Numbers(batch), Mean = m.Floats(3), Deviation = m.Floats(3),
        Output = m.Floats(batch * 3072L),
    };

    /// <summary>A call on huge operands.</summary>
    /// <param name="Op">The operator.</param>
    /// <param name="Label">Tells its calls apart.</param>
    /// <param name="Launch">Makes the call and launches a variant.</param>
    /// <param name="Except">Variants that are for smaller results or other widths.</param>
    public sealed record Huge(Operator Op, string Label, Action<HugeMemory, KernelVariant> Launch, IReadOnlyList<string> Except)
    {
        internal static Huge Of<TCall>(Operator<TCall> op, string label, Func<HugeMemory, TCall> make, params string[] except)
            where TCall : struct, IKernelCall => new(op, label, (memory, variant) =>
        {
            var call = make(memory);
            call.Validate();
            var typed = (KernelVariant<TCall>)variant;
            Assert.That(typed.Supports(in call, memory.Device, out var reason), reason);
            typed.Launch(memory.Device, in call);
        }, except);
    }
}
