namespace DPT.Engine.Dpt.Tests;

/// <summary>A run of seconds: networks as small as they go, a handful of steps.</summary>
internal static class TinyOptions
{
    /// <summary>A generator of convolutions, as EDM trains it.</summary>
    public static DiffusionOptions SongUNet => Run.Diffusion with
    {
        Network = "songunet", Width = 4, Depth = 1, ChannelMultipliers = "1:2", Schedule = "edm", Prediction = "velocity", Dropout = 0.13, Augment = 0.5,
    };

    public static DptOptions Run { get; } = new()
    {
        Data = new DataOptions { Spec = "digits", LabelsPerClass = 2, TrainLimit = 200, TestLimit = 50 },
        Seed = 3,
        Rounds = 1,
        Device = "host",
        Precision = "fp32",
        Classifier = new ClassifierOptions { Network = "vit", PatchSize = 4, Width = 16, Depth = 1, Heads = 2, MlpRatio = 2 },
        Probe = new ProbeOptions { Pixels = "unit", Lambda = 0.0025 },
        Pretrain = new PretrainOptions
        {
            PatchSize = 4,
            Width = 16,
            Depth = 1,
            Heads = 2,
            MlpRatio = 2,
            Steps = 4,
            WarmUp = 2,
            LearningRate = 1e-3,
            ClipNorm = 3,
            Momentum = 0.9,
            Batch = 12,
            SmallViews = 1,
            Flip = false,
            LargeFrom = 0.6,
            SmallFrom = 0.3,
            SmallTo = 0.6,
            PatchDrop = 0.2,
            Prototypes = 8,
            HiddenWidth = 16,
            EmbeddingWidth = 8,
        },
        Stage1 = Training(labelledBatch: 6),
        Diffusion = new DiffusionOptions
        {
            Network = "u-vit",
            PatchSize = 4,
            Width = 16,
            Depth = 2,
            Heads = 2,
            ChannelMultipliers = "2:2:2",
            MlpRatio = 4,
            QkvBias = false,
            LongSkip = true,
            MlpTimeEmbed = false,
            Convolution = true,
            Prediction = "velocity",
            Schedule = "cosine",
            Initialisation = "fast",
            Steps = 6,
            Batch = 12,
            Accumulation = 1,
            Recompute = false,
            Optimizer = "adamw",
            LearningRate = 0.003,
            WarmUp = 2,
            WeightDecay = 0,
            Beta1 = 0.9,
            Beta2 = 0.99,
            AverageDecay = 0.9,
            ClipNorm = 1,
            LabelDropout = 0.2,
            Augment = 0,
            Dropout = 0,
            Flip = true,
        },
        Generate = new GenerateOptions
        {
            PerClass = 4,
            Guidance = 0.5,
            GuidedAbove = 0,
            Solver = "dpm-solver-fast",
            Evaluations = 4,
            Batch = 4,
        },
        Stage3 = Training(labelledBatch: 9) with { ControlSteps = 8, SelfTraining = true, RealShare = 0.5 },
        Run = new RunOptions { CheckpointEvery = 4, CheckpointsKept = 2, LogEvery = 1, EvaluationPoints = 2, OnDivergence = "stop" },
    };

    /// <summary>The smallest network with batch norm: one block in a group.</summary>
    public static ClassifierOptions WideResNet { get; } = Run.Classifier with { Network = "wrn", Width = 4, Depth = 10 };

    /// <summary>Prototypes, images and views that are as few as may be.</summary>
    public static MsnOptions Msn { get; } = new()
    {
        Network = new ClassifierOptions { Network = "vit", PatchSize = 2, Width = 12, Depth = 2, Heads = 3, MlpRatio = 2 },
        Steps = 8,
        WarmUp = 2,
        LearningRate = 0.003,
        Views = new MsnViewConfig(Images: 6, SmallViews: 2, Flip: true),
        PatchDrop = 0.3,
        Prototypes = 5,
        HiddenWidth = 16,
        EmbeddingWidth = 8,
    };

    private static RetrainOptions Training(int labelledBatch) => new()
    {
        Algorithm = "freematch",
        Threshold = 0.95,
        Steps = 6,
        LabelledBatch = labelledBatch,
        UnlabelledBatch = 14,
        UnlabelledWeight = 1,
        ThresholdMomentum = 0.9,
        FairnessWeight = 0.1,
        Optimizer = "adamw",
        LearningRate = 0.003,
        WarmUp = 2,
        WeightDecay = 0.05,
        AverageDecay = 0.9,
        ClipNorm = 1,
        Flip = false,
        CropPadding = 2,
    };
}
