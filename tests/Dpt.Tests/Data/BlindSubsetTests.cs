namespace DPT.Engine.Dpt.Tests;

/// <summary>What a limit keeps depends on the number of images and the seed, on nothing else.</summary>
public class BlindSubsetTests
{
    [Test]
    public void Load_TrainLimit_KeepsTheSameImagesWhateverTheirLabels()
    {
        using var folder = new TemporaryFolder();
        byte[] labels = [.. Enumerable.Range(0, 600).Select(i => (byte)(i % 3))];
        var before = Kept(folder, labels);
        Array.Sort(labels);
        Assert.That(Kept(folder, labels), Is.EqualTo(before));
        Assert.That(before, Has.Length.EqualTo(100).And.Ordered.And.Unique);
    }

    /// <summary>Half of 600 images, 10 of them rare: 5 on average, with a deviation of 1.6. A balanced half has all 10.</summary>
    [Test]
    public void Load_TrainLimit_KeepsTheSharesOfTheClasses()
    {
        using var folder = new TemporaryFolder();
        byte[] labels = [.. Enumerable.Range(0, 600).Select(i => (byte)(i % 60 == 0 ? 1 : 0))];
        var rare = Enumerable.Range(0, 40).Sum(seed => Kept(folder, labels, seed, limit: 300).Count(i => i % 60 == 0));
        Assert.That(rare / 40.0, Is.EqualTo(5).Within(5 * 1.6 / Math.Sqrt(40)));
    }

    [Test]
    public void Load_AnotherSeed_KeepsOtherTrainingImagesAndTheSameTestImages()
    {
        var options = TestImages.Options("digits") with { TrainLimit = 200, TestLimit = 100 };
        var (first, second) = (DatasetCatalog.Load(options, seed: 1), DatasetCatalog.Load(options, seed: 2));
        Assert.That(first.Train.Hash, Is.Not.EqualTo(second.Train.Hash));
        Assert.That(first.Test.Hash, Is.EqualTo(second.Test.Hash));
        Assert.That(DatasetCatalog.Load(options, seed: 1).Train.Hash, Is.EqualTo(first.Train.Hash));
    }

    /// <summary>Of all training images each is for training or for development, whatever the labels; test images do not come in.</summary>
    [Test]
    public void Load_Development_StandsInForTheTestImages()
    {
        using var folder = new TemporaryFolder();
        byte[] labels = [.. Enumerable.Range(0, 600).Select(i => (byte)(i % 3))];
        var before = Development(labels);
        Array.Sort(labels);
        var (training, development) = Development(labels);
        Assert.That((training, development), Is.EqualTo(before));
        Assert.That(development, Has.Length.EqualTo(150).And.Ordered);
        Assert.That(training.Concat(development).Order(), Is.EqualTo(Enumerable.Range(0, 600)));

        // Another seed or a limit leaves the images for development as they are.
        var limited = Load(folder, labels, seed: 8, data => data with { Development = 150, TrainLimit = 200 });
        Assert.That(Numbers(limited.Test), Is.EqualTo(development));
        Assert.That(Numbers(limited.Train), Has.Length.EqualTo(200).And.SubsetOf(training));
        TestImages.Fails(
            FailureKind.Usage, () => Load(folder, labels, 7, data => data with { Development = 600 }), "data.development 600 sets all");

        (int[] Training, int[] Development) Development(byte[] of)
        {
            var (train, test) = Load(folder, of, seed: 7, data => data with { Development = 150 });
            return (Numbers(train), Numbers(test));
        }
    }

    /// <summary>Folders draw before they decode, and draw the same.</summary>
    [Test]
    public void Load_DevelopmentOfAFolder_IsThatOfItsTrainingImages()
    {
        using var folder = new TemporaryFolder();
        foreach (var (part, count) in new[] { ("train", 24), ("test", 4) })
        {
            for (var i = 0; i < count; i++)
            {
                folder.Write($"{part}/{"ab"[i % 2]}/{i:00}.png", TestImages.Png(1, 2, 2, part == "train" ? i : 100));
            }
        }

        var options = TestImages.Options($"folder:{folder.Path}");
        var all = DatasetCatalog.Load(options, seed: 1).Train;
        var (train, test) = DatasetCatalog.Load(options with { Development = 5 }, seed: 1);
        var (training, development) = BlindSubset.OfDevelopment(new int[24], options with { Development = 5 })!.Value;
        Assert.That(train.Hash, Is.EqualTo(all.Select(training).Hash));
        Assert.That(test.Hash, Is.EqualTo(all.Select(development).Hash));
    }

    /// <summary>Every image is kept equally often: 2000 draws of 5 from 20 keep each 500 times, give or take 5 deviations.</summary>
    [Test]
    public void OfTraining_ManySeeds_KeepsEveryImageEquallyOften()
    {
        var options = TestImages.Options("digits") with { TrainLimit = 5 };
        var counts = new int[20];
        foreach (var seed in Enumerable.Range(0, 2000))
        {
            foreach (var i in BlindSubset.OfTraining(new int[20], options, seed))
            {
                counts[i]++;
            }
        }

        Assert.That(counts, Is.All.EqualTo(500).Within(5 * Math.Sqrt(2000 * 0.25 * 0.75)));
    }

    /// <summary>The images kept, recognised by their pixels: image i is i / 256, i mod 256, 0, 0.</summary>
    private static int[] Kept(TemporaryFolder folder, byte[] labels, int seed = 7, int limit = 100) =>
        Numbers(Load(folder, labels, seed, data => data with { TrainLimit = limit }).Train);

    private static int[] Numbers(ImageDataset images) =>
        [.. Enumerable.Range(0, images.Count).Select(i => (256 * images.Image(i)[0]) + images.Image(i)[1])];

    private static DatasetPair Load(TemporaryFolder folder, byte[] labels, int seed, Func<DataOptions, DataOptions> change)
    {
        byte[] pixels = [.. Enumerable.Range(0, labels.Length).SelectMany(i => (byte[])[(byte)(i / 256), (byte)i, 0, 0])];
        DataFiles.WriteIdx(folder, "train", 2, pixels, labels);
        DataFiles.WriteIdx(folder, "t10k", 2, [1, 2, 3, 4, 5, 6, 7, 8], [0, 1]);
        return DatasetCatalog.Load(change(TestImages.Options($"mnist:{folder.Path}")), seed);
    }
}
