using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>A call that does not fit is refused in one line that names the operator, the operand and the limit.</summary>
public sealed class ValidationTests
{
    private static readonly AxpbyCall Axpby =
        new() { Count = 4, Alpha = 1, Beta = 1, X = Floats(4), Y = Floats(4) };

    private static readonly LayerNormBackwardCall LayerNorm = new()
    {
        Rows = 2,
        Width = 3,
        StrideX = 5,
        X = Floats(8),
        Gamma = Floats(3),
        Mean = Floats(2),
        InverseDeviation = Floats(2),
        GradientY = Floats(6),
        GradientX = Floats(8),
        GradientGamma = Floats(3),
        GradientBeta = Floats(3),
    };

    private static readonly LayerNormForwardCall Normalise = new()
    {
        Rows = 2, Width = 3, Epsilon = 1, X = Floats(6), Gamma = Floats(3), Beta = Floats(3), Y = Floats(6), Mean = Floats(2),
        InverseDeviation = Floats(2),
    };

    private static readonly BatchNormStatisticsCall Moments = new()
    {
        Rows = 2, Channels = 3, Momentum = 1, X = Floats(6), Mean = Floats(3), Variance = Floats(3), RunningMean = Floats(3),
        RunningVariance = Floats(3),
    };

    private static readonly BatchNormForwardCall BatchNorm = new()
    {
        Rows = 2, Channels = 3, Epsilon = 1, NegativeSlope = 0, X = Floats(6), Gamma = Floats(3), Beta = Floats(3), Mean = Floats(3),
        Variance = Floats(3), Y = Floats(6),
    };

    private static readonly BatchNormBackwardCall BatchNormGradient = new()
    {
        Rows = 2, Channels = 3, Epsilon = 1, NegativeSlope = 1, X = Floats(6), Gamma = Floats(3), Beta = Floats(3), Mean = Floats(3),
        Variance = Floats(3), GradientY = Floats(6), GradientX = Floats(6), GradientGamma = Floats(3), GradientBeta = Floats(3),
    };

    private static readonly TimeEmbeddingCall Times = new()
    {
        Batch = 2, Width = 6, Order = Sinusoids.CosineFirst, Times = Floats(2), Y = Floats(12),
    };

    private static readonly GroupNormForwardCall GroupNorm = new()
    {
        Batch = 3, Pixels = 5, Channels = 4, Groups = 2, Epsilon = 1, X = Floats(60), Gamma = Floats(4), Beta = Floats(4), Y = Floats(60),
        Mean = Floats(6), Variance = Floats(6),
    };

    private static readonly GroupNormBackwardCall GroupNormGradient = new()
    {
        Batch = 3, Pixels = 5, Channels = 4, Groups = 2, Epsilon = 1, Activation = Activation.Silu, X = Floats(60), Gamma = Floats(4),
        Beta = Floats(4), Mean = Floats(6), Variance = Floats(6), GradientY = Floats(60), GradientX = Floats(60),
        GradientGamma = Floats(4), GradientBeta = Floats(4),
    };

    private static readonly CrossEntropyCall CrossEntropy = new()
    {
        Rows = 2,
        Classes = 3,
        Logits = Floats(6),
        Targets = Floats(6),
        RowWeights = Floats(2),
        Losses = Floats(2),
        LogitsGradient = Floats(6),
    };

    private static readonly SolverStepCall Solver = new()
    {
        Count = 4,
        Base = Floats(4),
        Conditional = Floats(4),
        Result = Floats(4),
        State = Floats(4),
        Unconditional = Floats(4),
        History0 = Floats(4),
        History1 = Floats(4),
        Model = Floats(4),
        StateWeight = 1,
        UnconditionalWeight = 1,
        HistoryWeight0 = 1,
        HistoryWeight1 = 1,
    };

    private static readonly SolverThresholdCall Threshold = new() { Samples = 2, Elements = 3, Quantile = 1, Range = 1, Values = Floats(6) };

