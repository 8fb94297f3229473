using System.IO.Compression;

namespace DPT.Engine.Dpt.Tests;

public class IdxSourceTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        WritePart("train", 6);
        WritePart("t10k", 4);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Load_PlainFiles_GivesImagesAndLabels()
    {
        var pair = Load();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pair.Train.Count, Is.EqualTo(6));
            Assert.That(pair.Test.Count, Is.EqualTo(4));
            Assert.That(pair.Train.ImageSize, Is.EqualTo(3));
            Assert.That(pair.Train.Labels, Is.EqualTo([0, 1, 0, 1, 0, 1]));
            Assert.That(pair.Train.Image(1).ToArray(), Is.EqualTo(Enumerable.Range(9, 9)));
        }
    }

    [Test]
    public void Load_CompressedFilesWithDots_GivesTheSame()
    {
        var plain = Load();
        foreach (var path in Directory.GetFiles(_folder.Path))
        {
            using (var target = new GZipStream(File.Create(path.Replace("-idx", ".idx") + ".gz"), CompressionLevel.Fastest))
            {
                target.Write(File.ReadAllBytes(path));
            }

            File.Delete(path);
        }

        Assert.That(Load().Train.Hash, Is.EqualTo(plain.Train.Hash));
    }

    [Test]
    public void Load_MissingFile_NamesIt()
    {
        File.Delete(_folder["t10k-labels-idx1-ubyte"]);
        TestImages.Fails(FailureKind.Environment, () => Load(), "t10k-labels-idx1-ubyte");
    }

    [Test]
    public void Load_MissingFolder_NamesIt() => TestImages.Fails(
        FailureKind.Environment, () => DatasetCatalog.Load(TestImages.Options("mnist:/nowhere/at/all"), seed: 1), "/nowhere/at/all");

    [Test]
    public void Load_EveryTruncation_IsRefused([Values("train-images-idx3-ubyte", "train-labels-idx1-ubyte")] string name)
    {
        var whole = File.ReadAllBytes(_folder[name]);
        for (var length = 0; length < whole.Length; length++)
        {
            _folder.Write(name, whole[..length]);
            TestImages.Fails(FailureKind.Check, () => Load(), name);
        }
    }

    [Test]
    public void Load_TrailingByte_IsRefused()
    {
        _folder.Write("train-images-idx3-ubyte", [.. File.ReadAllBytes(_folder["train-images-idx3-ubyte"]), 0]);
        TestImages.Fails(FailureKind.Check, () => Load(), "more bytes follow");
    }

    [Test]
    public void Load_WrongMagic_IsRefused()
    {
        _folder.Write("train-images-idx3-ubyte", File.ReadAllBytes(_folder["train-labels-idx1-ubyte"]));
        TestImages.Fails(FailureKind.Check, () => Load(), "damaged or of another kind");
    }

    [TestCase(0x7fffffffu, 0x7fffffffu, 0x7fffffffu)]
    [TestCase(0xffffffffu, 3u, 3u)]
    [TestCase(100_000_000u, 3u, 3u)]
    [TestCase(0u, 3u, 3u)]
    public void Load_ForgedSizes_AreRefusedWithoutReservingThem(uint count, uint rows, uint columns)
    {
        _folder.Write("train-images-idx3-ubyte", DataFiles.Idx([count, rows, columns], new byte[54]));
        var before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.Fails(FailureKind.Check, () => Load(), "train-images-idx3-ubyte");
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000_000));
    }

    [Test]
    public void Load_MoreLabelsThanImages_IsRefused()
    {
        _folder.Write("train-labels-idx1-ubyte", DataFiles.Idx([7], new byte[7]));
        TestImages.Fails(FailureKind.Check, () => Load(), "6 images");
    }

    [Test]
    public void Load_OblongImages_AreRefused()
    {
        _folder.Write("train-images-idx3-ubyte", DataFiles.Idx([6, 3, 2], new byte[36]));
        TestImages.Fails(FailureKind.Check, () => Load(), "3x2");
    }

    [Test]
    public void Load_TestLabelBeyondTrainingLabels_IsRefused()
    {
        _folder.Write("t10k-labels-idx1-ubyte", DataFiles.Idx([4], [0, 1, 2, 1]));
        TestImages.Fails(FailureKind.Check, () => Load(), "a test label is 2");
    }

    [Test]
    public void Load_ClassWithoutTrainingImage_IsRefused()
    {
        _folder.Write("train-labels-idx1-ubyte", DataFiles.Idx([6], [0, 2, 0, 2, 0, 2]));
        TestImages.Fails(FailureKind.Check, () => Load(), "class 1");
    }

    private DatasetPair Load() => DatasetCatalog.Load(TestImages.Options($"mnist:{_folder.Path}"), seed: 1);

    private void WritePart(string part, int count) => DataFiles.WriteIdx(
        _folder,
        part,
        3,
        [.. Enumerable.Range(0, 9 * count).Select(i => (byte)i)],
        [.. Enumerable.Range(0, count).Select(i => (byte)(i % 2))]);
}
