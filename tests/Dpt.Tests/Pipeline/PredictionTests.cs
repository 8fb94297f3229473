using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Predictions on files are what the run itself said of the same images, by the classifier that should be asked.</summary>
public sealed class PredictionTests : FinishedRunTests
{
    private RecordingObserver _observer = null!;

    [SetUp]
    public void MakeObserver() => _observer = new RecordingObserver();

    /// <summary>Pseudo-labels are what stage 1 says of the training images, to the last bit.</summary>
    [Test]
    public void Of_ARunWithStage1Alone_SaysWhatThePseudoLabelsSay()
    {
        var run = Folder["run"];
        TinyRun.Interrupted(run, "stage-2-diffusion", 2);
        var train = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Train;
        var labels = PseudoLabelFile.Load(new RunLayout(run).Round(1).Labels.PseudoLabelsPath, train);
        var predictions = Predict(run, Export(train));
        Assert.That(predictions.Classifier, Does.EndWith("stage-1-classifier/classifier.safetensors"));
        Assert.That(
            predictions.Images.Select(image => (image.Class, image.Probability)),
            Is.EqualTo(labels.Labels.Zip(labels.Probabilities, (label, probability) => (train.ClassNames[label], probability))));
        foreach (var image in predictions.Images)
        {
            Assert.That(image.Probabilities.Keys, Is.EqualTo(train.ClassNames));
            Assert.That(image.Probabilities.Values.Sum(), Is.EqualTo(1).Within(1e-5));
            Assert.That(image.Probabilities[image.Class], Is.EqualTo(image.Probabilities.Values.Max()).And.EqualTo(image.Probability));
        }
    }

    [Test]
    public void Of_AFinishedRun_IsAsAccurateAsItsResultSays()
    {
        var test = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test;
        var before = FinishedRun.Everything(Run.Path);
        var predictions = Predict(Run.Path, Export(test));
        Assert.That(predictions.Classifier, Does.EndWith("stage-3-classifier/classifier.safetensors"));
        var right = predictions.Images.Zip(test.Labels).Count(pair => pair.First.Class == test.ClassNames[pair.Second]);
        Assert.That((double)right / test.Count, Is.EqualTo(Run.Result.Stage3.Top1));
        Assert.That(FinishedRun.Everything(Run.Path), Is.EqualTo(before), "of the run nothing changes");
    }

    /// <summary>The file alone is enough: no run folder, no data.</summary>
    [Test]
    public void Open_OfTheFileAlone_KnowsWhatItIsFor()
    {
        var file = Folder["somewhere.safetensors"];
        File.Copy(new RunLayout(Run.Path).Round(1).Retrain.ClassifierPath, file);
        var test = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test;
        using var classifier = TrainedClassifier.Open(Device, file);
        Assert.That((classifier.Form, classifier.ClassNames), Is.EqualTo((test.Form, test.ClassNames)));
        var one = classifier.Probabilities(test.Select([7]));
        Assert.That(classifier.Probabilities(test)[70..80], Is.EqualTo(one), "in any batch the same");
        Assert.That(() => classifier.Probabilities(TestImages.Noise(3, 10, imageSize: 8)), Throws.ArgumentException.With.Message.Contains("the classifier is for"));
    }

    [Test]
    public void Of_FilesAndFolders_GoesInTheOrderOfPathsAndNames_AndPassesOthersBy()
    {
        var images = Export(DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test.Select([0, 1, 2]));
        Directory.CreateDirectory(Path.Combine(images, "below"));
        File.Move(Path.Combine(images, "00000.png"), Path.Combine(images, "below", "z.png"));
        File.WriteAllText(Path.Combine(images, "notes.txt"), "no image");
        var one = Path.Combine(images, "00002.png");
        Assert.That(
            Predict(Run.Path, one, images).Images.Select(image => image.File),
            Is.EqualTo(new[] { one, $"{images}/00001.png", one, $"{images}/below/z.png" }));
        Assert.That(_observer.Messages, Has.One.Contains("files left out because they hold no").And.Contains("1 .txt"));
    }

    /// <summary>Three equal channels are grey; colour is nothing that a grey classifier knows.</summary>
    [Test]
    public void Of_PicturesWithThreeChannels_TakesGreyOnes()
    {
        var test = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test;
        var (grey, colour) = (test.Image(0).ToArray(), test.Image(1).ToArray());
        var plain = Predict(Run.Path, Png("plain.png", grey, 1)).Images[0];
        Assert.That(Predict(Run.Path, Png("grey.png", [.. grey, .. grey, .. grey], 3)).Images[0].Probabilities, Is.EqualTo(plain.Probabilities));
        var coloured = Png("colour.png", [.. grey, .. grey, .. colour], 3);
        TestImages.Fails(
            FailureKind.Check,
            () => Predict(Run.Path, coloured),
            "1 of 1 images cannot be read; mend or remove them, or leave them out with --skip-broken: "
            + $"{coloured}: it has colour, where only grey images are understood");

        string Png(string name, byte[] pixels, int channels)
        {
            using var stream = File.Create(Folder[name]);
            ImageFile.EncodePng(stream, pixels, channels, test.ImageSize, test.ImageSize);
            return Folder[name];
        }
    }

