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
    public void Load_ImageSizeGiven_ResizesAndCutsOutTheMiddle()
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
        var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}") with { ImageSize = 2 }, seed: 1);
        Assert.That(pair.Train.ImageSize, Is.EqualTo(2));
        Assert.That(pair.Train.Image(2).ToArray(), Is.All.EqualTo(175), "7/8 of 200: the triangle reaches one dark column");
    }

    [Test]
    public void Load_Limit_ReadsOnlyTheImagesKept()
    {
        for (var i = 0; i < 8; i++)
        {
            Write($"train/a/{i}.png", i);
            Write($"train/b/{i}.png", i);
        }

        Write("test/a/1.png", 0);
        var options = TestImages.Options($"folder:{_folder.Path}") with { TrainLimit = 12 };
        var kept = DatasetCatalog.Load(options, seed: 1).Train;
        string[] all = [.. from c in "ab" from i in Enumerable.Range(0, 8) select $"{c}/{i}.png"];
        Assert.That(kept.FileNames, Has.Length.EqualTo(12).And.SubsetOf(all).And.Ordered);
        foreach (var name in all.Except(kept.FileNames!))
        {
            _folder.Write($"train/{name}", "never decoded");
        }

        Assert.That(DatasetCatalog.Load(options, seed: 1).Train.Hash, Is.EqualTo(kept.Hash));
    }

    /// <summary>Images that are cut as ADM cuts them, with colour and longer than wide, are what its steps make of their planes.</summary>
    [Test]
    public void Load_CutAsByAdm_IsSo()
    {
        WriteSmallest();
        _folder.Write("train/a/1.png", TestImages.Png(3, 9, 21));
        var options = TestImages.Options($"folder:{_folder.Path}") with { ImageSize = 4, Crop = ImageCrop.Adm };
        var expected = new byte[3 * 16];
        var planes = TestImages.Ramp(3, 9, 21);
        for (var plane = 0; plane < 3; plane++)
        {
            new SquareResizer(9, 21, 4, ImageCrop.Adm).Apply(planes.AsSpan(plane * 189, 189), expected.AsSpan(plane * 16, 16));
        }

        var train = DatasetCatalog.Load(options, seed: 1).Train;
        Assert.That(train.Image(Array.IndexOf(train.FileNames!, "a/1.png")).ToArray(), Is.EqualTo(expected));
        Assert.That(DatasetCatalog.Load(options with { Crop = ImageCrop.Middle }, seed: 1).Train.Hash, Is.Not.EqualTo(train.Hash));
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
                ImageFile.Decode(ImageFile.Read(path), 3, 9, pixels);
                Assert.That(pixels, Is.EqualTo(expected), $"{length} of {png.Length} bytes");
            }
            catch (InvalidDataException)
            {
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
        TestImages.Fails(FailureKind.Environment, () => Load(), "test images have to come in a folder test");
    }

    [Test]
    public void Load_EmptyFolder_SaysSo() => TestImages.Fails(FailureKind.Environment, () => Load(), "0 class folders");

    [TestCase("._1.png")]
    [TestCase(".thumbnails/1.png")]
    [TestCase(".ipynb_checkpoints/1-checkpoint.png")]
    [TestCase("__pycache__/1.png")]
    [TestCase("__MACOSX/1.png")]
    [TestCase("@eaDir/1.png")]
    [TestCase("deeper/.hidden/deeper/1.png")]
    public void Load_HiddenNames_ArePassedOver(string name)
    {
        WriteSmallest();
        var before = Load();
        Write($"train/a/{name}", 7);
        if (name.Contains('/') && !name.StartsWith("deeper"))
        {
            Write($"train/{name}", 8);
            Write($"test/{name}", 8);
        }

        var after = Load();
        Assert.That((after.Train.Hash, after.Test.Hash), Is.EqualTo((before.Train.Hash, before.Test.Hash)));
        Assert.That(after.Train.ClassNames, Is.EqualTo(["a", "b"]));
        Assert.That(after.Notes, Is.Empty);
    }

    [Test]
    public void Load_OtherKindsOfFiles_AreCountedAndSaidOnce()
    {
        WriteSmallest();
        foreach (var name in new[] { "1.tiff", "2.tiff", "3.TIFF", "4.txt", "BMW owners", "deep/5.heic", "empty" })
        {
            _folder.Write($"train/a/{name}", name == "empty" ? "" : "BM is how bitmaps begin, and this text");
        }

        Assert.That(Load().Notes, Is.EqualTo(
            ["files left out because they hold no PNG, JPEG, WebP, BMP or GIF image: 3 .tiff, 2 without ending, 1 .heic, 1 .txt"]));
    }

    [TestCase("2.jpg")]
    [TestCase("2.txt")]
    [TestCase("2")]
    public void Load_MisnamedImage_IsReadAndSaid(string name)
    {
        WriteSmallest();
        Write($"train/b/{name}", 9);
        var pair = Load();
        Assert.That(pair.Train.FileNames, Has.Member($"b/{name}"));
        Assert.That(pair.Train.Image(Array.IndexOf(pair.Train.FileNames!, $"b/{name}"))[0], Is.EqualTo(9));
        Assert.That(pair.Notes.Single(), Does.Contain("the content decides: 1, ").And.EndsWith($"b/{name} is PNG"));
    }

    [Test]
    public void Load_EveryKind_IsReadInOneSet()
    {
        WriteSmallest();
        _folder.Write("train/a/2.bmp", DataFiles.Bmp(4, 4, (_, _) => (1, 2, 3)));
        _folder.Write("train/a/3.GIF", DataFiles.TwoFrameGif);
        var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}") with { ImageSize = 4 }, seed: 1);
        Assert.That(pair.Train.FileNames, Is.EqualTo(["a/1.png", "a/2.bmp", "a/3.GIF", "b/1.png"]));
        Assert.That(pair.Train.Image(1).ToArray(), Is.EqualTo(new[] { 1, 2, 3 }.SelectMany(v => Enumerable.Repeat((byte)v, 16))));
        Assert.That(pair.Train.Image(2)[..16].ToArray(), Is.All.EqualTo(255));
        Assert.That(pair.Notes, Is.Empty);
    }

    [Test]
    public void Load_ManyBrokenImages_NamesTheFirstThatFitAndCountsTheOthers()
    {
        WriteSmallest();
        for (var i = 0; i < 23; i++)
        {
            _folder.Write($"train/b/broken-{i:00}.png", i % 2 == 0 ? TestImages.Png(1, 4, 4)[..45] : "no image"u8.ToArray());
        }

        var error = TestImages.Fails(FailureKind.Check, () => Load(), "23 of 26 images cannot be read");
        var named = Enumerable.Range(0, 23).TakeWhile(i => error.Message.Contains($"train/b/broken-{i:00}.png: ", StringComparison.Ordinal)).Count();
        Assert.That(named, Is.InRange(5, 14));
        Assert.That(error.Message.Split("broken-"), Has.Length.EqualTo(named + 1));
        Assert.That(error.Message, Does.Contain("--skip-broken").And.EndsWith($"; and {23 - named} more"));
        Assert.That(error.Message, Has.Length.LessThan(1000));
    }

    [Test]
    public void Load_SkipBroken_LeavesThemOutAndListsThem()
    {
        WriteSmallest();
        var whole = Load();
        _folder.Write("train/a/0.png", "no image");
        _folder.Write("train/b/2.png", TestImages.Png(1, 4, 4)[..^28]);
        _folder.Write("test/b/2.png", "");
        var pair = LoadSkipping();
        Assert.That((pair.Train.Hash, pair.Test.Hash), Is.EqualTo((whole.Train.Hash, whole.Test.Hash)));
        Assert.That(pair.Train.FileNames, Is.EqualTo(whole.Train.FileNames));
        Assert.That(pair.Skipped.Select(image => image.File), Is.EqualTo(["train/a/0.png", "train/b/2.png", "test/b/2.png"]));
        Assert.That(pair.Notes.Single(), Does.StartWith("3 of 6 images are left out").And.Contain("train/b/2.png: its pixels end too early"));
        BrokenImage.Save(_folder["list.csv"], pair.Skipped);
        Assert.That(File.ReadAllLines(_folder["list.csv"]), Is.EqualTo((string[])
            [
                "file,reason",
                "train/a/0.png,\"it holds no PNG, JPEG, WebP, BMP or GIF image\"",
                "train/b/2.png,its pixels end too early",
                "test/b/2.png,\"it is empty, or a pipe or device; a regular file is asked for\"",
            ]));
    }

    /// <summary>Cut off behind the header, a broken image says that it has colour, and comes first: it decides nothing.</summary>
    [Test]
    public void Load_SkipBrokenOfColour_IsAsIfItWereNotThere()
    {
        WriteSmallest();
        var whole = Load();
        _folder.Write("train/a/0.png", TestImages.Png(3, 4, 4)[..^28]);
        Assert.That(LoadSkipping().Train.Hash, Is.EqualTo(whole.Train.Hash));
    }

    [TestCase("train/a/1.png", "no training image")]
    [TestCase("test/a/1.png", "too many to leave out")]
    public void Load_SkipBrokenAndNothingLeft_IsRefused(string name, string says)
    {
        WriteSmallest();
        _folder.Write(name, "no image");
        TestImages.Fails(FailureKind.Check, () => LoadSkipping(), says);
    }

    [Test]
    public void Load_AllBroken_IsRefused()
    {
        foreach (var name in new[] { "train/a/1.png", "train/b/1.png", "test/a/1.png" })
        {
            _folder.Write(name, "no image");
        }

        TestImages.Fails(FailureKind.Check, () => LoadSkipping(), "3 of 3 images");
    }

    [Test]
    [CancelAfter(20_000)]
    [Platform("Linux")]
    public void Load_PipesAndDevices_AreRefusedUnopened()
    {
        WriteSmallest();
        UnixFiles.MakePipe(_folder["train/a/pipe.png"]);
        File.CreateSymbolicLink(_folder["train/a/zero.png"], "/dev/zero");
        File.CreateSymbolicLink(_folder["train/a/null"], "/dev/null");
        UnixFiles.MakePipe(_folder["train/a/pipe"]);
        var error = TestImages.Fails(FailureKind.Check, () => Load(), "2 of 5 images");
        Assert.That(error.Message, Does.Contain("pipe.png: it is empty, or a pipe").And.Contain("zero.png: it is empty, or a pipe"));
    }

    [Test]
    [Platform("Linux")]
    public void Load_NamesThatAreNotUtf8_AreNamedAsBroken()
    {
        WriteSmallest();
        UnixFiles.MakeFile(_folder["train/a"], [0xff, 0xfe, .. ".png"u8]);
        UnixFiles.MakeFolder(_folder["train/a"], [0xe9, .. "t\u00e9"u8]);
        var error = TestImages.Fails(FailureKind.Check, () => Load(), "2 of 5 images");
        Assert.That(error.Message.Split("its name is not UTF-8; rename it"), Has.Length.EqualTo(3));
        Assert.That(LoadSkipping().Train.Count, Is.EqualTo(2));
        UnixFiles.MakeFolder(_folder["train"], [0xe9]);
        TestImages.Fails(FailureKind.Check, () => LoadSkipping(), "the folder's name is not UTF-8");
        UnixFiles.Empty(_folder.Path);
    }

    [Test]
    [Platform("Linux")]
    public void Load_NameWithALineBreak_MakesOneLineOfEveryMessage()
    {
        WriteSmallest();
        Write("train/a/two\nlines \e[31m.png", 5);
        Assert.That(Load().Train.FileNames, Has.Member("a/two\nlines \e[31m.png"));
        _folder.Write("train/a/two\nlines \e[31m.png", "no image");
        TestImages.Fails(FailureKind.Check, () => Load(), "two?lines ?[31m.png");
        Assert.That(LoadSkipping().Notes.Single(), Does.Contain("two?lines ?[31m.png").And.Not.Contain("\n"));
    }

    [TestCase("Train", "Test")]
    [TestCase("training", "testing")]
    [TestCase("train", "VAL")]
    [TestCase("TRAIN", "validation")]
    public void Load_PartsHoweverWritten_AreParts(string train, string test)
    {
        Write($"{train}/a/1.png", 1);
        Write($"{train}/b/1.png", 2);
        Write($"{test}/a/2.png", 3);
        Assert.That(Load().Train.ClassNames, Is.EqualTo(["a", "b"]));
    }

    [Test]
    public void Load_TestWithoutTrain_SaysWhatIsMissing()
    {
        Write("test/a/1.png", 0);
        Write("val/a/1.png", 0);
        TestImages.Fails(FailureKind.Environment, () => Load(), "has a folder test but no train");
    }

    [Test]
    public void Load_WhatLiesBesideTheParts_IsSaid()
    {
        WriteSmallest();
        Write("val/a/1.png", 3);
        Write("extra/a/1.png", 3);
        Write("train/stray.png", 3);
        _folder.Write("train/labels.txt", "a b");
        Assert.That(Load().Notes, Is.EqualTo(
            [
                "folders beside train and test are not read: extra, val",
                $"images left out because they lie outside of class folders: 1, the first is {_folder["train/stray.png"]}",
            ]));
    }

    /// <summary>Names, not the order in which the file system lists them, decide.</summary>
    [Test]
    public void Load_FilesMadeInAnotherOrder_HaveTheSameHash()
    {
        string[] names = [.. from c in "abc" from i in Enumerable.Range(0, 13) select $"{c}/{i}.png"];
        var hashes = new HashSet<(string, string)>();
        foreach (var seed in Enumerable.Range(0, 4))
        {
            var order = names.ToArray();
            new Random(seed).Shuffle(order);
            Array.ForEach(order, name => Write($"{seed}/{name}", Array.IndexOf(names, name)));
            var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder[$"{seed}"]}"), seed: 1);
            hashes.Add((pair.Train.Hash, pair.Test.Hash));
        }

        Assert.That(hashes, Has.Count.EqualTo(1));
    }

    private DatasetPair LoadSkipping() =>
        DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}") with { SkipBroken = true }, seed: 1);

    private DatasetPair Load() => DatasetCatalog.Load(TestImages.Options($"folder:{_folder.Path}"), seed: 1);

    private void WriteSmallest()
    {
        Write("train/a/1.png", 0);
        Write("train/b/1.png", 1);
        Write("test/a/1.png", 2);
    }

    private void Write(string name, int offset) => _folder.Write(name, TestImages.Png(1, 4, 4, offset));
}