    private static readonly AdamWCall AdamW = new()
    {
        Count = 4,
        Parameters = Floats(4),
        Gradients = Floats(4),
        Moment1 = Floats(4),
        Moment2 = Floats(4),
        Average = Floats(4),
        DecayMask = Floats(4),
        Step = 1,
        LearningRate = 1,
        Beta1 = 0.9f,
        Beta2 = 0.9f,
        Epsilon = 1,
        WeightDecay = 0,
    };

    private static readonly MatMulCall MatMul =
        new() { M = 2, N = 3, K = 4, A = Floats(8), B = Floats(12), C = Floats(6) };

    private static readonly MatMulBf16Call MatMulBf16 =
        new() { M = 2, N = 3, K = 4, A = Halves(8), B = Halves(12), C = Floats(6) };

    private static readonly AttentionForwardBf16Call AttentionBf16 =
        new() { Dims = new(1, 2, 1, 4), Qkv = Halves(24), Output = Halves(8), LogSumExp = Floats(2) };

    private static readonly AttentionBackwardBf16Call AttentionGradientBf16 = new()
    {
        Dims = new(1, 2, 1, 4), Qkv = Halves(24), Output = Halves(8), LogSumExp = Floats(2), OutputGradient = Halves(8), QkvGradient = Halves(24),
    };

    /// <summary>Two images of 5 x 4 pixels and 4 channels, a filter of 3 x 2 in two groups that moves by 2 lines.</summary>
    private static readonly ConvolutionShape Windows = new(2, 4, 6, new(5, 3, 2, 1, 0), new(4, 2, 1, 0, 1), Groups: 2);

    private static readonly ConvolutionForwardCall Convolution =
        new() { Sizes = Windows, X = Floats(160), Weight = Floats(72), Y = Floats(96) };

    private static readonly ConvolutionInputGradientCall ConvolutionOfInput =
        new() { Sizes = Windows, OutputGradient = Floats(96), Weight = Floats(72), InputGradient = Floats(160) };

    private static readonly ConvolutionWeightGradientCall ConvolutionOfWeight =
        new() { Sizes = Windows, X = Floats(160), OutputGradient = Floats(96), WeightGradient = Floats(72) };

    private static readonly DropoutCall Dropout = new()
    {
        Samples = 2, Elements = 3, Rate = 0.5f, Stream = 2, Draw = Ints(DrawAddress.Words), X = Floats(6), Y = Floats(6),
    };

    private static readonly AugmentEdmCall Augment = new()
    {
        Batch = 2, Channels = 3, ImageSize = 4, Images = Floats(96), Maps = Floats(12), Labels = Floats(18), Output = Floats(96),
    };

    public static IEnumerable<TestCaseData> Good() => new IKernelCall[]
    {
        Axpby, LayerNorm, CrossEntropy, Solver, Threshold, AdamW, MatMul, MatMul with { Products = 2, A = Floats(16), B = Floats(24), C = Floats(12) },
        MatMulBf16, MatMulBf16 with { C = default, RoundedC = Halves(6) },
        new RoundCall { Count = 4, X = Floats(4), Y = Halves(4) }, new WidenCall { Count = 4, X = Halves(4), Y = Floats(4) },
        AttentionBf16, AttentionBf16 with { LogSumExp = default },
        AttentionGradientBf16,
        Moments, Moments with { Rows = 1, RunningMean = default, RunningVariance = default }, BatchNorm, BatchNormGradient,
        Times, GroupNorm, GroupNorm with { Groups = 4, Mean = Floats(12), Variance = Floats(12) }, GroupNormGradient,
        Convolution, Convolution with { Bias = Floats(6), PreActivation = Floats(96), Residual = Floats(96) },
        Convolution with { Sizes = Windows with { Vertical = new(5, 6, 1, 1, 0) }, Weight = Floats(144), Y = Floats(48) },
        ConvolutionOfInput, ConvolutionOfWeight, Dropout, Augment,
    }.Select(c => new TestCaseData(c).SetArgDisplayNames(c.GetType().Name));

