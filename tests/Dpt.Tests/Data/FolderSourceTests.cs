namespace DPT.Engine.Dpt.Tests;

public class FolderSourceTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Load_TrainAndTest_SortsClassesAndFiles()
    {
        Write("train/b/2.png", 1);
        Write("train/b/10.png", 2);
        Write("train/a/x.png", 3);
        Write("test/a/y.png", 4);
        _folder.Write("train/a/notes.txt", "not an image");
        var pair = Load();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.Train.ClassNames, Is.EqualTo(["a", "b"]));
            Assert.That(pair.Train.FileNames, Is.EqualTo(["a/x.png", "b/10.png", "b/2.png"]));
            Assert.That(pair.Train.Labels, Is.EqualTo([0, 1, 1]));
            Assert.That(pair.Train.Image(1).ToArray(), Is.EqualTo(TestImages.Ramp(1, 4, 4, 2)));
            Assert.That(pair.Test.FileNames, Is.EqualTo(["a/y.png"]));
        }
    }

    [Test]
    public void Load_NoSplit_SetsEverySixthOfAClassAside()
    {
        for (var i = 0; i < 12; i++)
        {
            Write($"a/{i:00}.png", i);
            Write($"b/{i:00}.png", i);
        }

        var pair = Load();
        Assert.That(pair.Test.FileNames, Is.EqualTo(["a/05.png", "a/11.png", "b/05.png", "b/11.png"]));
        Assert.That(pair.Train.FileNames!.Intersect(pair.Test.FileNames!), Is.Empty);
        Assert.That(pair.Train.Count, Is.EqualTo(20));
    }

    [Test]
    public void Load_OneColourImage_MakesAllImagesColour()
    {
        Write("train/a/1.png", 0);
        _folder.Write("train/b/1.png", TestImages.Png(3, 4, 4));
        Write("test/a/1.png", 0);
        var pair = Load();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.Train.Channels, Is.EqualTo(3));
            Assert.That(pair.Train.Image(1).ToArray(), Is.EqualTo(TestImages.Ramp(3, 4, 4)));
            var grey = TestImages.Ramp(1, 4, 4);
            Assert.That(pair.Train.Image(0).ToArray(), Is.EqualTo((byte[])[.. grey, .. grey, .. grey]));
        }
    }

    [Test]
    public void Load_ImageOfAnotherSize_NamesFileSizesAndRemedy()
    {
        WriteSmallest();
        _folder.Write("train/b/2.png", TestImages.Png(1, 5, 5));
        var error = TestImages.Fails(FailureKind.Usage, () => Load(), "--image-size");
        Assert.That(error.Message, Does.Contain("b/2.png").And.Contain("5x5").And.Contain("4x4"));
    }

    [Test]
    public void Load_ImageSizeGiven_CropsTheCentreAndResizes()
    {
        WriteSmallest();
        var centred = new byte[8 * 4];
        for (var i = 0; i < centred.Length; i++)
        {
            centred[i] = (byte)(i % 8 is >= 2 and < 6 ? 200 : 0);
        }

        using var png = new MemoryStream();
        ImageFile.EncodePng(png, centred, 1, 8, 4);
        _folder.Write("train/b/2.png", png.ToArray());
        var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}") with { ImageSize = 2 });
        Assert.That(pair.Train.ImageSize, Is.EqualTo(2));
        Assert.That(pair.Train.Image(2).ToArray(), Is.All.EqualTo(200));
    }

    [Test]
    public void Load_Limit_ReadsOnlyTheImagesKept()
    {
        WriteSmallest();
        _folder.Write("train/a/9.png", "never decoded");
        var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}") with { TrainLimit = 2 });
        Assert.That(pair.Train.FileNames, Is.EqualTo(["a/1.png", "b/1.png"]));
    }

    /// <summary>What is cut off behind the pixels, such as a checksum, does no harm.</summary>
    [Test]
    public void Load_EveryTruncationOfAnImage_IsRefusedUnlessAllPixelsAreThere()
    {
        WriteSmallest();
        var png = TestImages.Png(3, 9, 9);
        var expected = TestImages.Ramp(3, 9, 9);
        for (var length = 0; length < png.Length; length++)
        {
            var path = _folder.Write("cut.png", png[..length]);
            var pixels = new byte[expected.Length];
            try
            {
                ImageFile.Decode(path, 3, 9, pixels);
                Assert.That(pixels, Is.EqualTo(expected), $"{length} of {png.Length} bytes");
            }
            catch (DptException error)
            {
                Assert.That(error.Kind, Is.EqualTo(FailureKind.Check));
            }
        }

        _folder.Write("train/b/2.png", TestImages.Png(1, 4, 4)[..45]);
        TestImages.Fails(FailureKind.Check, () => Load(), "2.png");
    }

    [TestCase("")]
    [TestCase("this is no image")]
    public void Load_FileThatIsNoImage_IsRefused(string content)
    {
        WriteSmallest();
        _folder.Write("train/b/2.png", content);
        TestImages.Fails(FailureKind.Check, () => Load(), "2.png");
    }

    [Test]
    public void Load_TestClassUnknownInTraining_IsRefused()
    {
        WriteSmallest();
        Write("test/c/1.png", 0);
        TestImages.Fails(FailureKind.Check, () => Load(), "no such class");
    }

    [Test]
    public void Load_TrainWithoutTest_SaysWhatIsMissing()
    {
        Write("train/a/1.png", 0);
        Write("train/b/1.png", 0);
        TestImages.Fails(FailureKind.Environment, () => Load(), "neither test nor val");
    }

    [Test]
    public void Load_EmptyFolder_SaysSo() => TestImages.Fails(FailureKind.Environment, () => Load(), "0 class folders");

    private DatasetPair Load() => DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}"));

    private void WriteSmallest()
    {
        Write("train/a/1.png", 0);
        Write("train/b/1.png", 1);
        Write("test/a/1.png", 2);
    }

    private void Write(string name, int offset) => _folder.Write(name, TestImages.Png(1, 4, 4, offset));
}
