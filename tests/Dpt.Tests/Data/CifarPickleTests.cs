using static DPT.Engine.Dpt.Tests.PickleText;

namespace DPT.Engine.Dpt.Tests;

/// <summary>CIFAR in the version for Python: files that Python itself wrote or reads as we do, and forged ones.</summary>
[CancelAfter(60_000)]
public sealed class CifarPickleTests
{
    private const string Reconstruct = "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\u0085C\u0001b\u0087R";

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        DataFiles.WriteCifarPickles(_folder);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("cifar-python-2")]
    [TestCase("cifar-python-2-letters")]
    [TestCase("cifar-protocol-0")]
    [TestCase("cifar-protocol-1")]
    [TestCase("cifar-protocol-2")]
    [TestCase("cifar-protocol-3")]
    [TestCase("cifar-protocol-4")]
    [TestCase("cifar-protocol-5")]
    [TestCase("cifar-array-of-labels")]
    [TestCase("cifar-scalars-as-labels")]
    [TestCase("cifar-keys-of-bytes")]
    public void Load_WhatPythonWrote_HasItsImages(string file)
    {
        File.Copy(DataFiles.PathOf(file), _folder["data_batch_3"], overwrite: true);
        var train = Load().Train;
        Assert.That(train.Labels[20..22], Is.EqualTo([6, 9]), "behind two batches of ten");
        Assert.That(train.Count, Is.EqualTo(42));
        foreach (var i in Enumerable.Range(0, 2))
        {
            Assert.That(train.Image(20 + i).ToArray(), Is.EqualTo(Enumerable.Range(0, 3072).Select(j => (byte)((i * 50) + (j / 7)))));
        }
    }

    [Test]
    public void Load_EitherVersion_GivesTheSame()
    {
        var pickled = Load();
        for (var batch = 1; batch <= 6; batch++)
        {
            _folder.Write(
                batch == 6 ? "cifar-10-batches-bin/test_batch.bin" : $"cifar-10-batches-bin/data_batch_{batch}.bin",
                [.. Enumerable.Range(0, 10).SelectMany(label => DataFiles.CifarRecord(label, batch))]);
        }

        var binary = Load();
        Assert.That((binary.Train.Hash, binary.Test.Hash), Is.EqualTo((pickled.Train.Hash, pickled.Test.Hash)));
        Directory.Delete(_folder["cifar-10-batches-bin"], recursive: true);
        Directory.CreateDirectory(_folder["cifar-10-batches-py"]);
        foreach (var path in Directory.GetFiles(_folder.Path))
        {
            File.Move(path, Path.Combine(_folder["cifar-10-batches-py"], Path.GetFileName(path)));
        }

        Assert.That(Load().Train.Hash, Is.EqualTo(pickled.Train.Hash));
    }

    [Test]
    public void Load_Cifar100_TakesTheFineClasses()
    {
        byte[] labels = [.. Enumerable.Range(0, 100).Select(i => (byte)(99 - i))];
        byte[] pixels = [.. labels.SelectMany(label => DataFiles.CifarRecord(label, label)[1..])];
        _folder.Write("cifar-100-python/train", DataFiles.CifarPickle(labels, pixels, "fine_labels"));
        _folder.Write("cifar-100-python/test", DataFiles.CifarPickle([41], pixels[..3072], "fine_labels"));
        var pickled = Load("cifar100");
        Assert.That(pickled.Train.Labels, Is.EqualTo(labels));
        Assert.That((pickled.Test.Count, pickled.Test.ClassNames[41], pickled.Test.ClassNames[99], pickled.Test.Classes), Is.EqualTo((1, "lawn_mower", "worm", 100)));
        _folder.Write("cifar-100-binary/train.bin", [.. labels.SelectMany(label => (byte[])[3, .. DataFiles.CifarRecord(label, label)])]);
        _folder.Write("cifar-100-binary/test.bin", [19, 41, .. pixels[..3072]]);
        var binary = Load("cifar100");
        Assert.That((binary.Train.Hash, binary.Test.Hash), Is.EqualTo((pickled.Train.Hash, pickled.Test.Hash)));
        Assert.That(binary.Train.ClassNames, Is.Unique.And.Ordered.Using((IComparer<string>)StringComparer.Ordinal));
    }

    [Test]
    public void Load_EveryTruncation_IsRefused()
    {
        foreach (var file in new[] { "cifar-python-2", "cifar-python-2-letters", "cifar-protocol-5" })
        {
            // All of them of what stands before and behind the pixels, a few in them.
            var whole = DataFiles.Made(file);
            foreach (var length in Enumerable.Range(1, whole.Length - 1).Where(length => length < 400 || length > whole.Length - 100 || length % 500 == 0))
            {
                Assert.That(() => Read(whole[..length]), Throws.InstanceOf<InvalidDataException>(), $"{file}, {length} bytes");
            }
        }
    }

    /// <summary>What a changed byte makes of the frame around the pixels may be another file, but never a crash.</summary>
    [TestCase("cifar-python-2")]
    [TestCase("cifar-protocol-0")]
    [TestCase("cifar-protocol-5")]
    public void Load_AnyByteOfTheFrameChanged_IsReadOrRefused(string file)
    {
        var whole = DataFiles.Made(file);
        foreach (var at in Enumerable.Range(0, 350).Concat(Enumerable.Range(whole.Length - 100, 100)))
        {
            foreach (var change in new byte[] { 0x01, 0xff })
            {
                var changed = whole.ToArray();
                changed[at] ^= change;
                try
                {
                    Read(changed);
                }
                catch (InvalidDataException)
                {
                    // Anything else fails the test.
                }
            }
        }
    }

    [TestCase("os", "system")]
    [TestCase("posix", "system")]
    [TestCase("__builtin__", "eval")]
    [TestCase("builtins", "getattr")]
    [TestCase("torch._utils", "_rebuild_tensor_v2")]
    [TestCase("collections", "OrderedDict")]
    [TestCase("numpy.core.multiarray", "fromfile")]
    [TestCase("numpy.testing._private.utils", "runstring")]
    public void Load_AnyOtherGlobal_IsRefusedByName(string module, string name)
    {
        var says = $"it asks for {module}.{name}, which is not data and is not loaded";
        Refuses(Of("\u0080\u0002", $"c{module}\n{name}\n(", Text("touch /tmp/x"), "tR."), $"byte 2 of the pickle: {says}");
        Refuses(Of($"c{module}\n{name}\n(S'touch /tmp/x'\ntR."), $"byte 0 of the pickle: {says}");
        Refuses(Of("\u0080\u0004", Text(module), Text(name), "\u0093)R."), says);
    }

    private static IEnumerable<TestCaseData> Forged()
    {
        const string NoArray = "it has no dictionary with an array 'data' and the classes 'labels'";
        byte[] zeros = new byte[3072];
        byte[] nothing = Of("](K\u0001e");
        yield return Case("a number", Of("K\u0001."), NoArray);
        yield return Case("no dictionary", Of("]."), NoArray);
        yield return Case("no labels", Of("}(", Text("data"), Array(State("u1", "|", zeros, 1, 3072)), "u."), NoArray);
        yield return Case("no data", Of("}(", Text("labels"), nothing, "u."), NoArray);
        yield return Case("data as a list", Batch(nothing, nothing), NoArray);
        yield return Case("labels of CIFAR-100", DataFiles.CifarPickle([1], zeros, "fine_labels"), NoArray);
        yield return Case("labels in None", Batch(Of("N"), Array(State("u1", "|", zeros, 1, 3072))), NoArray);
        yield return Case("labels in a text", Batch(Text("1"), Array(State("u1", "|", zeros, 1, 3072))), "'labels' has a text, where classes from 0 to 9 are asked for");
        yield return Case("a label in a text", Batch(Of("](", Text("1"), "e"), Array(State("u1", "|", zeros, 1, 3072))), "'labels' has a text");
        yield return Case("label 10", DataFiles.CifarPickle([10], zeros), "'labels' has 10, where classes from 0 to 9");
        yield return Case("label -1", Batch(Of("](", Number(-1), "e"), Array(State("u1", "|", zeros, 1, 3072))), "'labels' has -1");
        yield return Case("label 2^32", Batch(Of("](", Number(1L << 32), "e"), Array(State("u1", "|", zeros, 1, 3072))), "'labels' has 4294967296");
        yield return Case("more labels", DataFiles.CifarPickle([1, 2], zeros)[..^3072], "");
        yield return Case("two labels, one image", Batch(Of("](K\u0001K\u0001e"), Array(State("u1", "|", zeros, 1, 3072))), "'data' is [1, 3072] and 'labels' has 2 entries");
        yield return Case("no images", Batch(Of("]"), Array(State("u1", "|", [], 0, 3072))), "'data' is [0, 3072] and 'labels' has 0 entries");
        yield return Case("images of MNIST", Batch(nothing, Array(State("u1", "|", new byte[784], 1, 784))), "'data' is [1, 784]");
        yield return Case("images as such", Batch(nothing, Array(State("u1", "|", zeros, 1, 3, 1024))), "'data' is [1, 3, 1024]");
        yield return Case("floats", Batch(nothing, Array(State("f4", "<", new byte[4 * 3072], 1, 3072))), "its elements are '<f4', uint8 with the low byte first is asked for");
        yield return Case("signed bytes", Batch(nothing, Array(State("i1", "|", zeros, 1, 3072))), "its elements are '|i1', uint8");
        yield return Case("objects", Batch(nothing, Array(State("O8", "|", zeros, 1, 3072))), "its elements are '|O8', uint8");
        yield return Case("Fortran's order", Batch(nothing, Array(State("u1", "|", zeros, [1, 3072], isFortran: true))), "its numbers are in Fortran's order");
        yield return Case("labels with the high byte first", Batch(Array(State("i8", ">", new byte[8], 1)), Array(State("u1", "|", zeros, 1, 3072))), "its elements are '>i8', int64, int32 or uint8");
        yield return Case("too few bytes", Batch(nothing, Array(State("u1", "|", zeros[1..], 1, 3072))), "an array of [1, 3072] has 3071 bytes, not 3072");
        yield return Case("too many bytes", Batch(nothing, Array(State("u1", "|", [.. zeros, 0], 1, 3072))), "an array of [1, 3072] has 3073 bytes, not 3072");
        yield return Case("a terabyte announced", Batch(nothing, Array(State("u1", "|", zeros, 1 << 30, 3072))), "'data' is [1073741824, 3072]");
        yield return Case("a million images", Batch(nothing, Array(State("u1", "|", zeros, 1_000_000, 3072))), "'data' is [1000000, 3072] and 'labels' has 1 entries");
        yield return Case("a negative size", Batch(nothing, Array(State("u1", "|", zeros, -1, 3072))), "a size of unknown form");
        yield return Case("a size of 2^40", Batch(nothing, Array(State("u1", "|", zeros, 1L << 40, 3072))), "a size of unknown form");
        yield return Case("a hundred axes", Batch(nothing, Array(State("u1", "|", zeros, [.. Enumerable.Repeat(1L, 100)]))), "it has 100 axes, the limit is 64");
        yield return Case("an array without state", Batch(nothing, Of(Reconstruct)), "an array has no elements");
        yield return Case("half a state", Batch(nothing, Of(Reconstruct, "K\u0001\u0085b")), "an array of unknown form");
        yield return Case("a state of attributes", Batch(nothing, Of(Reconstruct, "}b")), "an array of unknown form");
        yield return Case("an array of a subclass", Batch(nothing, Of("cnumpy.core.multiarray\n_reconstruct\nK\u0001K\u0001K\u0001\u0087R")), "an array of unknown form");
        yield return Case("a class that is called", Batch(nothing, Of("cnumpy\nndarray\n)R")), "numpy.ndarray of unknown form");
        yield return Case("a buffer of text", Batch(nothing, Of("cnumpy.core.numeric\n_frombuffer\n(", Text("x"), "K\u0001K\u0001K\u0001tR")), "an array of unknown form");
        yield return Case("a buffer in Fortran's order", Batch(nothing, Of("cnumpy.core.numeric\n_frombuffer\n(C\u0001xcnumpy\ndtype\n", Text("u1"), "\u0085R(K\u0001K\u0001t", Text("F"), "tR")), "its numbers are in Fortran's order");
        yield return Case("something outside", Of("\u0080\u0002(K\u0001tQ."), "something outside of the pickle of unknown form");
        yield return Case("a type with fields", Batch(nothing, Of("cnumpy\ndtype\n", Text("V8"), "\u0085RN\u0062")), "a type of NumPy of unknown form");
        yield return Case("one text made bytes again and again", Of(["\u0080\u0002", Text(new string('x', 1000)), "q\0", .. Enumerable.Repeat(Of("c_codecs\nencode\nh\0", Text("latin1"), "\u0086R"), 100), "."]), "it makes more of its texts and lists than it has bytes");
        yield return Case("4 GiB announced", Of("\u0080\u0002T\u00ff\u00ff\u00ff\u00ff."), "4294967295 bytes are announced, 1 are there");
        yield return Case("an escape that is none", Of("S'\\q'\n."), "'\\q'' where a text is asked for");
        yield return Case("a quote that stays open", Of("S'x\n."), "''x' where a text is asked for");
        yield return Case("an endless number", Of("I", new string('9', 100_000), "\n."), "where an integer is asked for");
        yield return Case("no number", Of("Ix\n."), "'x' where an integer is asked for");
        yield return Case("no float", Of("F1,5\n."), "'1,5' where a float is asked for");
        yield return Case("a place below", Of("g-1\n."), "'-1' where a place is asked for");
        yield return Case("half a dictionary", Of("(S'a'\nd."), "a key without a value");

        static TestCaseData Case(string name, byte[] pickle, string says) => new TestCaseData(pickle, says).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Forged))]
    public void Load_AForgedPickle_IsRefusedForLittle(byte[] pickle, string says)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refuses(pickle, says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(2_000_000 + (pickle.Length * 60L)), "memory for what is not there");
    }

    [Test]
    public void Load_WithoutABatch_NamesWhatIsMissing()
    {
        File.Delete(_folder["data_batch_4"]);
        TestImages.Fails(FailureKind.Environment, () => Load(), "has no data_batch_4.bin (nor data_batch_4.bin.gz, data_batch_4)");
    }

    private static byte[] Batch(byte[] labels, byte[] data) => Of("\u0080\u0003}(", Text("labels"), labels, Text("data"), data, "u.");

    private static byte[] Array(byte[] state) => Of(Reconstruct, state, "b");

    private static byte[] State(string type, string order, byte[] content, params long[] shape) => State(type, order, content, shape, isFortran: false);

    private static byte[] State(string type, string order, byte[] content, long[] shape, bool isFortran) => Of([
        "(K\u0001(", .. shape.Select(Number), "tcnumpy\ndtype\n", Text(type), "\u0089\u0088\u0087R(K\u0003", Text(order), "NNNK\0K\0K\0tb",
        isFortran ? "\u0088B" : "\u0089B", BitConverter.GetBytes(content.Length), content, "t",
    ]);

    private static int Read(byte[] content) => CifarPickle.Read(new MemoryStream(content), CifarSet.Ten, new MemoryStream(), []);

    private DatasetPair Load(string kind = "cifar10") => DatasetCatalog.Load(TestImages.Options($"{kind}:{_folder.Path}"), seed: 1);

    private void Refuses(byte[] content, string says)
    {
        _folder.Write("data_batch_3", content);
        TestImages.Fails(FailureKind.Check, () => Load(), says);
    }
}