    private static IEnumerable<TestCaseData> Convolutions()
    {
        (ConvolutionShape Sizes, string Message)[] shapes =
        [
            (Windows with { Batch = 0 }, "batch is 0, it must be 1.."),
            (Windows with { Channels = 0 }, "channels is 0, it must be 1.."),
            (Windows with { Outs = 0 }, "output channels is 0, it must be 1.."),
            (Windows with { Groups = 0 }, "groups is 0, it must be 1..4"),
            (Windows with { Groups = 5 }, "groups is 5, it must be 1..4"),
            (Windows with { Channels = 5 }, "5 channels are no multiple of 2 groups"),
            (Windows with { Outs = 5 }, "5 output channels are no multiple of 2 groups"),
            (Windows with { Vertical = new(0, 1) }, "vertical size is 0, it must be 1..1048576"),
            (Windows with { Horizontal = new(4, 0) }, "horizontal kernel is 0, it must be 1..4"),
            (Windows with { Horizontal = new(4, 6, 1, 0, 1) }, "horizontal kernel is 6, it must be 1..5"),
            (Windows with { Horizontal = new(2000, 1025) }, "horizontal kernel is 1025, it must be 1..1024"),
            (Windows with { Vertical = new(5, 3, 0) }, "vertical stride is 0, it must be 1..1024"),
            (Windows with { Vertical = new(5, 3, 1, -1) }, "vertical padding before is -1, it must be 0..1024"),
            (Windows with { Vertical = new(5, 3, 1, 0, 1025) }, "vertical padding after is 1025, it must be 0..1024"),
            (Windows with { Batch = 1 << 20, Vertical = new(1 << 10, 1), Horizontal = new(1 << 10, 1) },
                "pixels of all images is 1099511627776, it must be 1..2147418112"),
            (Windows with { Batch = 1 << 20, Vertical = new(1, 1, 1, 1024, 1024), Horizontal = new(1, 1, 1, 1024, 0) },
                "pixels of all results is 2202245529600, it must be 1..2147418112"),
            (Windows with { Channels = 1 << 30, Vertical = new(2, 2), Horizontal = new(2, 2) },
                "numbers that an output channel sees is 2147483648, it must be 1..2147418112"),
            (Windows with { Outs = 1 << 30, Vertical = new(2, 2), Horizontal = new(2, 2) },
                "numbers that see a channel is 2147483648, it must be 1..2147418112"),
        ];
        foreach (var (sizes, message) in shapes)
        {
            yield return Case(Convolution with { Sizes = sizes }, $"convolution.forward: {message}");
        }

        yield return Case(Convolution with { X = Floats(159) }, "convolution.forward: operand 'X' has 159 elements, the sizes need 160");
        yield return Case(Convolution with { Weight = Floats(71) }, "convolution.forward: operand 'Weight' has 71 elements, the sizes need 72");
        yield return Case(Convolution with { Y = Floats(95) }, "convolution.forward: operand 'Y' has 95 elements, the sizes need 96");
        yield return Case(Convolution with { Bias = Floats(5) }, "convolution.forward: operand 'Bias' has 5 elements, the sizes need 6");
        yield return Case(
            Convolution with { PreActivation = Floats(95) },
            "convolution.forward: operand 'PreActivation' has 95 elements, the sizes need 96");
        yield return Case(
            Convolution with { Residual = Floats(95) }, "convolution.forward: operand 'Residual' has 95 elements, the sizes need 96");
        yield return Case(ConvolutionOfInput with { Sizes = Windows with { Batch = 0 } }, "convolution.inputgradient: batch is 0, it must be 1..");
        yield return Case(
            ConvolutionOfInput with { OutputGradient = Floats(95) },
            "convolution.inputgradient: operand 'OutputGradient' has 95 elements, the sizes need 96");
        yield return Case(
            ConvolutionOfInput with { Weight = Floats(71) },
            "convolution.inputgradient: operand 'Weight' has 71 elements, the sizes need 72");
        yield return Case(
            ConvolutionOfInput with { InputGradient = Floats(159) },
            "convolution.inputgradient: operand 'InputGradient' has 159 elements, the sizes need 160");
        yield return Case(ConvolutionOfWeight with { Sizes = Windows with { Batch = 0 } }, "convolution.weightgradient: batch is 0, it must be 1..");
        yield return Case(
            ConvolutionOfWeight with { X = Floats(159) }, "convolution.weightgradient: operand 'X' has 159 elements, the sizes need 160");
        yield return Case(
            ConvolutionOfWeight with { OutputGradient = Floats(95) },
            "convolution.weightgradient: operand 'OutputGradient' has 95 elements, the sizes need 96");
        yield return Case(
            ConvolutionOfWeight with { WeightGradient = Floats(71) },
            "convolution.weightgradient: operand 'WeightGradient' has 71 elements, the sizes need 72");
    }

