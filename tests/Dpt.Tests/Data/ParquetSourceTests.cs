using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Parquet files of the hub: what Apache's library wrote, see <c>make-parquet-files.cs</c>, and forged ones.</summary>
[CancelAfter(60_000)]
[Parallelizable]
public sealed class ParquetSourceTests
{
    private const int TailBytes = 8;

    /// <summary>The same images and labels, as NumPy wrote them.</summary>
    private static readonly DatasetPair Truth = DatasetCatalog.Load(TestImages.Options($"npz:{DataFiles.PathOf("arrays-adm.npz")}"), seed: 1);

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("hub.parquet", "cat", "dog")]
    [TestCase("hub-plain.parquet", "0", "1")]
    [TestCase("hub-gzip.parquet", "0", "1")]
    public void Load_WhatTheHubHas_HasItsImages(string file, params string[] classes)
    {
        var pair = Load(DataFiles.PathOf(file));
        Assert.That(pair.Train.Pixels.ToArray(), Is.EqualTo(Truth.Train.Pixels.ToArray()));
        Assert.That(pair.Train.Labels, Is.EqualTo(Truth.Train.Labels));
        Assert.That((pair.Test.Image(0).ToArray(), pair.Test.Labels[0]), Is.EqualTo((Truth.Test.Image(0).ToArray(), Truth.Test.Labels[0])));
        Assert.That(pair.Train.ClassNames, Is.EqualTo(classes));
        Assert.That(pair.Train.FileNames![^1], Is.EqualTo("row-000013"));
        Assert.That(pair.Notes, Is.Empty);
    }

    /// <summary>By the letter of the format such pages are compressed; Apache's library always says whether they are.</summary>
    [Test]
    public void Load_PagesThatDoNotSayWhetherTheyAreCompressed_UnpacksThem()
    {
        const int Rows = 20;
        byte[] images = [.. Enumerable.Range(0, Rows).Select(i => TestImages.Png(1, 4, 4, i)).SelectMany(png => (byte[])[.. BitConverter.GetBytes(png.Length), .. png])];
        byte[] labels = [.. Enumerable.Range(0, Rows).SelectMany(i => BitConverter.GetBytes(i % 2L))];
        var (first, second) = (File((packed, length) => ParquetText.Page(packed, length, Rows)), File((packed, length) => ParquetText.PageOfSecondVersion(packed, length, Rows)));
        Assert.That(second.Train.Pixels.ToArray(), Is.EqualTo(first.Train.Pixels.ToArray()).And.Not.Empty);
        Assert.That(second.Train.Labels, Is.EqualTo(first.Train.Labels));

        DatasetPair File(Func<byte[], int, byte[]> page) => Load(_folder.Write(
            "x.parquet", ParquetText.File(Rows, page(HostileArchives.Gzip(images), images.Length), page(HostileArchives.Gzip(labels), labels.Length), codec: 2)));
    }

    [Test]
    public void Load_WhereFewAreLabelled_SetsNoneAside()
    {
        var (train, test) = Load(DataFiles.PathOf("hub-zstd.parquet"));
        Assert.That(train.Labels, Is.EqualTo([0, 1, 0, 1, .. Enumerable.Repeat(ImageDataset.NoLabel, 10)]));
        Assert.That(test.Count, Is.Zero);
        Assert.That(train.Image(13).ToArray(), Is.EqualTo(Truth.Train.Image(11).ToArray()));
    }

    [TestCase("")]
    [TestCase("data/")]
    public void Load_AFolder_HasTheShardsOfBothParts(string below)
    {
        foreach (var name in new[] { "train-00001-of-00002", "train-00000-of-00002", "test-00000-of-00001" })
        {
            _folder.Write($"{below}{name}.parquet", DataFiles.Made("hub.parquet"));
        }

        var (train, test) = Load(_folder.Path);
        Assert.That((train.Count, test.Count), Is.EqualTo((28, 14)));
        Assert.That(train.FileNames![0], Is.EqualTo($"{below}train-00000-of-00002.parquet/row-000000"));
        Assert.That(train.FileNames[14], Is.EqualTo($"{below}train-00001-of-00002.parquet/row-000000"));
        Assert.That(train.Image(14).ToArray(), Is.EqualTo(train.Image(0).ToArray()));
    }

    [Test]
    public void Load_ShardsWithOtherNamesOfClasses_IsRefused()
    {
        _folder.Write("train-0.parquet", DataFiles.Made("hub.parquet"));
        _folder.Write("train-1.parquet", DataFiles.Made("hub-gzip.parquet"));
        TestImages.Fails(FailureKind.Check, () => Load(_folder.Path), "train-1.parquet' is damaged or of another kind: its classes have other names");
    }

    [TestCase("hub-delta.parquet", "column 'label': its values are packed in way 5 of Parquet, which is not read")]
    [TestCase("edm.zip", "it does not begin and end with PAR1")]
    public void Load_WhatIsNotRead_SaysSo(string file, string says) => TestImages.Fails(FailureKind.Check, () => Load(DataFiles.PathOf(file)), says);

    [TestCase("image", "imago", "it has the columns imago.bytes, imago.path, label; images, one string of bytes a row, are looked for in image.bytes and img.bytes")]
    [TestCase("label", "lapel", "it has the columns image.bytes, image.path, lapel; classes, one integer a row, are looked for in label and fine_label")]
    [TestCase("\"label\"", "\"lapel\"", "its note 'huggingface' does not say what 'label' is")]
    [TestCase("\"cat\"", "\"dog\"", "its note 'huggingface' names 2 classes")]
    [TestCase("\"cat\", ", "       ", "its note 'huggingface' names 1 classes")]
    [TestCase("{\"info", "[\"info", "its note 'huggingface' does not say what 'label' is")]
    public void Load_OtherWords_SaysWhatIsMissing(string from, string to, string says)
    {
        var text = Encoding.Latin1.GetString(DataFiles.Made("hub.parquet")).Replace(from, to, StringComparison.Ordinal);
        TestImages.Fails(FailureKind.Check, () => Load(_folder.Write("x.parquet", Encoding.Latin1.GetBytes(text))), says);
    }

    private static IEnumerable<TestCaseData> Forged()
    {
        byte[] image = [5, 0, 0, 0, 1, 2, 3, 4, 5];
        byte[] images = [.. ParquetText.Dictionary(image, 9, 1), .. ParquetText.Page([0], 1, 1000, encoding: 8)];
        byte[] labels = [.. ParquetText.Dictionary(new byte[8], 8, 1), .. ParquetText.Page([0], 1, 1000, encoding: 8)];
        yield return Case("more rows than bytes", ParquetText.File(1_000_000_000, images, labels), "it claims 1000000000 rows and has ");
        yield return Case("fewer rows than are claimed", ParquetText.File(100, images, ParquetText.Page(new byte[8], 8, 1)), "column 'label': it ends too early");
        yield return Case("a page of more rows", ParquetText.File(100, images, labels), "column 'label': a page has 1000 values, 100 rows are left");
        yield return Case("no dictionary", ParquetText.File(100, images, ParquetText.Page([0], 1, 100, encoding: 8)), "column 'label': its values refer to a dictionary that is not there");
        yield return Case(
            "a place behind the dictionary", ParquetText.File(1, images, [.. ParquetText.Dictionary(new byte[8], 8, 1), .. ParquetText.Page([1, 2, 1], 3, 1, encoding: 8)]),
            "column 'label': value 1 of a dictionary of 1 is asked for");
        yield return Case("a run of nothing", ParquetText.File(1, images, [.. ParquetText.Dictionary(new byte[8], 8, 1), .. ParquetText.Page([1, 0, 1], 3, 1, encoding: 8)]), "a run of packed numbers is empty");
        yield return Case("numbers of 200 bits", ParquetText.File(1, images, [.. ParquetText.Dictionary(new byte[8], 8, 1), .. ParquetText.Page([200, 2, 1], 3, 1, encoding: 8)]), "it packs numbers of 200 bits");
        yield return Case("another length than announced", ParquetText.File(1, images, ParquetText.Page(new byte[8], 9, 1)), "column 'label': a page has 8 bytes, 9 are announced");
        foreach (var codec in new[] { 1, 2, 6 })
        {
            yield return Case($"noise in compression {codec}", ParquetText.File(1, images, ParquetText.Page([200, 1, 255, 255, 255, 255, 7, 7], 8, 1), codec), "column 'label': ");
            yield return Case($"a bomb in compression {codec}", ParquetText.File(1, images, ParquetText.Page(new byte[8], 1_000_000_000, 1), codec), "column 'label': it unpacks into more than 200 times its size");
        }

        yield return Case("another compression", ParquetText.File(1, images, ParquetText.Page(new byte[8], 8, 1), codec: 4), "its pages are compressed in way 4 of Parquet");
        yield return Case("many bombs", ParquetText.File(1, images, [.. Enumerable.Repeat(ParquetText.Dictionary([], 9_000_000, 0), 2).SelectMany(page => page)], codec: 1), "column 'label': ");
        yield return Case("images of no bytes", ParquetText.File(6, ParquetText.Page(new byte[24], 24, 6), ParquetText.Page(new byte[48], 48, 6)), "6 of 6 images cannot be read");
        yield return Case("an image longer than its page", ParquetText.File(6, ParquetText.Page([255, 255, 255, 255, .. new byte[20]], 24, 6), ParquetText.Page(new byte[48], 48, 6)), "column 'image.bytes': it ends too early");
        yield return Case("structures without end", ParquetText.Whole([], [.. Enumerable.Repeat((byte)0x1c, 100_000)]), "is nested more than 32 deep");
        yield return Case("lists without end", ParquetText.Whole([], [0x19, .. Enumerable.Repeat((byte)0x19, 100_000)]), "is nested more than 32 deep");
        yield return Case("a list of 2^63", ParquetText.Whole([], [0x19, 0xf3, .. ParquetText.Varint(1UL << 63)]), "it ends too early");
        yield return Case("bytes without end", ParquetText.Whole([], [0x18, .. ParquetText.Varint(ulong.MaxValue)]), "it ends too early");
        yield return Case("an integer without end", ParquetText.Whole([], [0x16, .. Enumerable.Repeat((byte)0x80, 100)]), "has an integer that does not end");
        yield return Case("a description of -1 bytes", [.. "PAR1"u8, .. BitConverter.GetBytes(-1), .. "PAR1"u8], "it ends too early");
        yield return Case("a description of 2 GB", [.. "PAR1"u8, .. BitConverter.GetBytes(int.MaxValue), .. "PAR1"u8], "what it says of itself claims 2147483647 bytes, the limit is 33554432");

        static TestCaseData Case(string name, byte[] file, string says) => new TestCaseData(file, says).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Forged))]
    public void Load_AForgedFile_IsRefusedForLittle(byte[] file, string says)
    {
        _folder.Write("forged", file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.Fails(FailureKind.Check, () => Load(_folder["forged"]), says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(40_000_000), "memory for what is not there");
    }

    /// <summary>Whatever of the description is cut off, and of the pages.</summary>
    [TestCase("hub.parquet")]
    [TestCase("hub-gzip.parquet")]
    [TestCase("hub-zstd.parquet")]
    [TestCase("hub-plain.parquet")]
    public void Load_EveryCut_IsRefused(string file)
    {
        var whole = DataFiles.Made(file);
        var length = BitConverter.ToInt32(whole, whole.Length - TailBytes);
        for (var cut = 1; cut < length; cut++)
        {
            byte[] forged = [.. whole[..^(TailBytes + cut)], .. BitConverter.GetBytes(length - cut), .. "PAR1"u8];
            TestImages.Fails(FailureKind.Check, () => Load(_folder.Write("cut", forged)), "cut");
        }
    }

    /// <summary>What is refused is refused in one line, for little, and soon; what is taken has as many images.</summary>
    [TestCase("hub.parquet")]
    [TestCase("hub-gzip.parquet")]
    [TestCase("hub-zstd.parquet")]
    [TestCase("hub-plain.parquet")]
    public void Load_BytesChanged_EndsWell(string file)
    {
        var whole = DataFiles.Made(file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < whole.Length; at += 3)
        {
            var forged = whole.ToArray();
            forged[at] ^= (byte)(at % 2 == 0 ? 0x80 : 0xff);
            var path = _folder.Write("forged", forged);
            try
            {
                Load(path);
            }
            catch (DptException error)
            {
                Assert.That(error.Kind, Is.EqualTo(FailureKind.Check).Or.EqualTo(FailureKind.Usage), error.Message);
                Assert.That(error.Message, Does.Not.Contain("\n"));
            }
        }

        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / whole.Length * 3, Is.LessThan(40_000_000), "memory for what is not there");
    }

    private static DatasetPair Load(string path) => DatasetCatalog.Load(TestImages.Options($"parquet:{path}"), seed: 1);
}
