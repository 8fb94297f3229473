using System.Globalization;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Whole runs on images of which a few are labelled, without and with test images.</summary>
public sealed class UnlabelledRunTests
{
    private readonly TemporaryFolder _folder = new();
    private ImageDataset _images = null!;
    private int[] _labelled = null!;

    [OneTimeSetUp]
    public void WriteImages()
    {
        _images = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Train;
        _labelled = [.. LabelSplit.Draw(_images, perClass: 2, seed: 0).Indices.Order()];
        for (var i = 0; i < _images.Count; i++)
        {
            using var png = new MemoryStream();
            ImageFile.EncodePng(png, _images.Image(i), 1, _images.ImageSize, _images.ImageSize);
            _folder.Write($"set/{Name(i)}", png.ToArray());
        }
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _folder.Dispose();

    /// <summary>An unknown label is like one that the method may not see, and nothing is measured that nobody can know.</summary>
    [Test]
    public void Run_UnknownLabels_MakesTheBitsOfHiddenOnes()
    {
        var few = Table("few", _labelled);
        var hidden = Table("all", Enumerable.Range(0, _images.Count)) with { LabelFile = _folder.Write("seen", string.Join('\n', _labelled.Select(Name))) };
        var (unknown, known) = (Run("unknown", few), Run("known", hidden));
        Assert.That(TinyRun.Outcome(_folder["unknown"]), Is.EqualTo(TinyRun.Outcome(_folder["known"])));
        Assert.That(TinyRun.Outcome(_folder["unknown"]), Has.Count.GreaterThan(8), "weights, pseudo-labels, pseudo-images and their grid");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(unknown.Data.Labels, Is.EqualTo(20));
            Assert.That(unknown.Data.Test, Is.Zero);
            Assert.That(unknown.Stage1 with { Seconds = 0 }, Is.EqualTo(new Stage1Result(null, null, null, 0)));
            Assert.That((unknown.Stage3.Top1, unknown.Stage3.ControlTop1, unknown.Stage3.SelfTrainingTop1), Is.EqualTo(((double?)null, (double?)null, (double?)null)));
            Assert.That(unknown.Stage3.PairedControl, Is.Null);
            Assert.That(unknown.Warnings, Has.Exactly(1).Contains("no accuracy is measured"));
            Assert.That(File.ReadAllText(_folder["unknown/metrics.jsonl"]), Does.Not.Contain("test/"));
            Assert.That(known.Stage1.PseudoLabelAccuracy, Is.InRange(0.05, 1), "all labels are known, so it is measured");
            Assert.That(DptResult.Load(_folder["unknown/result.json"]).Stage3.Top1, Is.Null);
            Assert.That(unknown.Stage2.FrechetDistance, Is.EqualTo(known.Stage2.FrechetDistance));
        }

        var refused = Assert.Throws<DptException>(() => With("unknown", few, pipeline => pipeline.Evaluate(default)))!;
        Assert.That(refused.Message, Does.Contain("has no test images: there is nothing to evaluate on"));
        refused = Assert.Throws<DptException>(() => With("unknown", few, pipeline => pipeline.MeasureSamples(new SampleComparison(), default)))!;
        Assert.That(refused.Message, Does.Contain("training images without a label"));
    }

    /// <summary>Labels that are known beyond the split measure the pseudo-labels; those that the method was told do not.</summary>
    [Test]
    public void Run_SomeLabelsBeyondTheSplit_MeasureThePseudoLabels()
    {
        var known = Enumerable.Range(0, 50).Union(_labelled).Order().ToArray();
        var data = Table("some", known) with { LabelFile = _folder.Write("told", string.Join('\n', _labelled.Select(Name))), Development = 5 };
        var result = Run("some", data);
        var labels = File.ReadAllLines(_folder["some/stage-1-classifier/pseudo-labels.csv"]).Skip(1)
            .Select(line => line.Split(',')).ToDictionary(fields => fields[0], fields => int.Parse(fields[1], CultureInfo.InvariantCulture));
        var judged = known.Where(i => labels.ContainsKey(Name(i))).ToArray();
        Assert.That(judged, Has.Length.EqualTo(known.Length - 5), "five of them measure the accuracy");
        Assert.That(
            result.Stage1.PseudoLabelAccuracy,
            Is.EqualTo((double)judged.Count(i => labels[Name(i)] == _images.Labels[i]) / judged.Length).Within(1e-12));
        Assert.That(result.Stage1.Calibration!.Intervals.Sum(interval => interval.Count), Is.EqualTo(judged.Length));
        Assert.That(result.Stage3.Top1 * 5, Is.InRange(0, 5).And.Matches<double>(right => Math.Abs(right - Math.Round(right)) < 1e-9));
    }

    private static string Name(int i) => $"{i:000}.png";

    private DataOptions Table(string name, IEnumerable<int> labelled) => new()
    {
        Spec = $"folder:{_folder["set"]}",
        Labels = _folder.Write(
            $"{name}.csv", "file,label\n" + string.Concat(labelled.Select(i => $"{Name(i)},{_images.ClassNames[_images.Labels[i]]}\n"))),
    };

    private DptResult Run(string name, DataOptions data) => TinyRun.In(_folder[name], TinyOptions.Run with { Data = data }).Result!;

    private void With(string name, DataOptions data, Action<DptPipeline> work) =>
        TinyRun.With(_folder[name], TinyOptions.Run with { Data = data }, new RecordingObserver(), work);
}