    public static IEnumerable<TestCaseData> Bad()
    {
        yield return Case(Axpby with { Count = 0 }, "axpby: count is 0, it must be 1..");
        yield return Case(Axpby with { X = Floats(3) }, "axpby: operand 'X' has 3 elements, the sizes need 4");
        yield return Case(Axpby with { Y = default }, "axpby: operand 'Y' has 0 elements, the sizes need 4");

        yield return Case(new RoundCall { Count = 4, X = Floats(4), Y = Halves(3) }, "round: operand 'Y' has 3 elements, the sizes need 4");
        yield return Case(new WidenCall { Count = 4, X = Halves(4), Y = Floats(3) }, "widen: operand 'Y' has 3 elements, the sizes need 4");
        yield return Case(new WidenCall { Count = 4, X = Halves(3), Y = Floats(4) }, "widen: operand 'X' has 3 elements, the sizes need 4");
        yield return Case(new RoundCall { Count = 4, X = Floats(3), Y = Halves(4) }, "round: operand 'X' has 3 elements, the sizes need 4");

        yield return Case(Dropout with { Samples = 0 }, "dropout: samples is 0, it must be 1..");
        yield return Case(Dropout with { Elements = 0 }, "dropout: elements is 0, it must be 1..");
        yield return Case(Dropout with { Rate = 1 }, "dropout: the rate is 1, it must be at least 0 and below 1");
        yield return Case(Dropout with { Rate = -0.5f }, "dropout: the rate is -0.5, it must be at least 0 and below 1");
        yield return Case(Dropout with { Rate = float.NaN }, "dropout: the rate is NaN, it must be at least 0 and below 1");
        yield return Case(Dropout with { Draw = Ints(3) }, "dropout: operand 'Draw' has 3 elements, the sizes need 4");
        yield return Case(Dropout with { X = Floats(5) }, "dropout: operand 'X' has 5 elements, the sizes need 6");
        yield return Case(Dropout with { Y = Floats(5) }, "dropout: operand 'Y' has 5 elements, the sizes need 6");

        yield return Case(Augment with { Batch = 0 }, "augment.edm: batch is 0, it must be 1..");
        yield return Case(Augment with { Channels = 0 }, "augment.edm: channels is 0, it must be 1..");
        yield return Case(Augment with { ImageSize = 257 }, "augment.edm: image size is 257, it must be 1..256");
        yield return Case(Augment with { Images = Floats(95) }, "augment.edm: operand 'Images' has 95 elements, the sizes need 96");
        yield return Case(Augment with { Maps = Floats(11) }, "augment.edm: operand 'Maps' has 11 elements, the sizes need 12");
        yield return Case(Augment with { Labels = Floats(17) }, "augment.edm: operand 'Labels' has 17 elements, the sizes need 18");
        yield return Case(Augment with { Output = Floats(95) }, "augment.edm: operand 'Output' has 95 elements, the sizes need 96");

        yield return Case(LayerNorm with { Rows = -1 }, "layernorm.backward: rows is -1, it must be 1..");
        yield return Case(LayerNorm with { StrideX = 2 }, "layernorm.backward: stride is 2, it must be 3..");
        yield return Case(LayerNorm with { X = Floats(7) }, "layernorm.backward: operand 'X' has 7 elements, the sizes need 8");
        yield return Case(
            LayerNorm with { GradientBeta = Floats(2) },
            "layernorm.backward: operand 'GradientBeta' has 2 elements, the sizes need 3");

        yield return Case(
            LayerNorm with { RoundedGradientY = Halves(6) },
            "layernorm.backward: exactly one of the operands 'GradientY' and 'RoundedGradientY' must be given");
        yield return Case(
            LayerNorm with { GradientY = default, RoundedGradientY = Halves(5) },
            "layernorm.backward: operand 'RoundedGradientY' has 5 elements, the sizes need 6");
        yield return Case(
            Normalise with { Y = default }, "layernorm.forward: exactly one of the operands 'Y' and 'RoundedY' must be given");
        yield return Case(
            Normalise with { Y = default, RoundedY = Halves(5) }, "layernorm.forward: operand 'RoundedY' has 5 elements, the sizes need 6");
        yield return Case(
            new ColumnSumCall { Rows = 2, Columns = 3, Sum = Floats(3) },
            "columnsum: exactly one of the operands 'X' and 'RoundedX' must be given");
        yield return Case(
            new ColumnSumCall { Rows = 2, Columns = 3, RoundedX = Halves(5), Sum = Floats(3) },
            "columnsum: operand 'RoundedX' has 5 elements, the sizes need 6");

        yield return Case(Moments with { Rows = 0 }, "batchnorm.statistics: rows is 0, it must be 1..");
        yield return Case(Moments with { Channels = 0 }, "batchnorm.statistics: channels is 0, it must be 1..");
        yield return Case(Moments with { X = Floats(5) }, "batchnorm.statistics: operand 'X' has 5 elements, the sizes need 6");
        yield return Case(Moments with { Mean = Floats(2) }, "batchnorm.statistics: operand 'Mean' has 2 elements, the sizes need 3");
        yield return Case(Moments with { Variance = Floats(2) }, "batchnorm.statistics: operand 'Variance' has 2 elements, the sizes need 3");
        yield return Case(Moments with { Momentum = 1.5f }, "batchnorm.statistics: the momentum is 1.5, it must be in 0..1");
        yield return Case(Moments with { Momentum = float.NaN }, "batchnorm.statistics: the momentum is NaN, it must be in 0..1");
        yield return Case(
            Moments with { RunningMean = Floats(2) }, "batchnorm.statistics: operand 'RunningMean' has 2 elements, the sizes need 3");
        yield return Case(
            Moments with { RunningVariance = Floats(2) }, "batchnorm.statistics: operand 'RunningVariance' has 2 elements, the sizes need 3");
        yield return Case(
            Moments with { RunningVariance = default },
            "batchnorm.statistics: the operands 'RunningMean' and 'RunningVariance' are given together or not at all");
        yield return Case(
            Moments with { Rows = 1 }, "batchnorm.statistics: one row has no unbiased variance for the operand 'RunningVariance'");
        yield return Case(BatchNorm with { NegativeSlope = -0.1f }, "batchnorm.forward: the slope of negative numbers is -0.1, it must be in 0..1");
        yield return Case(BatchNorm with { X = Floats(5) }, "batchnorm.forward: operand 'X' has 5 elements, the sizes need 6");
        yield return Case(BatchNorm with { Y = Floats(5) }, "batchnorm.forward: operand 'Y' has 5 elements, the sizes need 6");
        yield return Case(BatchNorm with { Gamma = Floats(2) }, "batchnorm.forward: operand 'Gamma' has 2 elements, the sizes need 3");
        yield return Case(BatchNorm with { Beta = Floats(2) }, "batchnorm.forward: operand 'Beta' has 2 elements, the sizes need 3");
        yield return Case(BatchNorm with { Mean = Floats(2) }, "batchnorm.forward: operand 'Mean' has 2 elements, the sizes need 3");
        yield return Case(BatchNorm with { Variance = Floats(2) }, "batchnorm.forward: operand 'Variance' has 2 elements, the sizes need 3");
        yield return Case(
            BatchNormGradient with { NegativeSlope = 2 }, "batchnorm.backward: the slope of negative numbers is 2, it must be in 0..1");
        yield return Case(
            BatchNormGradient with { GradientX = Floats(5) }, "batchnorm.backward: operand 'GradientX' has 5 elements, the sizes need 6");
        yield return Case(
            BatchNormGradient with { GradientY = Floats(5) }, "batchnorm.backward: operand 'GradientY' has 5 elements, the sizes need 6");
        yield return Case(
            BatchNormGradient with { GradientBeta = Floats(2) }, "batchnorm.backward: operand 'GradientBeta' has 2 elements, the sizes need 3");
        yield return Case(Times with { Width = 5, Y = Floats(10) }, "time.embedding: a width of 5 is odd");
        yield return Case(Times with { Width = 2, Y = Floats(4) }, "time.embedding: width is 2, it must be 4..");
        yield return Case(Times with { Batch = 0 }, "time.embedding: batch is 0, it must be 1..");
        yield return Case(Times with { Order = (Sinusoids)2 }, "time.embedding: the order 2 is not known");
        yield return Case(Times with { Factor = float.NaN }, "time.embedding: the factor is NaN");
        yield return Case(Times with { Y = Floats(11) }, "time.embedding: operand 'Y' has 11 elements, the sizes need 12");
        yield return Case(GroupNorm with { Groups = 3 }, "groupnorm.forward: 3 groups do not cut 4 channels into whole ones");
        yield return Case(GroupNorm with { Groups = 5 }, "groupnorm.forward: groups is 5, it must be 1..4");
        yield return Case(GroupNorm with { Pixels = 0 }, "groupnorm.forward: pixels is 0, it must be 1..");
        yield return Case(GroupNorm with { Batch = 0 }, "groupnorm.forward: batch is 0, it must be 1..");
        yield return Case(
            GroupNorm with { Batch = 1 << 16, Pixels = 1 << 16 }, "groupnorm.forward: pixels of all images is 4294967296, it must be 1..");
        yield return Case(
            GroupNorm with { Activation = Activation.Gelu }, "groupnorm.forward: the activation is Gelu, it must be None or Silu");
        yield return Case(GroupNorm with { Mean = Floats(5) }, "groupnorm.forward: operand 'Mean' has 5 elements, the sizes need 6");
        yield return Case(GroupNorm with { Variance = Floats(5) }, "groupnorm.forward: operand 'Variance' has 5 elements, the sizes need 6");
        yield return Case(GroupNorm with { X = Floats(59) }, "groupnorm.forward: operand 'X' has 59 elements, the sizes need 60");
        yield return Case(GroupNorm with { Y = Floats(59) }, "groupnorm.forward: operand 'Y' has 59 elements, the sizes need 60");
        yield return Case(GroupNormGradient with { Groups = 3 }, "groupnorm.backward: 3 groups do not cut 4 channels into whole ones");
        yield return Case(
            GroupNormGradient with { GradientX = Floats(59) }, "groupnorm.backward: operand 'GradientX' has 59 elements, the sizes need 60");
        yield return Case(
            GroupNormGradient with { Variance = Floats(5) }, "groupnorm.backward: operand 'Variance' has 5 elements, the sizes need 6");

        yield return Case(CrossEntropy with { Classes = 0 }, "crossentropy: classes is 0, it must be 1..");
        yield return Case(CrossEntropy with { Targets = default }, "crossentropy: give labels or targets, one of the two");
        yield return Case(
            CrossEntropy with { Labels = new Slice<int>(64, 2) }, "crossentropy: give labels or targets, one of the two");
        yield return Case(
            CrossEntropy with { RowWeights = Floats(1) },
            "crossentropy: operand 'RowWeights' has 1 elements, the sizes need 2");

        yield return Case(Solver with { Model = Floats(3) }, "solverstep: operand 'Model' has 3 elements, the sizes need 4");
        yield return Case(Solver with { State = default }, "solverstep: operand 'State' is not given, its weight must be 0");
        yield return Case(
            Solver with { History0 = default, HistoryWeight0 = 0 }, "solverstep: older history without newer");
        yield return Case(Threshold with { Values = Floats(5) }, "solver.threshold: operand 'Values' has 5 elements, the sizes need 6");
        yield return Case(Threshold with { Samples = 0 }, "solver.threshold: samples is 0");
        yield return Case(Threshold with { Elements = 0 }, "solver.threshold: elements is 0");
        foreach (var quantile in new[] { 0, -0.5, 1.5, double.NaN })
        {
            yield return Case(Threshold with { Quantile = quantile }, "solver.threshold: the quantile is ");
        }

        foreach (var range in new[] { 0, -1, float.NaN, float.PositiveInfinity })
        {
            yield return Case(Threshold with { Range = range }, "solver.threshold: the range is ");
        }

        yield return Case(AdamW with { Step = 0 }, "adamw: step is 0, it must be 1..");
        yield return Case(AdamW with { Average = Floats(1) }, "adamw: operand 'Average' has 1 elements, the sizes need 4");

        yield return Case(MatMul with { B = Floats(11) }, "matmul: operand 'B' has 11 elements, the sizes need 12");
        foreach (var problem in Convolutions())
        {
            yield return problem;
        }

        var two = MatMul with { Products = 2, A = Floats(16), B = Floats(24), C = Floats(12) };
        yield return Case(MatMul with { Products = -1 }, "matmul: Products must be from 0 to 65535, not -1");
        yield return Case(MatMul with { Products = 65536 }, "matmul: Products must be from 0 to 65535, not 65536");
        yield return Case(two with { A = Floats(15) }, "matmul: operand 'A' has 15 elements, the sizes need 16");
        yield return Case(two with { C = Floats(11) }, "matmul: operand 'C' has 11 elements, the sizes need 12");
        yield return Case(MatMulBf16 with { A = Halves(7) }, "matmul.bf16: operand 'A' has 7 elements, the sizes need 8");
        yield return Case(MatMulBf16 with { C = default }, "matmul.bf16: exactly one of the operands 'C' and 'RoundedC' must be given");
        yield return Case(
            MatMulBf16 with { RoundedC = Halves(6) }, "matmul.bf16: exactly one of the operands 'C' and 'RoundedC' must be given");
        yield return Case(
            MatMulBf16 with { C = default, RoundedC = Halves(5) }, "matmul.bf16: operand 'RoundedC' has 5 elements, the sizes need 6");
        yield return Case(
            MatMulBf16 with { C = default, RoundedC = Halves(6), Accumulate = true },
            "matmul.bf16: only a result in fp32 can be added to");
        yield return Case(MatMulBf16 with { StrideC = 2 }, "matmul.bf16: StrideC is 2, it must be 3..");
        yield return Case(
            MatMulBf16 with { GradientOf = Activation.Gelu },
            "matmul.bf16: an activation gradient needs the pre-activation and excludes activation, bias and residual");
        yield return Case(
            AttentionBf16 with { Qkv = Halves(23) }, "attention.forward.bf16: operand 'Qkv' has 23 elements, the sizes need 24");
        yield return Case(
            AttentionBf16 with { Output = Halves(7) }, "attention.forward.bf16: operand 'Output' has 7 elements, the sizes need 8");
        yield return Case(
            AttentionBf16 with { LogSumExp = Floats(1) }, "attention.forward.bf16: operand 'LogSumExp' has 1 elements, the sizes need 2");
        yield return Case(
            AttentionGradientBf16 with { LogSumExp = default }, "attention.backward.bf16: operand 'LogSumExp' has 0 elements, the sizes need 2");
        yield return Case(
            AttentionGradientBf16 with { Output = Halves(7) }, "attention.backward.bf16: operand 'Output' has 7 elements, the sizes need 8");
        yield return Case(
            AttentionGradientBf16 with { OutputGradient = Halves(7) },
            "attention.backward.bf16: operand 'OutputGradient' has 7 elements, the sizes need 8");
        yield return Case(
            AttentionGradientBf16 with { QkvGradient = Halves(23) },
            "attention.backward.bf16: operand 'QkvGradient' has 23 elements, the sizes need 24");
        yield return Case(AttentionBf16 with { Dims = new(1, 2, 1, 257) }, "attention.forward.bf16: head size is 257, it must be 1..256");
        foreach (var call in new[]
        {
            two with { StrideA = 4 }, two with { StrideB = 3 }, two with { StrideC = 3 }, two with { Bias = Floats(3) },
            two with { Activation = Activation.Gelu }, two with { PreActivation = Floats(12) }, two with { Residual = Floats(12) },
        })
        {
            yield return Case(call, "matmul: several products have no strides and nothing behind the sums");
        }
    }

