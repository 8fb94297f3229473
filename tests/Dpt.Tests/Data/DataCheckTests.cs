namespace DPT.Engine.Dpt.Tests;

/// <summary>What is found wrong with a data set.</summary>
public sealed class DataCheckTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeSet()
    {
        _folder = new TemporaryFolder();
        foreach (var (name, offset) in new[] { ("train/cat/0", 0), ("train/cat/1", 1), ("train/dog/0", 100), ("train/dog/1", 101), ("test/cat/0", 50), ("test/dog/0", 150) })
        {
            Image(name, offset);
        }
    }

    [TearDown]
    public void RemoveSet() => _folder.Dispose();

    [Test]
    public void Of_AWholeSet_FindsNothing()
    {
        var check = Check();
        Assert.That((check.Passes, check.Same.Count, check.Data.Train.Count, check.Data.Test.Count), Is.EqualTo((true, 0, 4, 2)));
    }

    [Test]
    public void Of_ARepeatedImage_PassesAndSaysSo()
    {
        Image("train/cat/2", 1);
        var check = Check();
        Assert.That(check.Passes, Is.True);
        Assert.That(Found(check), Is.EqualTo([("train cat/1.png = train cat/2.png", false, false)]));
    }

    [Test]
    public void Of_ATestImageAmongTrainingImages_DoesNotPass()
    {
        Image("test/cat/1", 0);
        var check = Check();
        Assert.That(check.Passes, Is.False);
        Assert.That(Found(check), Is.EqualTo([("train cat/0.png = test cat/1.png", true, false)]));
    }

    [Test]
    public void Of_AnImageInTwoClasses_DoesNotPass()
    {
        Image("train/dog/2", 0);
        Assert.That(Check().Passes, Is.False, "among training images alone");
        Image("test/dog/1", 101);
        Image("test/cat/9", 101);
        var check = Check();
        Assert.That(check.Passes, Is.False);
        Assert.That(
            Found(check), Is.EqualTo([("train cat/0.png = train dog/2.png", false, true), ("train dog/1.png = test cat/9.png = test dog/1.png", true, true)]));
    }

    /// <summary>That nobody says what an image shows is no other class.</summary>
    [Test]
    public void Of_AnUnlabelledCopy_Passes()
    {
        Image("unlabelled/x", 100);
        var check = Check();
        Assert.That(check.Passes, Is.True);
        Assert.That(Found(check), Is.EqualTo([("train train/dog/0.png = train unlabelled/x.png", false, false)]));
    }

    [Test]
    public void Of_BrokenImages_ListsThem()
    {
        _folder.Write("train/cat/x.png", "no image");
        var check = Check();
        Assert.That(check.Passes, Is.False);
        Assert.That(check.Data.Skipped.Select(image => image.File), Is.EqualTo(["train/cat/x.png"]));
    }

    /// <summary>Other files with the same pixels are the same images; images of no files go by their places.</summary>
    [Test]
    public void Of_ImagesWithoutNames_CallsThemByPlace()
    {
        DataFiles.WriteIdx(_folder, "train", 1, [1, 2, 1, 4], [0, 1, 0, 1]);
        DataFiles.WriteIdx(_folder, "t10k", 1, [9, 4], [0, 0]);
        var check = DataCheck.Of(TestImages.Options($"mnist:{_folder.Path}"), seed: 1);
        Assert.That(Found(check), Is.EqualTo([("train 0 = train 2", false, false), ("train 3 = test 1", true, true)]));
    }

    private static IEnumerable<(string, bool, bool)> Found(DataCheck check) => check.Same.Select(same => ($"{same}", same.InBothParts, same.InSeveralClasses));

    private DataCheck Check() => DataCheck.Of(TestImages.Options($"folder:{_folder.Path}"), seed: 1);

    private void Image(string name, int offset) => _folder.Write($"{name}.png", TestImages.Png(1, 3, 3, offset));
}
