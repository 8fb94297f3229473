using System.IO.Compression;
using System.Text;
using static DPT.Engine.Dpt.Tests.HostileArchives;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Zip archives of EDM and tar archives of WebDataset: what Python wrote, and forged ones.</summary>
[CancelAfter(60_000)]
[Parallelizable]
public sealed class ArchiveSourceTests
{
    /// <summary>The same images and labels, as NumPy wrote them.</summary>
    private static readonly DatasetPair Truth = DatasetCatalog.Load(TestImages.Options($"npz:{DataFiles.PathOf("arrays-adm.npz")}"), seed: 1);

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("zip", "edm.zip", "00000/img00000000.png")]
    [TestCase("zip", "edm-compressed.zip", "00000/img00000000.png")]
    [TestCase("tar", "shard-ustar.tar", "000000.png")]
    [TestCase("tar", "shard-gnu.tar", "/000000.png")]
    [TestCase("tar", "shard-pax.tar", "/000000.png")]
    public void Load_WhatPythonWrote_HasItsImages(string kind, string file, string first)
    {
        var pair = Load(kind, Write(file));
        Assert.That((pair.Train.Hash, pair.Test.Hash), Is.EqualTo((Truth.Train.Hash, Truth.Test.Hash)));
        Assert.That(pair.Train.FileNames![0], Does.EndWith(first));
        Assert.That(pair.Train.Name, Is.EqualTo(file));
        Assert.That(pair.Notes, kind == "tar" ? Is.EqualTo(["files left out because they hold no PNG, JPEG, WebP, BMP or GIF image: 14 .json"]) : Is.Empty);
    }

    [TestCase("zip", "edm-few-labels.zip")]
    [TestCase("tar", "shard-few-labels.tar")]
    public void Load_WhereFewAreLabelled_SetsNoneAside(string kind, string file)
    {
        var (train, test) = Load(kind, Write(file));
        Assert.That(train.Labels, Is.EqualTo([0, 1, 0, 1, .. Enumerable.Repeat(ImageDataset.NoLabel, 10)]));
        Assert.That(test.Count, Is.Zero);
        Assert.That(train.Image(13).ToArray(), Is.EqualTo(Truth.Train.Image(11).ToArray()));
    }

    [TestCase("zip", "edm.zip", "train.zip", "test-few.zip")]
    [TestCase("tar", "shard-gnu.tar", "train/0.tar", "test/0.tar")]
    [TestCase("tar", "shard-gnu.tar", "train-0.tar.gz", "val.tgz")]
    [TestCase("tar", "shard-gnu.tar", "data/train-0.tgz", "data/test.tar")]
    [TestCase("tar", "shard-ustar.tar", "train-0.tar", "validation.tar")]
    public void Load_AFolder_HasTrainingAndTestImages(string kind, string file, string train, string test)
    {
        var content = kind == "zip" ? DataFiles.Made(file) : DataFiles.Unpacked(file);
        _folder.Write(train, train.EndsWith("gz", StringComparison.Ordinal) ? Gzip(content) : content);
        _folder.Write(test, test.EndsWith("gz", StringComparison.Ordinal) ? Gzip(content) : content);
        _folder.Write($"others.{kind}", "no archive");
        var pair = Load(kind, _folder.Path);
        Assert.That((pair.Train.Count, pair.Test.Count), Is.EqualTo((14, 14)));
        Assert.That((pair.Train.FileNames![0], pair.Test.FileNames![0]), Is.EqualTo((Entry(train), Entry(test))));

        string Entry(string archive) => $"{archive}/{Load(kind, _folder[archive]).Train.FileNames![0]}";
    }

    /// <summary>The files that Python compressed, as they are.</summary>
    [TestCase("shard-pax.tar.gz")]
    [TestCase("shard-ustar.tar.gz")]
    public void Load_ACompressedTar_HasItsImages(string file)
    {
        var pair = Load("tar", DataFiles.PathOf(file));
        Assert.That((pair.Train.Hash, pair.Test.Hash), Is.EqualTo((Truth.Train.Hash, Truth.Test.Hash)));
    }

    [Test]
    public void Load_ACompressedTarOfBadIntent_IsRefusedForLittle()
    {
        var tar = Tar(("a.png", Png(1)), ("a.cls", "1"u8.ToArray()));
        var bomb = new MemoryStream();
        using (var packer = new GZipStream(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            packer.Write(TarHeader("a.png", 1L << 29));
            packer.Write(new byte[300_000_000]);
        }

        foreach (var (content, says) in new (byte[], string)[]
        {
            (bomb.ToArray(), "it unpacks into more than 200 times its size, or into more than 1073741824 bytes; unpack it, or make several of it"),
            (tar, "is damaged or of another kind"), (Gzip(tar)[..^30], "is damaged or of another kind"), (Gzip(tar[..^1024]), "it may have been cut"),
            (Gzip(Tar(("../a.png", Png(1)))), "an entry is named '../a.png'"),
        })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            TestImages.Fails(FailureKind.Check, () => Load("tar", _folder.Write("forged.tgz", content)), says);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(200_000_000), "memory for what is not there");
        }
    }

    [Test]
    public void Load_OneHotLabels_AreTheirPlaces()
    {
        var file = _folder.Write("x.zip", Zip(
            ("a.png", Png(1)), ("b.png", Png(2)), ("c.png", Png(3)),
            ("dataset.json", Json("""[["a.png",[0.0,0.0,1.0]],["b.png",[1,0,0]],["c.png",1]]"""))));
        var notes = new ReadingNotes();
        using var images = new ArchiveImages(file, notes);
        ZipImages.AddTo(images, new ArchivePlace(file, ""));
        Assert.That(images.Files.Select(f => f.Label), Is.EqualTo([2, 0, 1]));
    }

    [Test]
    public void Load_APattern_TakesShardsInOrder()
    {
        _folder.Write("b-1.tar", Tar(("x.png", Png(2)), ("x.cls", "1"u8.ToArray())));
        _folder.Write("a-2.tar", Tar(("x.png", Png(1)), ("x.cls", "0\n"u8.ToArray())));
        _folder.Write("a-1.tar", Tar(("y.png", Png(0))));
        var train = Load("tar", _folder["?-*.tar"]).Train;
        Assert.That(train.FileNames, Is.EqualTo(["a-1.tar/y.png", "a-2.tar/x.png", "b-1.tar/x.png"]));
        Assert.That(train.Labels, Is.EqualTo([-1, 0, 1]));
        TestImages.Fails(FailureKind.Environment, () => Load("tar", _folder["c-*.tar"]), "no file is named '");
    }

    [TestCase("zip")]
    [TestCase("tar")]
    public void Load_WhatIsNotThere_SaysSo(string kind)
    {
        TestImages.Fails(FailureKind.Environment, () => Load(kind, _folder["x"]), "does not exist");
        TestImages.Fails(FailureKind.Environment, () => Load(kind, _folder.Path), $"has neither train*.{kind} nor train/*.{kind}");
    }

    /// <summary>The keys are those of the names up to their first dot; what else lies beside an image is no image of the set.</summary>
    [Test]
    public void Load_TarWithOtherFiles_TakesOneImageAKey()
    {
        var file = _folder.Write("x.tar", Tar(
            ("a.0/k.1.cls", "1"u8.ToArray()), ("b/k.png", Png(1)), ("b/k.seg.png", Png(9)), ("b/k.cls", "0"u8.ToArray()),
            ("c/k.cls", "5"u8.ToArray()), ("c/k.PNG", Png(2)), ("d.cls", "1"u8.ToArray()), ("__MACOSX/b/k.png", Png(3))));
        var notes = new ReadingNotes();
        using var images = new ArchiveImages(file, notes);
        TarImages.AddTo(images, new ArchivePlace(file, ""));
        Assert.That(images.Files.Select(f => (f.Name, f.Label)), Is.EqualTo([("b/k.png", 0), ("c/k.PNG", 5)]));
        Assert.That(notes.Lines, Is.EqualTo(
        [
            $"labels left out because '{file}' has no image for them: 1",
            "files left out because they hold no PNG, JPEG, WebP, BMP or GIF image: 1 .cls, 1 .png",
        ]));
    }

    private static IEnumerable<TestCaseData> Forged()
    {
        var png = Png(1);
        var list = Json("""[["a.png",0]]""");
        yield return Case("zip", "no archive", "not a zip"u8.ToArray(), "is damaged or of another kind");
        yield return Case("zip", "no list", Zip(("a.png", png)), "it has no dataset.json, which says what its images show");
        yield return Case("zip", "no images", Zip(("dataset.json", Json("[]"))), "it has no PNG, JPEG, WebP, BMP or GIF images");
        yield return Case("zip", "no JSON", Zip(("a.png", png), ("dataset.json", "labels"u8.ToArray())), "dataset.json is no object with 'labels'");
        yield return Case("zip", "another object", Zip(("a.png", png), ("dataset.json", "{\"classes\":[]}"u8.ToArray())), "dataset.json is no object with 'labels'");
        yield return Case("zip", "a list", Zip(("a.png", png), ("dataset.json", "[]"u8.ToArray())), "dataset.json is no object with 'labels'");
        yield return Case("zip", "labels as an object", Zip(("a.png", png), ("dataset.json", Json("{}"))), "dataset.json is no object with 'labels'");
        yield return Case("zip", "deeply nested", Zip(("a.png", png), ("dataset.json", Json(new string('[', 1000)))), "dataset.json is no object with 'labels'");
        yield return Case("zip", "no labels", Zip(("a.png", png), ("dataset.json", Json("null"))), "says of no training image what it shows");
        yield return Case("zip", "labels as shares", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",[0.5,0.5]]]"""))), """dataset.json has ["a.png",[0.5,0.5]], where a name and an integer are asked for, or a vector of a 1 and zeros""");
        yield return Case("zip", "two classes of an image", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",[1,1,0]]]"""))), "where a name and an integer are asked for, or a vector of a 1 and zeros");
        yield return Case("zip", "a vector of nothing", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",[]]]"""))), "where a name and an integer are asked for, or a vector of a 1 and zeros");
        yield return Case("zip", "a vector of words", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",["cat"]]]"""))), "dataset.json is no object with 'labels'");
        yield return Case("zip", "labels as fractions", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",0.5]]"""))), """dataset.json has ["a.png",0.5], where a name and an integer are asked for""");
        yield return Case("zip", "labels without names", Zip(("a.png", png), ("dataset.json", Json("[[0]]"))), "dataset.json has [0], where a name and an integer are asked for");
        yield return Case("zip", "a label below -1", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",-2]]"""))), "it has the label -2");
        yield return Case("zip", "a label of 2^62", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",4611686018427387904]]"""))), "it has the label 4611686018427387904");
        yield return Case("zip", "one name twice in the list", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",0],["a.png",1]]"""))), "dataset.json names 'a.png' twice");
        yield return Case("zip", "a name without an image", Zip(("a.png", png), ("dataset.json", Json("""[["a.png",0],["b.png",1]]"""))), "dataset.json names 'b.png', which is no image of the archive");
        yield return Case("zip", "one entry twice", Zip(("a.png", png), ("a.png", png), ("dataset.json", list)), "entry 'a.png' of the archive is there twice");
        yield return Case("zip", "a path upwards", Zip(("../a.png", png), ("dataset.json", list)), "an entry is named '../a.png', which is no path inside of an archive");
        yield return Case("zip", "a path upwards inside", Zip(("b/../../a.png", png), ("dataset.json", list)), "which is no path inside of an archive");
        yield return Case("zip", "an absolute path", Zip(("/etc/a.png", png), ("dataset.json", list)), "an entry is named '/etc/a.png'");
        yield return Case("zip", "a path of Windows", Zip(("..\\a.png", png), ("dataset.json", list)), "an entry is named '..\\a.png'");
        yield return Case("zip", "a bomb", Zip(("a.png", png), ("b.png", new byte[50_000_000]), ("dataset.json", list)), "entry 'b.png' of the archive is there twice, larger than the file, or unpacks into more than 200 times");
        yield return Case("zip", "a bomb of labels", Zip(("a.png", png), ("dataset.json", [.. list, .. Encoding.ASCII.GetBytes(new string(' ', 50_000_000))])), "entry 'dataset.json' of the archive is there twice, larger");
        yield return Case("zip", "a broken image", Zip(("a.png", png), ("b.png", png[..30]), ("dataset.json", list)), "1 of 2 images cannot be read");
        yield return Case("tar", "no archive", new byte[700], "it has no PNG, JPEG, WebP, BMP or GIF images");
        yield return Case("tar", "a text", Encoding.ASCII.GetBytes(new string('x', 2000)), "is damaged or of another kind");
        yield return Case("tar", "no images", Tar(("a.cls", "1"u8.ToArray())), "it has no PNG, JPEG, WebP, BMP or GIF images");
        yield return Case("tar", "no labels", Tar(("a.png", png)), "says of no training image what it shows");
        yield return Case("tar", "a label in letters", Tar(("a.png", png), ("a.cls", "cat"u8.ToArray())), "'a.cls' has 'cat', where the number of a class is asked for");
        yield return Case("tar", "an empty label", Tar(("a.png", png), ("a.cls", [])), "'a.cls' has '', where the number of a class");
        yield return Case("tar", "a long label", Tar(("a.png", png), ("a.cls", new byte[1000])), "'a.cls' has 1000 bytes, the limit is 32");
        yield return Case("tar", "a label of 2^40", Tar(("a.png", png), ("a.cls", "1099511627776"u8.ToArray())), "it has the label 1099511627776");
        yield return Case("tar", "two labels", Tar(("a.png", png), ("a.cls", "1"u8.ToArray()), ("a.cls", "2"u8.ToArray())), "it has 'a.cls' twice");
        yield return Case("tar", "two images", Tar(("a.png", png), ("a.png", png), ("a.cls", "1"u8.ToArray())), "it has 'a.png' twice");
        yield return Case("tar", "a path upwards", Tar(("../a.png", png), ("../a.cls", "1"u8.ToArray())), "an entry is named '../a.png', which is no path inside of an archive");
        yield return Case("tar", "an absolute path", Tar(("/etc/a.png", png), ("a.cls", "1"u8.ToArray())), "an entry is named '/etc/a.png'");
        yield return Case("tar", "no end", Tar(("a.png", png), ("a.cls", "1"u8.ToArray()))[..^1024], "it ends within a file, or lacks the empty block at the end of an archive; it may have been cut");
        yield return Case("tar", "cut in the last file", Tar(("a.png", png), ("a.cls", "1"u8.ToArray()))[..^1030], "it ends too early");
        yield return Case("tar", "a checksum that is wrong", With(Tar(("a.png", png)), 150, (byte)'9'), "is damaged or of another kind");
        yield return Case("tar", "a terabyte announced", TarHeader("a.png", 1L << 39), "it ends too early");
        yield return Case("tar", "attributes of 1.5 GB", TarHeader("a.png", 1_500_000_000, type: 'x'), "claim 1500000000 bytes, the limit is 1048576");
        yield return Case("tar", "global attributes of 1.5 GB", TarHeader("a.png", 1_500_000_000, type: 'g'), "claim 1500000000 bytes, the limit is 1048576");
        yield return Case("tar", "a name of 1.5 GB", TarHeader("a.png", 1_500_000_000, type: 'L'), "claim 1500000000 bytes, the limit is 1048576");
        yield return Case("tar", "a link of 1.5 GB", TarHeader("a.png", 1_500_000_000, type: 'K'), "claim 1500000000 bytes, the limit is 1048576");
        yield return Case("tar", "a name of 1.5 GB behind a link", [.. TarHeader("a.png", 2, type: 'K'), .. new byte[512], .. TarHeader("a.png", 1_500_000_000, type: 'L')], "claim 1500000000 bytes, the limit is 1048576");
        yield return Case("tar", "a link for an image", [.. TarHeader("a.png", 0, type: '2'), .. new byte[1024]], "it has no PNG, JPEG, WebP, BMP or GIF images");
        yield return Case("tar", "a device for an image", [.. TarHeader("a.png", 0, type: '3'), .. new byte[1024]], "it has no PNG, JPEG, WebP, BMP or GIF images");
        yield return Case("tar", "compressed", Gzip(Tar(("a.png", png))), "is damaged or of another kind");
        yield return Case("tar", "a broken image", Tar(("a.png", png), ("a.cls", "1"u8.ToArray()), ("b.png", png[..30])), "1 of 2 images cannot be read");

        static TestCaseData Case(string kind, string name, byte[] file, string says) => new TestCaseData(kind, file, says).SetArgDisplayNames(kind, name);
    }

    [TestCaseSource(nameof(Forged))]
    public void Load_AForgedArchive_IsRefusedForLittle(string kind, byte[] file, string says)
    {
        _folder.Write("forged", file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(TestImages.Fails(FailureKind.Check, () => Load(kind, _folder["forged"]), says).Message, Does.Contain("forged"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20_000_000), "memory for what is not there");
    }

    [TestCase("zip", "edm.zip")]
    [TestCase("tar", "shard-ustar.tar")]
    [TestCase("tar", "shard-pax.tar")]
    public void Load_EveryTruncation_IsRefused(string kind, string file)
    {
        var whole = kind == "zip" ? DataFiles.Made(file) : DataFiles.Unpacked(file);
        var end = kind == "zip" ? whole.Length : whole.AsSpan().LastIndexOfAnyExcept((byte)0) / 512 * 512 + 1024;
        for (var length = 1; length < end; length += kind == "zip" ? 7 : 64)
        {
            TestImages.Fails(FailureKind.Check, () => Load(kind, _folder.Write("cut", whole[..length])), "cut");
        }

        Assert.That(Load(kind, _folder.Write("cut", whole[..end])).Train.Hash, Is.EqualTo(Truth.Train.Hash), "what is cut off behind the end says nothing");
    }

    private string Write(string file) => _folder.Write(file, file.EndsWith(".tar", StringComparison.Ordinal) ? DataFiles.Unpacked(file) : DataFiles.Made(file));

    private static DatasetPair Load(string kind, string path) => DatasetCatalog.Load(TestImages.Options($"{kind}:{path}"), seed: 1);

    private static byte[] Png(int offset) => TestImages.Png(1, 2, 2, offset);

    private static byte[] Json(string labels) => Encoding.UTF8.GetBytes($$"""{"labels":{{labels}}}""");

    private static byte[] With(byte[] content, int at, byte value)
    {
        content[at] = value;
        return content;
    }
}