    [Test]
    public void Of_BrokenImages_SaysNothing_OrLeavesThemOut()
    {
        var images = Export(DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Test.Select([0, 1, 2]));
        var broken = Path.Combine(images, "00001.png");
        var whole = Predict(Run.Path, images);
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..60]);
        TestImages.Fails(FailureKind.Check, () => Predict(Run.Path, images), $"1 of 3 images cannot be read; mend or remove them");
        var rest = Predictions.Of(new RunLayout(Run.Path), [images], skipBroken: true, Device, _observer, default);
        Assert.That(rest.Skipped.Select(image => image.File), Is.EqualTo(new[] { broken }));
        Assert.That(rest.Csv, Is.EqualTo(whole.Csv.Where((_, line) => line != 2)));
        TestImages.Fails(
            FailureKind.Check,
            () => Predictions.Of(new RunLayout(Run.Path), [broken], skipBroken: true, Device, _observer, default),
            "1 of 1 images cannot be read; too many to leave out");
    }

    [Test]
    public void Of_NothingThatIsThere_SaysSo()
    {
        TestImages.Fails(FailureKind.Environment, () => Predict(Run.Path, Folder["none"]), "is neither a file nor a folder");
        TestImages.Fails(FailureKind.Environment, () => Predict(Run.Path, Directory.CreateDirectory(Folder["empty"]).FullName), "there is no");
        var begun = Folder["begun"];
        TinyRun.Interrupted(begun, "stage-1-classifier", 2);
        TestImages.Fails(FailureKind.Usage, () => Predict(begun, Folder["none"]), $"no classifier of '{begun}' is finished; `dpt run --resume {begun}`");
    }

    [Test]
    public void Of_AClassifierThatHasChanged_IsRefused()
    {
        var copy = Run.Copy();
        var file = new RunLayout(copy).Round(1).Retrain.ClassifierPath;
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        TestImages.Fails(FailureKind.Check, () => Predict(copy, copy), $"'{file}' has changed since it was made; `dpt run --resume {copy}` makes it again");
    }

    [TestCase(null, "it does not say what it is for")]
    [TestCase("{", "is no classifier that can be used")]
    [TestCase("null", "it describes nothing")]
    [TestCase("{\"network\":null}", "is no classifier that can be used")]
    [TestCase("\"channels\":1", "\"channels\":2", "what it says of its images contradicts itself")]
    [TestCase("\"imageSize\":16", "\"imageSize\":12", "pos_embed")]
    [TestCase("\"imageSize\":16", "\"imageSize\":16000", "pos_embed")]
    [TestCase("\"depth\":1,", "\"depth\":1000000000,", "tensors for 1000000000 blocks")]
    [TestCase("\"0\",\"1\"", "\"1\",\"1\"", "what it says of its images contradicts itself")]
    [TestCase("\"0\",\"1\"", "null,\"1\"", "what it says of its images contradicts itself")]
    [TestCase("\"width\":16", "\"width\":20", "is no classifier that can be used")]
    [TestCase("\"network\":\"vit\"", "\"network\":\"vat\"", "vat")]
    [TestCase("\"deviation\":[", "\"deviation\":[-", "what it says of its images contradicts itself")]
    public void Open_OfAFileThatSaysSomethingElse_IsRefused(params string?[] edit)
    {
        var file = Folder["other.safetensors"];
        var source = new RunLayout(Run.Path).Round(1).Retrain.ClassifierPath;
        using (var reader = new SafeTensorsReader(source))
        {
            var text = edit.Length == 3 ? reader.Metadata["classifier"].Replace(edit[0]!, edit[1], StringComparison.Ordinal) : edit[0];
            Assert.That(text, Is.Not.EqualTo(reader.Metadata["classifier"]), "nothing was changed");
            StateDict.Save(file, StateDict.Load(source), text is null ? null : new Dictionary<string, string> { ["classifier"] = text });
        }

        TestImages.Fails(FailureKind.Check, () => TrainedClassifier.Open(Device, file).Dispose(), edit[^1]!);
    }

    private Predictions Predict(string run, params string[] paths) =>
        Predictions.Of(new RunLayout(run), paths, skipBroken: false, Device, _observer, default);

    /// <summary>A folder with a PNG for each image, named by its number.</summary>
    private string Export(ImageDataset images)
    {
        var folder = Directory.CreateDirectory(Folder["images"]).FullName;
        for (var i = 0; i < images.Count; i++)
        {
            using var stream = File.Create(Path.Combine(folder, $"{i:d5}.png"));
            ImageFile.EncodePng(stream, images.Image(i), images.Channels, images.ImageSize, images.ImageSize);
        }

        return folder;
    }
}