    [TestCaseSource(nameof(Good))]
    public void Validate_CallThatFits_Passes(IKernelCall call) => Assert.That(call.Validate, Throws.Nothing);

    [TestCaseSource(nameof(Bad))]
    public void Validate_CallThatDoesNotFit_NamesOperatorAndOperand(IKernelCall call, string message) => Assert.That(
        call.Validate,
        Throws.TypeOf<KernelException>().With.Message.StartsWith(message).And.Message.Not.Contain("\n"));

    [Test]
    public void Run_CallThatDoesNotFit_IsRefusedBeforeAnythingRuns()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        Assert.That(
            () => device.Run(ElementwiseOperators.Axpby, Axpby with { X = Floats(3) }), Throws.TypeOf<KernelException>());
    }

    [TestCase(-1)]
    [TestCase(3)]
    public void CrossEntropy_LabelOutsideTheClasses_IsRefusedBeforeAnythingIsWritten(int label)
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        using var logits = device.Upload<float>([1, 2, 3, 4, 5, 6]);
        using var labels = device.Upload<int>([0, label]);
        using var losses = device.Upload<float>([7, 7]);
        Assert.That(
            () => device.Run(LossOperators.CrossEntropy, new CrossEntropyCall
            {
                Rows = 2,
                Classes = 3,
                Logits = logits.Slice,
                Labels = labels.Slice,
                Losses = losses.Slice,
            }),
            Throws.TypeOf<KernelException>().With.Message.EqualTo(
                $"crossentropy: the label of row 1 is {label}, it must be 0..2"));
        Assert.That(device.Download(losses.Slice), Is.EqualTo(new float[] { 7, 7 }));
    }

    private static TestCaseData Case(IKernelCall call, string message) =>
        new TestCaseData(call, message).SetArgDisplayNames(message);

    /// <summary>A slice of that length somewhere: validation must not look inside.</summary>
    private static Slice<float> Floats(long length) => new(64, length);

    private static Slice<BFloat16> Halves(long length) => new(64, length);

    private static Slice<int> Ints(long length) => new(64, length);
}
