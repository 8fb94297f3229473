using System.Buffers.Binary;
using System.Globalization;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// Labels that the method may not see change nothing that it makes: the true labels of training images outside of the split,
/// and all labels of the test images.
/// </summary>
public sealed class HiddenLabelTests
{
    [Test]
    public void Run_WithOtherHiddenLabels_MakesTheSameBits()
    {
        using var folder = new TemporaryFolder();
        var (outcome, result) = Run(folder, "true", shift: 0);
        var (scrambled, scrambledResult) = Run(folder, "scrambled", shift: 1);
        Assert.That(scrambled, Is.EqualTo(outcome));
        Assert.That(outcome, Has.Count.GreaterThan(8), "weights, pseudo-labels, pseudo-images and their grid");
        Assert.That(scrambledResult.Stage2.FrechetDistance, Is.EqualTo(result.Stage2.FrechetDistance));
        Assert.That(
            (scrambledResult.Stage1.PseudoLabelAccuracy, scrambledResult.Stage3.Top1),
            Is.Not.EqualTo((result.Stage1.PseudoLabelAccuracy, result.Stage3.Top1)), "what is measured with them changes");
    }

    /// <summary>A run on digits whose hidden labels are all shifted.</summary>
    private static (Dictionary<string, string> Outcome, DptResult Result) Run(TemporaryFolder folder, string name, int shift)
    {
        var (train, test) = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed);
        var data = folder[$"{name}-data"];
        Directory.CreateDirectory(data);
        var labelled = Enumerable.Range(0, 10).SelectMany(c => Enumerable.Range(0, train.Count).Where(i => train.Labels[i] == c).Take(2)).ToHashSet();
        Write(data, "train", train, Enumerable.Range(0, train.Count).Select(i => labelled.Contains(i) ? train.Labels[i] : (train.Labels[i] + shift) % 10));
        Write(data, "t10k", test, test.Labels.Select(label => (label + shift) % 10));
        var split = Path.Combine(data, "split.txt");
        File.WriteAllLines(split, labelled.Select(i => i.ToString(CultureInfo.InvariantCulture)));
        var options = TinyOptions.Run with
        {
            Stage1 = TinyOptions.Run.Stage1 with { Steps = 120, LabelledBatch = 20, UnlabelledWeight = 0.1, LearningRate = 0.01 },
            Data = TinyOptions.Run.Data with { Spec = $"mnist:{data}", LabelFile = split, TrainLimit = null, TestLimit = null },
        };
        var run = folder[name];
        var result = TinyRun.In(run, options).Result!;
        return (TinyRun.Outcome(run).Where(file => !file.Key.EndsWith("confusion.json", StringComparison.Ordinal)).ToDictionary(), result);
    }

    private static void Write(string folder, string part, ImageDataset images, IEnumerable<int> labels)
    {
        File.WriteAllBytes(
            Path.Combine(folder, $"{part}-images-idx3-ubyte"),
            [.. Header(images.Count, images.ImageSize, images.ImageSize), .. images.Pixels]);
        File.WriteAllBytes(
            Path.Combine(folder, $"{part}-labels-idx1-ubyte"), [.. Header(images.Count), .. labels.Select(label => (byte)label)]);
    }

    private static byte[] Header(params int[] sizes)
    {
        var header = new byte[4 + (4 * sizes.Length)];
        (header[2], header[3]) = (8, (byte)sizes.Length);
        for (var i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), sizes[i]);
        }

        return header;
    }
}
