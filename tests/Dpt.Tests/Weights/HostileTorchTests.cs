using System.Text;
using static DPT.Engine.Dpt.Tests.PickleText;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Files of weights that somebody cut, forged or filled with commands: one line, no memory, nothing run.</summary>
[CancelAfter(60_000)]
[Parallelizable]
public sealed class HostileTorchTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Read_AWholePickle_IsTaken() => Assert.That(Read(Zip(Tensor(1, [2, 2], [3, 1], 6)))["w"].Values, Is.EqualTo(new float[] { 1, 2, 4, 5 }));

    [TestCase("msn.pth")]
    [TestCase("msn-legacy.pth")]
    [TestCase("tensors-legacy.pth")]
    [TestCase("snapshot-4.pkl")]
    public void Read_EveryTruncation_IsRefused(string file)
    {
        var whole = File.ReadAllBytes(WeightFiles.PathOf(file));
        for (var length = 1; length < whole.Length; length++)
        {
            Refuses(whole[..length], "'");
        }
    }

    [Test]
    public void Read_EveryTruncationOfThePickle_IsRefusedWithItsByte()
    {
        var whole = Tensor(1, [2, 2], [3, 1], 6);
        for (var length = 0; length < whole.Length; length++)
        {
            Refuses(Zip(whole[..length]), "of the pickle: ");
        }
    }

    /// <summary>What a changed byte makes of a file may be another file, but never a crash.</summary>
    [TestCase("tensors.pth")]
    [TestCase("tensors-legacy.pth")]
    [TestCase("msn-legacy.pth")]
    [TestCase("snapshot-4.pkl")]
    public void Read_AnyByteChanged_IsReadOrRefused(string file)
    {
        var whole = File.ReadAllBytes(WeightFiles.PathOf(file));
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var change in new byte[] { 0x01, 0xff })
            {
                var changed = whole.ToArray();
                changed[at] ^= change;
                try
                {
                    Read(changed);
                }
                catch (DptException error)
                {
                    Assert.That((error.Kind, error.Message.Contains('\n')), Is.EqualTo((FailureKind.Check, false)), $"byte {at}: {error.Message}");
                }
            }
        }
    }

    [TestCase("os", "system")]
    [TestCase("posix", "system")]
    [TestCase("builtins", "eval")]
    [TestCase("torch", "load")]
    [TestCase("torch._utils", "_rebuild_tensor_v2.__globals__")]
    [TestCase("torch.jit._pickle", "restore_type_tag")]
    [TestCase("numpy.core.multiarray", "_reconstruct")]
    public void Read_AnyOtherGlobal_IsRefusedByName(string module, string name)
    {
        var says = $"byte 2 of the pickle: it asks for {module}.{name}, which is not data and is not loaded";
        Refuses(Zip(Of("\x80\x02", $"c{module}\n{name}\n(", Text("touch /tmp/x"), "tR.")), says);
        Refuses(Zip(Of("\x80\x04", Text(module), Text(name), "\x93)R.")), $"it asks for {module}.{name}, which is not data");
        Refuses(Of("\x80\x02}", $"c{module}\n{name}\n)\u0081."), $"it asks for {module}.{name}, which is not data");
        Refuses(Of("\x80\x02", LoadFromBytes, Bytes(Legacy(Of("\x80\x02", $"c{module}\n{name}\n)R."))), "\u0085R."), $"it asks for {module}.{name}, which is not data");
    }

    [TestCase('o', TestName = "Read_ObjectOfMark_IsRefused")]
    [TestCase('i', TestName = "Read_Instance_IsRefused")]
    [TestCase(0x82, TestName = "Read_Extension_IsRefused")]
    [TestCase('P', TestName = "Read_PersistentLine_IsRefused")]
    public void Read_InstructionsThatMakeObjects_AreRefused(int code) =>
        Refuses(Zip(Of("\x80\x02(", code, "os\nsystem\n.")), $"instruction 0x{code:x2} is not one of those that hold data");

    private static IEnumerable<TestCaseData> Forged()
    {
        yield return Case("a list in itself", Of("\x80\x02]q\0h\0a."), "a list contains itself");
        yield return Case("a dictionary in itself", Of("\x80\x02}q\0(", Text("a"), "h\0u."), "a dictionary contains itself");
        yield return Case("a tuple around itself", Of("\x80\x02]q\0h\0\x85q\x01", "0."), "instruction 0x30");
        yield return Case("two lists in each other", Of("\x80\x02]q\0]q\x01h\0ah\x01" + "a."), "contains itself");
        yield return Case("deep lists", Of("\x80\x02", new string(']', 100_000), new string('a', 99_999), "."), "nested more than 64 deep");
        yield return Case("deep tuples", Of("\x80\x02)", new string('\x85', 100_000), "."), "nested more than 64 deep");
        yield return Case("doubled lists", Of(["\x80\x02]q\0", .. Enumerable.Range(0, 60).Select(i => $"](h{(char)i}h{(char)i}eq{(char)(i + 1)}"), "."]), "unfolds into more than");
        yield return Case("endless objects", Of("\x80\x02(", new string('N', 5_000_000), "t."), "more than 4194304 objects in 5000005 bytes");
        yield return Case("endless marks", Of("\x80\x02", new string('(', 5_000_000), "."), "more than 4194304 objects in");
        yield return Case("endless sets", Of("\x80\x04(", new string('\x8f', 5_000_000), "t."), "more than 4194304 objects in");
        yield return Case("pairs of one", Of("\x80\x02", Ordered, "](](Nee\u0085R."), "collections.OrderedDict of unknown form");
        yield return Case("pairs of three", Of("\x80\x02", Ordered, "](](NNNee\u0085R."), "collections.OrderedDict of unknown form");
        yield return Case("pairs that are none", Of("\x80\x02", Ordered, "](K\u0001e\u0085R."), "collections.OrderedDict of unknown form");
        yield return Case("a pair with a list as key", Of("\x80\x02", Ordered, "](](]Nee\u0085R."), "a list as a key");
        yield return Case("one list, many dictionaries", ManyDictionaries(), "it makes more of its texts and lists than it has bytes");
        yield return Case("a module of nothing", Of("\x80\x02", Persistent, ")R."), "a module of unknown form");
        yield return Case("a module without a state", Of("\x80\x02", Persistent, "}\u0085R."), "a module of unknown form");
        yield return Case(
            "a module of a list", Of("\x80\x02", Persistent, "}", Text("state"), "}", Text("_modules"), "]ss\u0085R."), "a module of unknown form");
        yield return Case(
            "a module in itself", Of("\x80\x02", Container, ")\u0081q\0}", Text("_modules"), "}", Text("0"), "h\0ssb."), "a module contains itself");
        yield return Case("doubled modules", DoubledModules(), "unfolds into more than 16777216 objects");
        yield return Case("a container with arguments", Of("\x80\x02", Container, "]\u0085\u0081."), "torch.nn.modules.container.ModuleDict of unknown form");
        yield return Case("a set of no list", Of("\x80\x02", "cbuiltins\nset\n", Text("ab"), "\u0085R."), "a set of unknown form");
        yield return Case("bytes as a storage", Of("\x80\x03", LoadFromBytes, Bytes([]), "\u0085R."), "it asks for torch.storage._load_from_bytes");
        yield return Case("a long text", Of("\x80\x02X\xff\xff\xff\x7f."), "2147483647 bytes are announced, 1 are there");
        yield return Case("a longer text", Of("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "18446744073709551615 bytes are announced, 1 are there");
        yield return Case("long bytes", Of("\x80\x03" + "B\xff\xff\xff\xff."), "4294967295 bytes are announced");
        yield return Case("no UTF-8", Of("\x80\x02X\x01\0\0\0\xff."), "a text is no UTF-8");
        yield return Case("an endless name", Of("\x80\x02" + "c", new string('x', 100_000)), "a name of more than 200 bytes");
        yield return Case("nothing remembered", Of("\x80\x02h\x07."), "object 7 is asked for and was never remembered");
        yield return Case("nothing there", Of("\x80\x02."), "an object is asked for where there is none");
        yield return Case("a mark below", Of("\x80\x02]N(a."), "an object is asked for where there is none");
        yield return Case("no mark", Of("\x80\x02t."), "a mark is asked for where there is none");
        yield return Case("a key alone", Of("\x80\x02}(Nu."), "a key without a value");
        yield return Case("a list as key", Of("\x80\x02}(]Nu."), "a list as a key");
        yield return Case("appended to a number", Of("\x80\x02K\x01Na."), "a number where the instruction asks for something else");
        yield return Case("a number called", Of("\x80\x02K\x01)R."), "a number where the instruction asks for something else");
        yield return Case("a type called", Of("\x80\x02" + "ctorch\nFloatStorage\n)R."), "torch.FloatStorage of unknown form");
        yield return Case("a protocol to come", Of("\x80\x06N."), "protocol 6, the latest is 5");
        yield return Case("offset beyond", Tensor(7, [1], [1], 6), "reaches to element 7 of storage '0', which has 6");
        yield return Case("end beyond", Tensor(1, [6], [1], 6), "reaches to element 6 of storage '0', which has 6");
        yield return Case("strides beyond", Tensor(0, [2, 2], [5, 1], 6), "reaches to element 6");
        yield return Case("strides that overflow", Tensor(0, [3, 3], [long.MaxValue, long.MaxValue], 6), "reaches to element");
        yield return Case("strides that come round", Tensor(0, [5], [1L << 62], 6), "reaches to element 18446744073709551616");
        yield return Case("a negative offset", Tensor(-1, [1], [1], 6), "at offset -1");
        yield return Case("a negative stride", Tensor(5, [2], [-1], 6), "strides [-1]");
        yield return Case("a negative size", Tensor(0, [-2], [1], 6), "sizes [-2]");
        yield return Case("sizes without strides", Tensor(0, [2, 3], [1], 6), "sizes [2, 3] and strides [1]");
        yield return Case("a tensor of nothing, repeated", Tensor(0, [1 << 30, 1 << 30, 1 << 30], [0, 0, 0], 6), "a tensor of more than");
        yield return Case("a gigabyte from one number", Tensor(0, [1 << 28], [0], 6), "they repeat what they have");
        yield return Case("a storage that is not there", Tensor(0, [7], [1], 7), "storage '0' of 7 F32 has 24 bytes in the file");
        yield return Case("a storage beyond memory", Tensor(0, [1], [1], long.MaxValue), "has 24 bytes in the file");
        yield return Case("a negative storage", Tensor(0, [1], [1], -1), "a storage of unknown form");

        static TestCaseData Case(string name, byte[] pickle, string says) => new TestCaseData(pickle, says).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Forged))]
    public void Read_AForgedPickle_IsRefusedForLittle(byte[] pickle, string says)
    {
        var file = Zip(pickle);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refuses(file, says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000 + (file.Length * 60L)), "memory for what is not there");
    }

    /// <summary>A list of pairs of which a dictionary is made again and again, with six bytes each.</summary>
    private static byte[] ManyDictionaries() => Of(
        "\x80\x02(", Ordered, "q\u0001]q\0(", Of([.. Enumerable.Range(0, 500).Select(i => Of("](", Number(i), "Ne"))]), "e",
        string.Concat(Enumerable.Repeat("h\u0001h\0\u0085R", 5000)), "t.");

    private static byte[] DoubledModules() => Of(
        "\x80\x02", Container, ")\u0081q\0",
        Of([.. Enumerable.Range(0, 28).Select(i => Of(
            Container, ")\u0081}", Text("_modules"), "}", Text("a"), $"h{(char)i}s", Text("b"), $"h{(char)i}ssbq{(char)(i + 1)}"))]),
        ".");

    private static IEnumerable<TestCaseData> ForgedStorages()
    {
        var storage = Of("\x80\x02", Storage(1), ".");
        yield return Case("a whole one", Legacy(storage), "it has no tensors");
        yield return Case("nothing", [], "it ends too early");
        yield return Case("an archive", Zip(Tensor(0, [6], [1], 6)), "byte 0 of the pickle: instruction 0x50");
        yield return Case("a tensor", Legacy(Tensor(0, [1], [1], 1)), "a storage of unknown form");
        yield return Case("another storage in it", Legacy(Of("\x80\x03", LoadFromBytes, Bytes(Legacy(storage)), "\u0085R.")), "it asks for torch.storage._load_from_bytes");
        yield return Case("more than is there", Legacy(Of("\x80\x02", Storage(1 << 28), "."), 1 << 28), "storage '0' of 268435456 F32 has 4 bytes in the file");
        yield return Case("endless objects", Legacy(Of("\x80\x02(", new string('N', 5_000_000), "t.")), "more than 4194304 objects in");

        static TestCaseData Case(string name, byte[] storage, string says) => new TestCaseData(storage, says).SetArgDisplayNames(name);
    }

    /// <summary>The bytes are asked for twenty thousand times, and read once.</summary>
    [TestCaseSource(nameof(ForgedStorages))]
    public void Read_AForgedStorageWithin_IsRefusedForLittle(byte[] storage, string says)
    {
        var file = Of("\x80\x03(", LoadFromBytes, "q\0", Bytes(storage), "\u0085q\u0001R", string.Concat(Enumerable.Repeat("h\0h\u0001R", 20_000)), "t.");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refuses(file, says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000 + (file.Length * 60L)), "memory for what is not there");
    }

    [Test]
    public void Read_APlainPickleWithStoragesOutside_IsRefused() =>
        Refuses(Of("\x80\x03", Storage(1), "."), "something outside of the pickle of unknown form");

    /// <summary>Names of all images of a data set are more objects than any network has: a long pickle may have more.</summary>
    [Test]
    public void Read_MillionsOfNumbersBesideATensor_IsTaken()
    {
        var numbers = new byte[9 * 4_500_000];
        for (var i = 0; i < numbers.Length; i += 9)
        {
            numbers[i] = (byte)'G';
        }

        var pickle = Tensor(1, [2, 2], [3, 1], 6);
        Assert.That(Read(Zip(Of("\x80\x02(", pickle[2..^1], "(", numbers, "tt.")))["0.w"].Values, Is.EqualTo(new float[] { 1, 2, 4, 5 }));
    }

    [Test]
    public void Read_OtherFiles_AreRefused()
    {
        Refuses([], "it is empty");
        Refuses(Encoding.ASCII.GetBytes("no weights"), "it is no file of torch.save");
        Refuses(Of("\x80\x02\u008a\u0001\u0001."), "it does not begin as files of torch.save do");
        Refuses(Of("\x80\x02K\x01."), "it has no tensors");
        Refuses(Zip(Tensor(0, [6], [1], 6), compressed: true), "is there twice, larger than the file, or unpacks into more than 1 times its size");
    }

    [TestCase(1, 1, "")]
    [TestCase(400_000_000, 400_000_000, "storage '0' of 400000000 F32 has 4 bytes in the file")]
    [TestCase(1, 2, "storage '0' of 1 F32 has 4 bytes in the file")]
    [TestCase(long.MaxValue, long.MaxValue, "has 4 bytes in the file")]
    public void Read_LegacyStorages_AreBelievedAsFarAsTheyAreThere(long declared, long written, string says)
    {
        var file = Legacy(Tensor(0, [1], [1], declared), written);
        var before = GC.GetAllocatedBytesForCurrentThread();
        if (says.Length == 0)
        {
            Assert.That(Read(file)["w"].Values, Is.EqualTo(new[] { 7f }));
            return;
        }

        Refuses(file, says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000), "memory for what is not there");
    }

    /// <summary>PyTorch 2 puts more entries beside the pickle, as here.</summary>
    [Test]
    public void Read_WithTheOrderOfBytes_TakesTheLowByteFirst()
    {
        var pickle = Tensor(0, [6], [1], 6);
        var read = Read(Zip(pickle, others: [("archive/byteorder", "little"), ("archive/.format_version", "1"), ("archive/.data/serialization_id", "7")]));
        Assert.That(read["w"].Values, Is.EqualTo(new float[] { 0, 1, 2, 3, 4, 5 }));
        Refuses(Zip(pickle, others: ("archive/byteorder", "big")), "its numbers have the high byte first");
        Refuses(Zip(pickle, others: ("other/data.pkl", "")), "an archive of PyTorch has one folder with data.pkl, this one has 2");
        Refuses(Zip(pickle, others: ("archive/data/0", "")), "is there twice, larger than the file, or unpacks into more than 1 times its size");
    }

    private IReadOnlyDictionary<string, WeightTensor> Read(byte[] content) => WeightFile.Read(_folder.Write("weights.pth", content));

    private void Refuses(byte[] content, string says) => TestImages.Fails(FailureKind.Check, () => Read(content), says);
}
