using System.IO.Compression;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Arrays of NumPy as a data set: files that NumPy wrote, and forged ones.</summary>
[CancelAfter(60_000)]
public sealed class NpzSourceTests
{
    private static readonly int[] Labels = [.. Enumerable.Range(0, 14).Select(i => i % 2)];

    /// <summary>Of each class, the sixth image.</summary>
    private static readonly int[] SetAside = [10, 11];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("arrays.npz", 1)]
    [TestCase("arrays-adm.npz", 3)]
    public void Load_WithoutTestImages_SetsTheSixthOfAClassAside(string file, int channels)
    {
        var (train, test) = Load(DataFiles.PathOf(file));
        Assert.That((train.Count, test.Count, train.ImageSize, train.Channels, train.Name), Is.EqualTo((12, 2, 4, channels, file)));
        Assert.That(test.Labels, Is.EqualTo([0, 1]));
        Assert.That(train.ClassNames, Is.EqualTo(["0", "1"]));
        int[] kept = [.. Enumerable.Range(0, 14).Except(SetAside)];
        Assert.That(train.Labels, Is.EqualTo(kept.Select(i => Labels[i])));
        Assert.That(kept.Select((_, i) => train.Image(i).ToArray()), Is.EqualTo(kept.Select(i => Image(i, channels))));
        Assert.That(SetAside.Select((_, i) => test.Image(i).ToArray()), Is.EqualTo(SetAside.Select(i => Image(i, channels))));
    }

    [TestCase("arrays-keras.npz", 1)]
    [TestCase("arrays-medmnist.npz", 3)]
    public void Load_WithTestImages_HasThem(string file, int channels)
    {
        var (train, test) = Load(DataFiles.PathOf(file));
        Assert.That(train.Labels, Is.EqualTo(Labels));
        Assert.That(test.Labels, Is.EqualTo([0, 1, 0]));
        Assert.That(Labels.Select((_, i) => train.Image(i).ToArray()), Is.EqualTo(Labels.Select((_, i) => Image(i, channels))));
        Assert.That(test.Pixels, Is.EqualTo(train.Pixels[..test.Pixels.Length]));
    }

    [Test]
    public void Load_WhereFewAreLabelled_SetsNoneAside()
    {
        var (train, test) = Load(DataFiles.PathOf("arrays-few-labels.npz"));
        Assert.That(train.Labels, Is.EqualTo([0, 1, 0, 1, .. Enumerable.Repeat(ImageDataset.NoLabel, 10)]));
        Assert.That((test.Count, test.Classes), Is.EqualTo((0, 2)));
    }

    [TestCase("arrays.npz", 1)]
    [TestCase("arrays-adm.npz", 3)]
    public void Save_Images_WritesWhatNumPyWrites(string made, int channels)
    {
        var images = new ImageDataset("x", ["a", "b"], channels, 4, [.. Enumerable.Range(0, 14).SelectMany(i => Image(i, channels))], Labels);
        ImageArrays.Save(images, _folder["x.npz"]);
        Assert.That(Load(_folder["x.npz"]).Train.Hash, Is.EqualTo(Load(DataFiles.PathOf(made)).Train.Hash));
        using var ours = ZipFile.OpenRead(_folder["x.npz"]);
        using var theirs = ZipFile.OpenRead(DataFiles.PathOf("arrays-adm.npz"));
        foreach (var name in channels == 3 ? ["arr_0.npy", "arr_1.npy"] : new[] { "arr_1.npy" })
        {
            Assert.That(Content(ours.GetEntry(name)!), Is.EqualTo(Content(theirs.GetEntry(name)!)), name);
        }
    }

    private static IEnumerable<TestCaseData> Forged()
    {
        var labels = Npy("<i8", "(2,)", Longs(0, 1));
        var images = Npy("|u1", "(2, 2, 2)", new byte[8]);
        yield return Case("no arrays", Zip(), "it has the arrays ; images are looked for in images, train_images, x_train, arr_0");
        yield return Case("other names", Zip(("X", images), ("y", labels)), "it has the arrays X, y; images are looked for");
        yield return Case("no labels", Zip(("images", images)), "the archive has no entry 'labels.npy'");
        yield return Case("no array", Zip(("images", "x"u8.ToArray()), ("labels", labels)), "entry 'images.npy' of the archive: it ends too early");
        yield return Case("another kind", Zip(("images", new byte[300]), ("labels", labels)), "entry 'images.npy' of the archive: it does not begin as .npy files");
        yield return Case("floats", Set(Npy("<f4", "(2, 2, 2)", new byte[32])), "entry 'images.npy' of the archive: its elements are '<f4', uint8");
        yield return Case("a pickle", Set(Npy("|O", "(2, 2, 2)", [0x80, 2])), "its elements are '|O', uint8");
        yield return Case("Fortran's order", Set(Npy("|u1", "(2, 2, 2)", new byte[8], fortran: "True")), "its numbers are in Fortran's order");
        yield return Case("one image", Set(Npy("|u1", "(2, 4)", new byte[8])), "'images' is [2, 4]; images are [N, side, side]");
        yield return Case("two channels", Set(Npy("|u1", "(2, 2, 2, 2)", new byte[16])), "'images' is [2, 2, 2, 2]");
        yield return Case("channels before pixels", Set(Npy("|u1", "(2, 3, 2, 2)", new byte[24])), "'images' is [2, 3, 2, 2]");
        yield return Case("oblong", Set(Npy("|u1", "(2, 2, 3)", new byte[12])), "its images are 2x3; they must be square");
        yield return Case("no pixels", Set(Npy("|u1", "(2, 0, 0)", [])), "its images are 0x0");
        yield return Case("no images", Zip(("images", Npy("|u1", "(0, 2, 2)", [])), ("labels", Npy("<i8", "(0,)", []))), "'images' is [0, 2, 2] and 'labels' [0]");
        yield return Case("more images than labels", Set(Npy("|u1", "(3, 2, 2)", new byte[12])), "'images' is [3, 2, 2] and 'labels' [2]");
        yield return Case("labels as vectors", Zip(("images", images), ("labels", Npy("<i8", "(2, 2)", Longs(0, 1, 1, 0)))), "and 'labels' [2, 2]; labels are [N] or [N, 1]");
        yield return Case("labels as floats", Zip(("images", images), ("labels", Npy("<f8", "(2,)", new byte[16]))), "entry 'labels.npy' of the archive: its elements are '<f8', int64, int32 or uint8");
        yield return Case("a label below -1", Zip(("images", images), ("labels", Npy("<i8", "(2,)", Longs(0, -2)))), "it has the label -2; labels are 0..65535, or -1 for an unknown class");
        yield return Case("a label of 2^40", Zip(("images", images), ("labels", Npy("<i8", "(2,)", Longs(0, 1L << 40)))), "it has the label 1099511627776");
        yield return Case("no label at all", Zip(("images", images), ("labels", Npy("<i8", "(2,)", Longs(-1, -1)))), "says of no training image what it shows");
        yield return Case("a class without images", Zip(("images", Npy("|u1", "(12, 1, 1)", new byte[12])), ("labels", Npy("<i8", "(12,)", Longs([.. Enumerable.Repeat(2L, 12)])))), "class 0 ('0') has no training image");
        yield return Case("test images of another size", Zip(("images", images), ("labels", labels), ("test_images", Npy("|u1", "(2, 3, 3)", new byte[18])), ("test_labels", labels)), "training images have side 2 and 1 channels, test images 3 and 1");
        yield return Case("a test label without a class", Zip(("images", images), ("labels", labels), ("test_images", images), ("test_labels", Npy("<i8", "(2,)", Longs(0, 2)))), "a test label is 2, training labels end at 1");
        yield return Case("a test image without a label", Zip(("images", images), ("labels", labels), ("test_images", images), ("test_labels", Npy("<i8", "(2,)", Longs(0, -1)))), "a test label is -1, training labels end at 1");
        yield return Case("a terabyte announced", Set(Npy("|u1", "(1048576, 1024, 1024)", new byte[8])), "it declares [1048576, 1024, 1024], more than");
        yield return Case("a gigabyte announced", Set(Npy("|u1", "(1024, 1024, 1024)", new byte[8])), "entry 'images.npy' of the archive: it ends too early");
        yield return Case("too few bytes", Set(Npy("|u1", "(2, 2, 2)", new byte[7])), "entry 'images.npy' of the archive: it ends too early");
        yield return Case("too many bytes", Set(Npy("|u1", "(2, 2, 2)", new byte[9])), "entry 'images.npy' of the archive: more bytes follow");
        yield return Case("a bomb", Zip(CompressionLevel.Optimal, ("images", Npy("|u1", "(100, 1000, 1000)", new byte[100_000_000])), ("labels", labels)), "unpacks into more than 200 times its size");
        yield return Case("an array twice", Zip(("images", images), ("labels", labels), ("labels", labels)), "entry 'labels.npy' of the archive is there twice");

        byte[] Set(byte[] of) => Zip(("images", of), ("labels", labels));
        static TestCaseData Case(string name, byte[] file, string says) => new TestCaseData(file, says).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Forged))]
    public void Load_AForgedFile_IsRefusedForLittle(byte[] file, string says)
    {
        _folder.Write("forged.npz", file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(TestImages.Fails(FailureKind.Check, () => Load(_folder["forged.npz"]), says).Message, Does.Contain("forged.npz"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20_000_000), "memory for what is not there");
    }

    [TestCase("arrays.npz")]
    [TestCase("arrays-keras.npz")]
    public void Load_EveryTruncation_IsRefused(string file)
    {
        var whole = DataFiles.Made(file);
        for (var length = 1; length < whole.Length; length++)
        {
            TestImages.Fails(FailureKind.Check, () => Load(_folder.Write("cut.npz", whole[..length])), "cut.npz");
        }
    }

    [Test]
    public void Load_TooFewImages_SaysHowToGiveTestImages() => TestImages.Fails(
        FailureKind.Environment,
        () => Load(_folder.Write("few.npz", Zip(("images", Npy("|u1", "(2, 2, 2)", new byte[8])), ("labels", Npy("<i8", "(2,)", Longs(0, 1)))))),
        "fewer than 6 images in every class, too few to set some aside for testing; test images have to come as test_images and test_labels");

    private static DatasetPair Load(string path) => DatasetCatalog.Load(TestImages.Options($"npz:{path}"), seed: 1);

    /// <summary>Image i, by planes, of one whose numbers count up pixel by pixel and in it channel by channel.</summary>
    private static byte[] Image(int i, int channels) =>
        [.. from c in Enumerable.Range(0, channels)
            from pixel in Enumerable.Range(0, 16)
            select (byte)((10 * i) + (channels * pixel) + c)];

    private static byte[] Longs(params long[] numbers) => [.. numbers.SelectMany(BitConverter.GetBytes)];

    private static byte[] Npy(string type, string shape, byte[] content, string fortran = "False")
    {
        var header = Encoding.ASCII.GetBytes($"{{'descr': '{type}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. header, .. content];
    }

    private static byte[] Zip(params ReadOnlySpan<(string Name, byte[] Content)> arrays) => Zip(CompressionLevel.NoCompression, arrays);

    private static byte[] Zip(CompressionLevel level, params ReadOnlySpan<(string Name, byte[] Content)> arrays)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in arrays)
            {
                using var entry = archive.CreateEntry(name + ".npy", level).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using var content = entry.Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }
}
