using FsCheck;
using FsCheck.Fluent;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What holds for every data set, label split and folder tree, tried on generated ones.</summary>
public class DataProperties
{
    private const int FileCases = 40;

    /// <summary>Labels of up to 60 images in up to 6 classes, each class at least once.</summary>
    private static readonly Arbitrary<byte[]> _labels = (
        from classes in Gen.Choose(2, 6)
        from more in Gen.ArrayOf(Gen.Choose(0, classes - 1))
        from order in Gen.Shuffle(Enumerable.Range(0, classes).Concat(more).Take(60))
        select order.Select(label => (byte)label).ToArray()).ToArbitrary();

    /// <summary>A path below a class: folders a, b, c and d, up to three deep, then a file.</summary>
    private static readonly Gen<string> _path =
        from folders in Gen.ListOf(Gen.Elements("a", "b", "c", "d")).Select(list => list.Take(3))
        from file in Gen.Choose(0, 9)
        select string.Join('/', folders.Append($"{file}.png"));

    [FsCheck.NUnit.Property(MaxTest = FileCases)]
    public Property Idx_Written_IsReadBack() => Prop.ForAll(_labels, labels =>
    {
        using var folder = new TemporaryFolder();
        var pixels = new byte[4 * labels.Length];
        new Random(labels.Length).NextBytes(pixels);
        DataFiles.WriteIdx(folder, "train", 2, pixels, labels);
        DataFiles.WriteIdx(folder, "t10k", 2, pixels[..4], [0]);
        var train = DatasetCatalog.Load(TestImages.Options($"mnist:{folder.Path}"), seed: 1).Train;
        Assert.That(train.Pixels, Is.EqualTo(pixels));
        Assert.That(train.Labels, Is.EqualTo(labels.Select(label => (int)label)));
        Assert.That(train.Classes, Is.EqualTo(labels.Max() + 1));
    });

    [FsCheck.NUnit.Property]
    public Property LabelSplit_Drawn_TakesAsManyOfEachClassAndNoneTwice() => Prop.ForAll(_labels, Gen.Choose(0, 99).ToArbitrary(), (labels, seed) =>
    {
        var train = Images(labels);
        var least = ClassBalance.Count(train.Labels, train.Classes).Min();
        foreach (var perClass in Enumerable.Range(1, least))
        {
            var split = LabelSplit.Draw(train, perClass, seed);
            Assert.That(split.Indices, Is.Unique.And.All.InRange(0, train.Count - 1));
            Assert.That(split.Labels, Is.EqualTo(split.Indices.Select(i => train.Labels[i])));
            Assert.That(ClassBalance.Count(split.Labels, train.Classes), Is.All.EqualTo(perClass));
        }

        Assert.That(() => LabelSplit.Draw(train, least + 1, seed), Throws.TypeOf<DptException>());
    });

    [FsCheck.NUnit.Property(MaxTest = FileCases)]
    public Property LabelSplit_SavedOrListed_IsLoadedAgain() => Prop.ForAll(_labels, Gen.Choose(0, 99).ToArbitrary(), (labels, seed) =>
    {
        using var folder = new TemporaryFolder();
        var train = Images(labels);
        var split = LabelSplit.Draw(train, 1, seed);
        split.Save(folder["labels.csv"], train);
        Assert.That(LabelSplit.Load(folder["labels.csv"], train).Hash, Is.EqualTo(split.Hash));
        folder.Write("names.txt", string.Join("\r\n", split.Indices.Select(i => train.FileNames![i])));
        Assert.That(LabelSplit.Load(folder["names.txt"], train).Hash, Is.EqualTo(split.Hash));
    });

    [FsCheck.NUnit.Property]
    public Property BlindSubset_AnyLimit_KeepsThatManyInOrderAndMoreOfAHigherOne() => Prop.ForAll(
        Gen.Choose(1, 200).ToArbitrary(), Gen.Choose(1, 200).ToArbitrary(), Gen.Choose(0, 99).ToArbitrary(), (count, limit, seed) =>
        {
            int[] Kept(int? most) => BlindSubset.OfTraining(new int[count], TestImages.Options("digits") with { TrainLimit = most }, seed);
            var kept = Kept(limit);
            Assert.That(kept, Has.Length.EqualTo(Math.Min(count, limit)).And.Ordered.And.Unique);
            Assert.That(kept, Is.All.InRange(0, count - 1));
            Assert.That(kept, Is.SubsetOf(Kept(limit + 1)));
            Assert.That(Kept(null), Is.EqualTo(Enumerable.Range(0, count)));
        });

    /// <summary>
    /// A tree of images with links between any of its folders: what is read is what lies there, as found without following a link,
    /// whichever links there are and in whatever order all of it was made.
    /// </summary>
    [FsCheck.NUnit.Property(MaxTest = FileCases)]
    [Platform("Linux")]
    public Property Folder_WithLinksBetweenItsFolders_IsWhatReallyLiesThere() => Prop.ForAll(
        Gen.NonEmptyListOf(_path).ToArbitrary(), Gen.ListOf(Gen.Two(Gen.Choose(0, 99))).ToArbitrary(), (paths, links) =>
        {
            using var folder = new TemporaryFolder();
            string[] images = [.. paths.Select(path => $"cats/{path}"), .. paths.Select(path => $"dogs/{path}")];
            foreach (var (name, i) in images.Distinct().Select((name, i) => (name, i)))
            {
                folder.Write($"train/{name}", TestImages.Png(1, 2, 2, i % 200));
            }

            folder.Write("test/cats/1.png", TestImages.Png(1, 2, 2));
            var before = DatasetCatalog.Load(TestImages.Options($"folder:{folder.Path}"), seed: 1);
            var folders = Directory.GetDirectories(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Where(path => path.Split('/').Contains("cats") || path.Split('/').Contains("dogs")).ToArray();
            foreach (var ((from, to), i) in links.Select((link, i) => (link, i)))
            {
                Directory.CreateSymbolicLink(Path.Combine(folders[from % folders.Length], $"link{i}"), folders[to % folders.Length]);
            }

            var after = DatasetCatalog.Load(TestImages.Options($"folder:{folder.Path}"), seed: 1);
            Assert.That(after.Train.FileNames, Is.EqualTo(images.Distinct().Order(StringComparer.Ordinal)));
            Assert.That((after.Train.Hash, after.Test.Hash), Is.EqualTo((before.Train.Hash, before.Test.Hash)));
        });

    private static ImageDataset Images(byte[] labels) => new(
        "generated",
        [.. Enumerable.Range(0, labels.Max() + 1).Select(c => $"class {c}")],
        1,
        1,
        new byte[labels.Length],
        [.. labels.Select(label => (int)label)],
        [.. labels.Select((label, i) => $"class {label}/{i}, \"so called\".png")]);
}
