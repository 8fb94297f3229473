using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// Every setting with its limits. A new one takes three lines: the property of <see cref="DptOptions"/>, the default
/// with its comment in <c>defaults.json</c>, and the limits here; a test holds the three together.
/// </summary>
internal static class ConfigKeys
{
    private const int Any = int.MaxValue;

    /// <summary>All keys, by name.</summary>
    public static IReadOnlyDictionary<string, ConfigKey> All { get; } = Everything().ToDictionary(k => k.Name);

    /// <summary>The key of that name.</summary>
    /// <param name="name">The name as given.</param>
    /// <param name="origin">Where it was given, for the message.</param>
    /// <exception cref="DptException">There is none; the message suggests the nearest.</exception>
    public static ConfigKey Find(string name, string origin)
    {
        if (All.TryGetValue(name, out var key))
        {
            return key;
        }

        var shown = OneLine.Start(name);
        throw new DptException(
            FailureKind.Usage, $"{origin}: there is no setting '{shown}'{NearestName.Hint(shown, All.Keys)}");
    }

    private static ConfigKey[] Everything() =>
    [
        new IntegerKey("seed", 0, Any),
        new IntegerKey("rounds", 1, 100),
        new ChoiceKey("device", "auto", "host", "cuda", "sim"),
        new ChoiceKey("precision", "fp32", "bf16"),

        new TextKey("data.spec") { Anchor = DatasetCatalog.WithAbsolutePath },
        new IntegerKey("data.imageSize", 4, 1024) { Optional = true },
        new TextKey("data.labels") { Optional = true, Anchor = Path.GetFullPath },
        new IntegerKey("data.labelsPerClass", 0, Any) { Optional = true },
        new TextKey("data.labelFile") { Optional = true, Anchor = Path.GetFullPath },
        new IntegerKey("data.development", 1, Any) { Optional = true },
        new IntegerKey("data.trainLimit", 1, Any) { Optional = true },
        new IntegerKey("data.testLimit", 1, Any) { Optional = true },
        new IntegerKey("data.memoryLimit", 0, Any) { Optional = true },
        new FlagKey("data.skipBroken"),

        new ChoiceKey("classifier.network", [.. ClassifierCatalog.Kinds.Select(k => k.Name)]),
        new IntegerKey("classifier.patchSize", 1, 256),
        new IntegerKey("classifier.width", 1, 8192),
        new IntegerKey("classifier.depth", 1, 256),
        new IntegerKey("classifier.heads", 1, 256),
        new IntegerKey("classifier.mlpRatio", 1, 16),

        new TextKey("probe.features") { Optional = true, Anchor = Path.GetFullPath },
        new TextKey("probe.output") { Optional = true },
        new ChoiceKey("probe.pixels", [.. PixelScale.Scales.Select(s => s.Name)]),
        new IntegerKey("probe.side", 1, 1024) { Optional = true },
        new RealKey("probe.lambda", 1e-9, 1e9),
        new TextKey("probe.cache") { Optional = true, Anchor = Path.GetFullPath },

        new IntegerKey("pretrain.patchSize", 1, 256),
        new IntegerKey("pretrain.width", 1, 8192),
        new IntegerKey("pretrain.depth", 1, 256),
        new IntegerKey("pretrain.heads", 1, 256),
        new IntegerKey("pretrain.mlpRatio", 1, 16),
        new IntegerKey("pretrain.steps", 1, 1_000_000_000),
        new IntegerKey("pretrain.warmUp", 0, Any),
        new RealKey("pretrain.learningRate", 1e-8, 10),
        new RealKey("pretrain.clipNorm", 0, 1e6),
        new RealKey("pretrain.momentum", 0, 0.999999),
        new IntegerKey("pretrain.batch", 2, 65536),
        new IntegerKey("pretrain.smallViews", 1, 64),
        new FlagKey("pretrain.flip"),
        new RealKey("pretrain.largeFrom", 0.01, 1),
        new RealKey("pretrain.smallFrom", 0.01, 1),
        new RealKey("pretrain.smallTo", 0.01, 1),
        new RealKey("pretrain.patchDrop", 0, 0.99),
        new IntegerKey("pretrain.prototypes", 2, 65536),
        new IntegerKey("pretrain.hiddenWidth", 1, 65536),
        new IntegerKey("pretrain.embeddingWidth", 1, 8192),

        .. SemiSupervised("stage1"),

        new ChoiceKey("diffusion.network", [.. GeneratorCatalog.Kinds.Select(k => k.Name)]),
        new TextKey("diffusion.autoencoder") { Optional = true, Anchor = Path.GetFullPath },
        new TextKey("diffusion.latents") { Optional = true, Anchor = Path.GetFullPath },
        new IntegerKey("diffusion.patchSize", 1, 256),
        new IntegerKey("diffusion.width", 1, 8192),
        new IntegerKey("diffusion.depth", 1, 256),
        new TextKey("diffusion.channelMultipliers"),
        new IntegerKey("diffusion.heads", 1, 256),
        new IntegerKey("diffusion.mlpRatio", 1, 16),
        new FlagKey("diffusion.qkvBias"),
        new FlagKey("diffusion.longSkip"),
        new FlagKey("diffusion.mlpTimeEmbed"),
        new FlagKey("diffusion.convolution"),
        new ChoiceKey("diffusion.prediction", "noise", "velocity", "data"),
        new ChoiceKey("diffusion.schedule", "vp", "cosine", "discrete", "edm"),
        new ChoiceKey("diffusion.initialisation", "official", "fast"),
        new IntegerKey("diffusion.steps", 1, Any),
        new IntegerKey("diffusion.batch", 1, 65536),
        new IntegerKey("diffusion.accumulation", 1, 4096),
        new FlagKey("diffusion.recompute"),
        new ChoiceKey("diffusion.optimizer", "adamw", "muon"),
        new RealKey("diffusion.learningRate", 1e-8, 10),
        new IntegerKey("diffusion.warmUp", 0, Any),
        new RealKey("diffusion.weightDecay", 0, 10),
        new RealKey("diffusion.beta1", 0, 0.999999),
        new RealKey("diffusion.beta2", 0, 0.999999),
        new RealKey("diffusion.averageDecay", 0, 0.999999),
        new RealKey("diffusion.clipNorm", 0, 1e6),
        new RealKey("diffusion.labelDropout", 0, 1),
        new RealKey("diffusion.augment", 0, 1),
        new RealKey("diffusion.dropout", 0, 0.99),
        new FlagKey("diffusion.flip"),

        new IntegerKey("generate.perClass", 1, 1_000_000),
        new RealKey("generate.guidance", 0, 100),
        new RealKey("generate.guidedAbove", 0, 1e6),
        new RealKey("generate.guidedBelow", 0, 1e6) { Optional = true },
        new ChoiceKey("generate.solver", [.. SolverCatalog.Solvers.Select(s => s.Name)]),
        new IntegerKey("generate.evaluations", 1, 1000),
        new RealKey("generate.threshold", 1e-6, 1) { Optional = true },
        new IntegerKey("generate.batch", 1, 65536),

        .. SemiSupervised("stage3"),
        new RealKey("stage3.realShare", 0, 0.99) { Optional = true },
        new IntegerKey("stage3.controlSteps", 1, Any) { Optional = true },
        new FlagKey("stage3.selfTraining"),

        new IntegerKey("run.checkpointEvery", 1, Any),
        new IntegerKey("run.checkpointsKept", 1, 1000),
        new IntegerKey("run.checkpointsKeptEvery", 1, Any) { Optional = true },
        new IntegerKey("run.logEvery", 1, Any),
        new IntegerKey("run.evaluationPoints", 1, 1000),
        new ChoiceKey("run.onDivergence", "stop", "retry"),
    ];

