using System.Reflection;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Draws for different purposes share no numbers: every purpose has a stream, every stage a seed of its own.</summary>
public sealed class RandomStreamTests
{
    private static IEnumerable<(string Name, uint Stream)> Streams =>
        new[] { typeof(RunStreams), typeof(RandomStreams) }
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(constant => constant.Name is not (nameof(RandomStreams.FirstFree) or nameof(RandomStreams.Layers)))
            .Select(constant => (constant.Name, (uint)constant.GetRawConstantValue()!));

    /// <summary>
    /// Solvers with noise draw from 65536 further for every evaluation, and layers that drop have streams as far apart, so streams
    /// stay below that.
    /// </summary>
    [Test]
    public void Streams_OfAllPurposes_Differ()
    {
        Assert.That(Streams.Count(), Is.EqualTo(26));
        Assert.That(Streams.Select(s => s.Stream), Is.Unique.And.All.LessThan(RandomStreams.Layers));
        Assert.That(
            Streams.Where(s => s.Name is not (nameof(RandomStreams.Initialisation) or nameof(RandomStreams.Dropout))).Select(s => s.Stream),
            Is.All.GreaterThanOrEqualTo(RandomStreams.FirstFree));
    }

    /// <summary>A stream for every class of the second control: no other purpose has one there, whatever joins them.</summary>
    [Test]
    public void SelfTraining_HasAllStreamsBehindItsFirst() => Assert.That(
        Streams.Where(s => s.Name != nameof(RunStreams.SelfTrainingDraw)).Select(s => s.Stream), Is.All.LessThan(RunStreams.SelfTrainingDraw));

    [Test]
    public void Seeds_OfStages_Differ()
    {
        using var folder = new TemporaryFolder();
        using var device = new HostDevice(threads: 1);
        ulong[] Seeds(int seed)
        {
            using var run = RunFolder.CreateAt(folder[$"{seed}"]);
            var plan = DptPlan.Of(TinyOptions.Run with { Seed = seed }, device);
            using var context = new RunContext(plan, run, device, new SilentObserver(), overwrite: false);
            return [.. Enumerable.Range(0, 4).Select(context.StageSeed)];
        }

        Assert.That(new[] { 0, 1, 2, 3 }.SelectMany(Seeds), Is.Unique);
    }

    /// <summary>The time of a sample says nothing about whether its label is dropped.</summary>
    [Test]
    public void Dropping_OfLabels_IsIndependentOfTheTime()
    {
        const int Samples = 4000;
        const double Dropout = 0.3;
        var (early, droppedEarly, droppedLate) = (0, 0, 0);
        for (var sample = 0; sample < Samples; sample++)
        {
            var isEarly = new PhiloxStream(9, RunStreams.DiffusionTime, sample).NextUniform() < 0.5;
            var drops = new PhiloxStream(9, RunStreams.LabelDropout, sample).NextUniform() < Dropout;
            early += isEarly ? 1 : 0;
            droppedEarly += isEarly && drops ? 1 : 0;
            droppedLate += !isEarly && drops ? 1 : 0;
        }

        // The deviation of a share of 2000 is 0.01: five of them.
        Assert.That((double)droppedEarly / early, Is.EqualTo(Dropout).Within(0.05));
        Assert.That((double)droppedLate / (Samples - early), Is.EqualTo(Dropout).Within(0.05));
    }

    /// <summary>Weak and strong views of the same images with the same numbers are drawn apart, and strong ones change more.</summary>
    [Test]
    public void StrongViews_AreFurtherFromTheImageThanWeakOnes()
    {
        using var device = new HostDevice(threads: 1);
        var images = ProceduralDigitsOf(64);
        using var source = new DeviceImages(device, images, new NormalisationStatistics([0], [1]));
        float[] Draw(AugmentPolicy policy, uint stream)
        {
            using var batch = device.Allocate<float>(source.ShapeOf(64).Count);
            using var indices = device.Upload<int>([.. Enumerable.Range(0, 64)]);
            source.Draw(batch.Slice, indices.Slice, new ImageView(policy, stream, Flip: false, CropPadding: 1), seed: 3);
            return device.Download(batch.Slice);
        }

        var plain = Draw(AugmentPolicy.None, 0);
        double Distance(float[] views) => views.Zip(plain, (a, b) => Math.Abs(a - b)).Average();
        var (weak, strong) = (Draw(AugmentPolicy.Weak, RunStreams.WeakView), Draw(AugmentPolicy.Strong, RunStreams.StrongView));
        Assert.That(Distance(weak), Is.GreaterThan(0));
        Assert.That(Distance(strong), Is.GreaterThan(1.5 * Distance(weak)));
        Assert.That(Draw(AugmentPolicy.Weak, RunStreams.StrongView), Is.Not.EqualTo(weak), "the shifts differ too");
    }

    private static ImageDataset ProceduralDigitsOf(int count) =>
        DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Train.Select([.. Enumerable.Range(0, count)]);
}
