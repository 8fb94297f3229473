using System.Diagnostics;
using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Fits a probe (spec 2.3 and 6.1): every image whose label may be used is a row of equal weight. It takes seconds and no checkpoints; what
/// takes long are features, which are kept.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="name">Name in metrics and messages.</param>
/// <param name="labelled">Images whose labels may be used; no others are looked at.</param>
internal sealed class ProbeTraining(RunContext context, string name, ImageDataset labelled) : IClassifierTraining
{
    private readonly Stopwatch _clock = new();
    private ProbeClassifier? _classifier;

    /// <inheritdoc/>
    public IImageClassifier Classifier => _classifier ?? throw new InvalidOperationException("the probe is not fitted yet");

    /// <inheritdoc/>
    public int Steps { get; private set; }

    /// <inheritdoc/>
    public double Seconds => _clock.Elapsed.TotalSeconds;

    /// <inheritdoc/>
    public double? LoweredRate => null;

    /// <inheritdoc/>
    public IReadOnlyList<string> Machines => [context.Machine];

    /// <inheritdoc/>
    public void Run(CancellationToken stop)
    {
        _clock.Start();
        var features = context.Frozen;
        var rows = FeatureRows.Normalised(features.Features(labelled, stop), features.Width);
        if (rows.Empty > 0)
        {
            context.Observer.Message($"{name}: {rows.Empty} of {rows.Count} images have features that are all the same: nothing tells their class");
        }

        context.Metrics.WriteResumed(name, step: 0);
        var options = new RegressionOptions { Lambda = context.Options.Probe.Lambda };
        var fitted = LogisticRegression.Fit(
            rows, labelled.Labels, labelled.Classes, options, stop,
            (step, value, gap) => context.Metrics.Write(name, step, ("train/loss", value), ("train/gap", gap)));
        Steps = fitted.Steps;
        _classifier = new ProbeClassifier(features, Array.ConvertAll(fitted.Weights, weight => (float)weight), labelled.Classes);
        Tell(fitted, rows.Count);
        _clock.Stop();
    }

    /// <inheritdoc/>
    public void Save(string path) => TrainedProbe.Save(path, _classifier!, FeatureRecipe.Of(context.Options.Probe), context.Frozen.Name, context.Data.Train);

    public void Dispose() => _classifier?.Dispose();

    private void Tell(LogisticRegression fitted, int rows)
    {
        context.Observer.Message(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: regression on {rows} images, {fitted.Steps} steps, value {fitted.Value:0.0000}, within {fitted.Gap / fitted.Value:0.0e+0} of it of the least"
            + $"{(fitted.IsDone ? "" : ": it ended before its time; a larger probe.lambda is easier")}"));
        if (Classifier.Evaluate(context.Data.Test).Accuracy is { } accuracy)
        {
            context.Metrics.Write(name, fitted.Steps, ("test/top1", accuracy));
        }
    }
}