    private static ConfigKey[] SemiSupervised(string stage) =>
    [
        new ChoiceKey($"{stage}.algorithm", [.. SemiSupervisedCatalog.Kinds.Select(k => k.Name)]),
        new IntegerKey($"{stage}.steps", 1, Any),
        new IntegerKey($"{stage}.labelledBatch", 1, 65536),
        new IntegerKey($"{stage}.unlabelledBatch", 0, 65536),
        new RealKey($"{stage}.unlabelledWeight", 0, 1000),
        new RealKey($"{stage}.threshold", 0, 1),
        new RealKey($"{stage}.thresholdMomentum", 0, 0.999999),
        new RealKey($"{stage}.fairnessWeight", 0, 1000),
        new ChoiceKey($"{stage}.optimizer", "adamw", "muon", "sgd"),
        new RealKey($"{stage}.learningRate", 1e-8, 10),
        new IntegerKey($"{stage}.warmUp", 0, Any),
        new RealKey($"{stage}.weightDecay", 0, 10),
        new RealKey($"{stage}.averageDecay", 0, 0.999999),
        new RealKey($"{stage}.clipNorm", 0, 1e6),
        new FlagKey($"{stage}.flip"),
        new IntegerKey($"{stage}.cropPadding", 0, 64),
    ];
}
