using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What a run would work with: the sizes that a dry run shows.</summary>
/// <param name="TrainImages">Training images.</param>
/// <param name="TestImages">Test images.</param>
/// <param name="LabelledImages">Training images whose labels the method may see.</param>
/// <param name="ClassifierParameters">Parameters of the classifier.</param>
/// <param name="GeneratorParameters">Parameters of the generator.</param>
/// <param name="GeneratorTokens">Tokens that the generator makes of an image.</param>
public sealed record DptPlan(
    int TrainImages,
    int TestImages,
    int LabelledImages,
    long ClassifierParameters,
    long GeneratorParameters,
    int GeneratorTokens)
{
    /// <summary>Reads the data and sizes the networks; trains and writes nothing.</summary>
    /// <exception cref="DptException">The data is missing or damaged, or settings contradict each other.</exception>
    public static DptPlan Of(DptOptions options)
    {
        var (train, test) = DatasetCatalog.Load(options.Data, options.Seed);
        var split = LabelSplit.Create(train, options.Data, options.Seed);
        _ = SolverCatalog.Find(options.Generate.Solver);
        _ = VariancePreservingSchedule.Find(options.Diffusion.Schedule);

        // Parameters are counted where they are registered; nothing is allocated before a store is initialised.
        using var device = new HostDevice(threads: 1);
        using var classifier = new ParameterStore(device);
        _ = new VisionTransformer(classifier, options.Classifier, train.Channels, train.ImageSize, train.Classes);
        using var generator = new ParameterStore(device);
        var config = UVitConfig.From(options.Diffusion, train.Channels, train.ImageSize, train.Classes);
        _ = new UVit(generator, config);
        return new DptPlan(
            train.Count, test.Count, split.Count, classifier.Count, generator.Count, config.Grid(1).Tokens);
    }
}
