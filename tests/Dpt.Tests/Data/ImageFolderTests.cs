namespace DPT.Engine.Dpt.Tests;

/// <summary>Images written as files are read back to the byte, and nothing half-written stays.</summary>
public sealed class ImageFolderTests
{
    [Test]
    public void Save_ThenLoad_GivesTheSameImages([Values(1, 3)] int channels)
    {
        using var folder = new TemporaryFolder();
        var pixels = new byte[12 * channels * 16];
        new Random(3).NextBytes(pixels);
        var images = new ImageDataset("set", ["cat", "dog"], channels, 4, pixels, [.. Enumerable.Range(0, 12).Select(i => i / 6)]);
        ImageFolder.Save(images, folder["set"]);
        var (train, test) = DatasetCatalog.Load(TestImages.Options($"folder:{folder["set"]}"), seed: 1);
        var all = train.Append(test);
        Assert.That(train.ClassNames, Is.EqualTo(images.ClassNames));
        Assert.That(train.FileNames![0], Is.EqualTo("cat/00000.png"));
        int[] order = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 5, 11];
        Assert.That((all.Pixels, all.Labels), Is.EqualTo((images.Select(order).Pixels, images.Select(order).Labels)), "every sixth is for testing");
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1), "nothing but the folder");
    }

    [TestCase("a/b")]
    [TestCase("..")]
    [TestCase("")]
    [TestCase("a\\b")]
    public void Save_ClassThatIsNoNameOfAFolder_WritesNothing(string name)
    {
        using var folder = new TemporaryFolder();
        var images = new ImageDataset("set", ["cat", name], 1, 2, new byte[8], [0, 1]);
        TestImages.Fails(FailureKind.Usage, () => ImageFolder.Save(images, folder["set"]), $"the class '{name}' is no name of a folder");
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Save_WhereSomethingIs_LeavesIt()
    {
        using var folder = new TemporaryFolder();
        folder.Write("set/precious.txt", "here");
        TestImages.Fails(FailureKind.Environment, () => ImageFolder.Save(TestImages.Cyclic(4, 2), folder["set"]), "cannot write");
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1));
        Assert.That(File.ReadAllText(folder["set/precious.txt"]), Is.EqualTo("here"));
    }
}
