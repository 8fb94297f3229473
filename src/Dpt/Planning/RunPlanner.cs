using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Plans a run: looks at the data, measures the networks that <see cref="PlanRules"/> choose for it, and shares the budget out.
/// It takes some seconds and writes nothing.
/// </summary>
public static class RunPlanner
{
    /// <summary>Share of a budget that measuring one rate may take, within limits.</summary>
    private const double MeasuringShare = 0.005;

    private const double LeastMeasuring = 0.05;
    private const double MostMeasuring = 2;

    /// <summary>Plans.</summary>
    /// <param name="options">The options without a plan: they name the data, the labels and the seed.</param>
    /// <param name="complete">The options with these settings, as far as the user says nothing else.</param>
    /// <param name="budget">How long the run may take.</param>
    /// <param name="device">Where it will compute.</param>
    /// <exception cref="DptException">
    /// The data cannot be read, or the settings that the user gave do not fit it or the device.
    /// </exception>
    public static RunPlan Plan(
        DptOptions options, Func<IReadOnlyDictionary<string, object>, DptOptions> complete, Budget budget, Device device)
    {
        Usage.Require(
            !options.Probe.IsUsed,
            "a budget plans the training of a network that classifies, and with probe.features there is none: say diffusion.steps, or a --preset");
        Usage.Require(
            options.Diffusion.Network == GeneratorCatalog.Kinds[0].Name,
            $"a budget plans a {GeneratorCatalog.Kinds[0].Name}, the network that its rules were measured with: with diffusion.network={options.Diffusion.Network} say its sizes and diffusion.steps");
        Usage.Require(
            options.Diffusion.Autoencoder is null,
            "a budget plans a generator of pixels, which its rules were measured with: with diffusion.autoencoder say diffusion's sizes and steps");
        var data = DatasetCatalog.Load(options);
        var split = LabelSplit.Create(data.Train, options.Data, options.Seed);
        var seconds = Math.Clamp(MeasuringShare * budget.Seconds, LeastMeasuring, MostMeasuring);
        return Plan(
            options, data, split, complete, budget, device,
            (chosen, train) => RateMeter.Measure(chosen, train, split, device, seconds));
    }

    /// <summary>The same for data that has been read, and rates from wherever they are.</summary>
    internal static RunPlan Plan(
        DptOptions options,
        DatasetPair data,
        LabelSplit split,
        Func<IReadOnlyDictionary<string, object>, DptOptions> complete,
        Budget budget,
        Device device,
        Func<DptOptions, ImageDataset, StepRates> measure)
    {
        var traits = DataTraits.Of(data.Train, split.Count, options.Data.ImageSize is not null);
        data = Resized(data, PlanRules.Side(traits));
        var candidates = new Dictionary<NetworkSize, Candidate>();
        var size = PlanRules.SizeFor(traits, size => (candidates[size] = Try(size)).Work);
        var (networks, rates, work) = candidates[size];
        PlannedRule[] rules = [.. networks, .. PlanRules.Schedules(work, data.Test.Count, rates, budget)];
        var checkedPlan = DptPlan.Of(complete(RunPlan.SettingsOf(rules)), data, split, device);
        return new RunPlan(
            budget, rules, StageEstimate.Of(checkedPlan, rates), PlanRules.SensibleSeconds(traits, rates, options.Rounds));

        Candidate Try(NetworkSize size)
        {
            PlannedRule[] networks = [.. PlanRules.Networks(traits, size)];
            var chosen = complete(RunPlan.SettingsOf(networks));
            DptPlan.Of(chosen, data, split, device);
            var rates = measure(chosen, data.Train);
            return new Candidate(networks, rates, PlanRules.Work(traits, rates, budget, options.Rounds));
        }
    }

    private static DatasetPair Resized(DatasetPair data, int side) => side == data.Train.ImageSize
        ? data
        : data with { Train = ImageResizer.Resize(data.Train, side), Test = ImageResizer.Resize(data.Test, side) };

    /// <summary>Networks with what the budget pays for.</summary>
    private sealed record Candidate(IReadOnlyList<PlannedRule> Networks, StepRates Rates, PlannedWork Work);
}
