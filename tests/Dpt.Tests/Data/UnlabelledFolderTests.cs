namespace DPT.Engine.Dpt.Tests;

/// <summary>Folders with images whose class nobody has said: beside class folders, or not named by a table.</summary>
public class UnlabelledFolderTests
{
    private const int NoLabel = ImageDataset.NoLabel;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("train", "unlabelled")]
    [TestCase("Training", "Unlabeled")]
    public void Load_UnlabelledBesideTrain_AreTrainingImages(string train, string unlabelled)
    {
        WriteParts(train, unlabelled);
        var (images, test) = Load();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(images.ClassNames, Is.EqualTo(["a", "b"]));
            Assert.That(images.FileNames, Is.EqualTo(
                [$"{train}/a/1.png", $"{train}/b/2.png", $"{train}/b/deep/3.png", $"{unlabelled}/4.png", $"{unlabelled}/a/5.png"]));
            Assert.That(images.Labels, Is.EqualTo([0, 1, 1, NoLabel, NoLabel]), "a folder named like a class, below the unlabelled, says nothing");
            Assert.That(Enumerable.Range(0, 5).Select(i => images.Image(i)[0]), Is.EqualTo([1, 2, 3, 4, 5]));
            Assert.That(images.HasUnlabelled, Is.True);
            Assert.That(test.Count, Is.Zero);
            Assert.That(test.ClassNames, Is.EqualTo(images.ClassNames));
        }
    }

    [Test]
    public void Load_TestBesideUnlabelled_IsTheTestSet()
    {
        WriteParts("train", "unlabelled");
        Write("test/b/6.png", 6);
        var test = Load().Test;
        Assert.That(test.FileNames, Is.EqualTo(["b/6.png"]));
        Assert.That(test.Labels, Is.EqualTo([1]));
    }

    [Test]
    public void Load_UnlabelledWithoutTrain_SaysWhatIsMissing()
    {
        Write("a/1.png", 1);
        Write("b/2.png", 2);
        Write("unlabelled/3.png", 3);
        TestImages.Fails(FailureKind.Environment, () => Load(), "has a folder unlabelled but no train");
    }

    [Test]
    public void Load_TrainAlone_SetsEverySixthAside()
    {
        for (var i = 0; i < 12; i++)
        {
            Write($"train/{"ab"[i % 2]}/{i:00}.png", i);
        }

        Write("tests/a/1.png", 99);
        var pair = Load();
        Assert.That(pair.Test.FileNames, Is.EqualTo(["a/10.png", "b/11.png"]));
        Assert.That(pair.Train.Count, Is.EqualTo(10));
        Assert.That(pair.Notes, Is.EqualTo(["folders beside train are not read: tests"]));
    }

    [Test]
    public void Load_UnlabelledFolderWithoutImages_SaysSo()
    {
        WriteParts("train", "unlabelled");
        Directory.Delete(_folder["unlabelled"], recursive: true);
        _folder.Write("unlabelled/notes.txt", "soon");
        TestImages.Fails(FailureKind.Environment, () => Load(), "unlabelled' has no PNG");
    }

    [Test]
    public void Load_LinkFromUnlabelledToALabelledImage_CountsOnce()
    {
        WriteParts("train", "unlabelled");
        File.CreateSymbolicLink(_folder["unlabelled/again.png"], "../train/a/1.png");
        var pair = Load();
        Assert.That(pair.Train.Labels, Is.EqualTo([0, 1, 1, NoLabel, NoLabel]));
        Assert.That(pair.Notes.Single(), Does.Contain("links left out"));
    }

    /// <summary>The table alone says the classes of training images, wherever they lie; those of test images are their folders.</summary>
    [Test]
    public void Load_Table_DefinesTheLabels()
    {
        WriteForTable();
        _folder.Write("labels.csv", "file,label\n2.png,zebra\n\"scans/one, or 1.png\",ape\r\ntrain/x/3.png,ape");
        var (train, test) = LoadTable();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(train.ClassNames, Is.EqualTo(["ape", "zebra"]));
            Assert.That(train.FileNames, Is.EqualTo(["2.png", "4.png", "scans/one, or 1.png", "train/x/3.png"]));
            Assert.That(train.Labels, Is.EqualTo([1, NoLabel, 0, 0]));
            Assert.That(Enumerable.Range(0, 4).Select(i => train.Image(i)[0]), Is.EqualTo([2, 4, 1, 3]));
            Assert.That(test.FileNames, Is.EqualTo(["zebra/5.png"]));
            Assert.That(test.Labels, Is.EqualTo([1]));
        }
    }

    /// <summary>A run begun in the folder of the images leaves pictures there, which are not training images of the next.</summary>
    [Test]
    public void Load_RunFolderInside_IsPassedOver()
    {
        WriteForTable();
        _folder.Write("labels.csv", "file,label\n2.png,zebra\n4.png,ape\n");
        var before = LoadTable().Train.Hash;
        Write("runs/00001-x/stage-2-diffusion/samples.png", 9);
        Assert.That(LoadTable().Train.Count, Is.EqualTo(5), "no run without its settings");
        _folder.Write($"runs/00001-x/{RunLayout.ConfigName}", "{}");
        Assert.That(LoadTable().Train.Hash, Is.EqualTo(before));
    }

    [TestCase("\n", "its first line must be 'file,label'")]
    [TestCase("label,file\nape,2.png\n", "its first line must be 'file,label'")]
    [TestCase("file,label\n", "it names 0 classes, at least 2 are needed")]
    [TestCase("file,label\n2.png,ape\n4.png,ape\n", "it names 1 classes, at least 2 are needed")]
    [TestCase("file,label\n2.png,ape\n4.png\n", "line 3, '4.png', is no file name and class")]
    [TestCase("file,label\n2.png,ape\n4.png,\n", "line 3, '4.png,', is no file name and class")]
    [TestCase("file,label\n2.png,ape,0.9\n4.png,zebra\n", "line 2, '2.png,ape,0.9', is no file name and class")]
    [TestCase("file,label\n2.png,ape\nnone.png,zebra\n", "line 3, 'none.png,zebra', fits none or several of the 4 training images")]
    [TestCase("file,label\n2.png,ape\n5.png,zebra\n", "line 3, '5.png,zebra', fits none or several of the 4 training images", Description = "a test image")]
    [TestCase("file,label\n2.png,ape\n4.png,zebra\n2.png,zebra\n", "line 4 names image '2.png' a second time")]
    [TestCase("file,label\n2.png,ape\n4.png,cow\n", "there is no such class among the training images", Description = "test/zebra")]
    [TestCase("file,label\n\"2.png,ape\n", "line 2 has a quote that is never closed")]
    public void Load_TableThatDoesNotFit_SaysWhere(string table, string says)
    {
        WriteForTable();
        _folder.Write("labels.csv", table);
        TestImages.Fails(FailureKind.Check, () => LoadTable(), says);
    }

    [Test]
    public void Load_TableThatIsMissing_OrOfDataWithoutFiles_IsRefused()
    {
        WriteForTable();
        TestImages.Fails(FailureKind.Environment, () => LoadTable(), "labels.csv");
        TestImages.Fails(
            FailureKind.Usage,
            () => DatasetCatalog.Load(TestImages.Options("digits") with { Labels = "labels.csv" }, seed: 1),
            "data.labels names files, which 'digits' does not have");
    }

    [Test]
    public void Load_ClassThatOnlyUnlabelledImagesCouldHave_IsRefused()
    {
        WriteParts("train", "unlabelled");
        Directory.CreateDirectory(_folder["train/c"]);
        TestImages.Fails(FailureKind.Check, () => Load(), "class 2 ('c') has no labelled training image");
    }

    [Test]
    public void Split_WithoutANumber_TakesAllLabelsWhereSomeAreMissing()
    {
        WriteParts("train", "unlabelled");
        var train = Load().Train;
        var options = TestImages.Options("") with { LabelsPerClass = null };
        Assert.That(LabelSplit.Create(train, options, seed: 1).Indices, Is.EqualTo([0, 1, 2]));
        Assert.That(LabelSplit.Create(train, options with { LabelsPerClass = 0 }, seed: 1).Indices, Is.EqualTo([0, 1, 2]));
        Assert.That(LabelSplit.Draw(train, 1, seed: 1).Labels, Is.EqualTo([0, 1]));
        TestImages.Fails(FailureKind.Usage, () => LabelSplit.Draw(train, 2, seed: 1), "class 0 ('a') has 1 labelled training images");
        Assert.That(LabelSplit.Create(TestImages.Cyclic(30, 3), options, seed: 1).Count, Is.EqualTo(6), "2 of each class where all are labelled");
    }

    [TestCase("train/a/1.png\ntrain/b/2.png\n4.png\n", "line 3 names image '4.png', whose class the data does not say")]
    [TestCase("index,label\n0,0\n1,1\n3,-1\n", "line 4, '3,-1', fits none or several")]
    public void Split_FileThatNamesAnImageWithoutLabel_IsRefused(string text, string says)
    {
        WriteParts("train", "unlabelled");
        var path = _folder.Write("split.txt", text);
        TestImages.Fails(FailureKind.Check, () => LabelSplit.Load(path, Load().Train), says);
    }

    /// <summary>What somebody labelled is not given away by a limit, and only it can measure.</summary>
    [Test]
    public void Load_LimitAndDevelopment_KnowWhoIsLabelled()
    {
        for (var i = 0; i < 40; i++)
        {
            Write(i < 8 ? $"train/{"ab"[i % 2]}/{i:00}.png" : $"unlabelled/{i:00}.png", i);
        }

        foreach (var seed in Enumerable.Range(0, 5))
        {
            var train = Load(options => options with { TrainLimit = 12 }, seed).Train;
            Assert.That(train.Count, Is.EqualTo(12));
            Assert.That(train.Labels.Count(label => label != NoLabel), Is.EqualTo(8));
            var (training, development) = Load(options => options with { Development = 3 }, seed);
            Assert.That(development.Labels, Has.Length.EqualTo(3).And.None.EqualTo(NoLabel));
            Assert.That(training.Labels.Count(label => label != NoLabel), Is.EqualTo(5));
            Assert.That(training.FileNames!.Concat(development.FileNames!), Is.Unique.And.Exactly(40).Items);
        }

        TestImages.Fails(FailureKind.Usage, () => Load(options => options with { TrainLimit = 8 }), "leaves nothing beside the 8 labelled");
        TestImages.Fails(FailureKind.Usage, () => Load(options => options with { Development = 8 }), "all of the 8 labelled training images aside");
    }

    private DatasetPair Load(Func<DataOptions, DataOptions>? change = null, int seed = 1)
    {
        var options = TestImages.Options($"folder:{_folder.Path}");
        return DatasetCatalog.Load(change is null ? options : change(options), seed);
    }

    private DatasetPair LoadTable() => Load(options => options with { Labels = _folder["labels.csv"] });

    private void WriteParts(string train, string unlabelled)
    {
        Write($"{train}/a/1.png", 1);
        Write($"{train}/b/2.png", 2);
        Write($"{train}/b/deep/3.png", 3);
        Write($"{unlabelled}/4.png", 4);
        Write($"{unlabelled}/a/5.png", 5);
    }

    private void WriteForTable()
    {
        Write("scans/one, or 1.png", 1);
        Write("2.png", 2);
        Write("train/x/3.png", 3);
        Write("4.png", 4);
        Write("test/zebra/5.png", 5);
    }

    private void Write(string name, int offset) => _folder.Write(name, TestImages.Png(1, 4, 4, offset));
}
