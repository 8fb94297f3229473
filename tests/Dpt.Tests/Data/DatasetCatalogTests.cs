namespace DPT.Engine.Dpt.Tests;

public class DatasetCatalogTests
{
    [TestCase("cats")]
    [TestCase("mnist")]
    [TestCase("mnist:")]
    [TestCase("digits:here")]
    [TestCase("")]
    public void Load_UnknownSpec_ListsTheKinds(string spec)
    {
        var error = TestImages.Fails(FailureKind.Usage, () => DatasetCatalog.Load(TestImages.Options(spec), seed: 1), $"'{spec}'");
        foreach (var kind in DatasetCatalog.Kinds)
        {
            Assert.That(error.Message, Does.Contain(kind.Spec));
        }
    }

    [Test]
    public void Load_NoRoomForAnImage_IsRefused() => TestImages.Fails(
        FailureKind.Usage, () => DatasetCatalog.Load(TestImages.Options("digits") with { ImageSize = 0 }, seed: 1), "image size");

    [Test]
    public void Load_DigitsLimitedAndResized_HasTheLimitsAndTheSize()
    {
        var options = TestImages.Options("digits") with { ImageSize = 8, TrainLimit = 105, TestLimit = 20 };
        var pair = DatasetCatalog.Load(options, seed: 1);
        Assert.That(DatasetCatalog.Load(options with { Crop = ImageCrop.Adm }, seed: 1).Train.Hash, Is.Not.EqualTo(pair.Train.Hash));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.Train.ImageSize, Is.EqualTo(8));
            Assert.That(pair.Train.Count, Is.EqualTo(105));
            Assert.That(pair.Test.Count, Is.EqualTo(20));
        }
    }

    [Test]
    public void Load_Cifar10_ReadsBatchesInOrder()
    {
        using var folder = new TemporaryFolder();
        for (var batch = 0; batch < 6; batch++)
        {
            var name = batch == 5 ? "test_batch.bin" : $"data_batch_{batch + 1}.bin";
            folder.Write(name, [.. Record(batch * 2), .. Record((batch * 2) + 1)]);
        }

        var pair = DatasetCatalog.Load(TestImages.Options($"cifar10:{folder.Path}"), seed: 1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.Train.Labels, Is.EqualTo(Enumerable.Range(0, 10)));
            Assert.That(pair.Train.Image(7).ToArray(), Is.EqualTo(Record(7)[1..]));
            Assert.That(pair.Test.Labels, Is.EqualTo([0, 1]));
            Assert.That(pair.Test.ClassNames[6], Is.EqualTo("frog"));
        }

        folder.Write("data_batch_3.bin", Record(4)[..^1]);
        TestImages.Fails(FailureKind.Check, () => DatasetCatalog.Load(TestImages.Options($"cifar10:{folder.Path}"), seed: 1), "data_batch_3.bin");
        folder.Write("data_batch_3.bin", [10, .. Record(4)[1..]]);
        TestImages.Fails(FailureKind.Check, () => DatasetCatalog.Load(TestImages.Options($"cifar10:{folder.Path}"), seed: 1), "label 10");
    }

    [Test]
    public void Load_LimitThatLosesAClass_SaysWhatToRaise() => TestImages.Fails(
        FailureKind.Usage, () => DatasetCatalog.Load(TestImages.Options("digits") with { TrainLimit = 9 }, seed: 1), "data.trainLimit");

    private static byte[] Record(int index) => DataFiles.CifarRecord(index % 10, index);
}
