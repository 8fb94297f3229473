using System.Text;
using static DPT.Engine.Dpt.Tests.PickleText;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Files of weights that somebody cut, forged or filled with commands: one line, no memory, nothing run.</summary>
[CancelAfter(60_000)]
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
    }

    [TestCase(0x81, TestName = "Read_NewObject_IsRefused")]
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
        yield return Case("endless objects", Of("\x80\x02(", new string('N', 5_000_000), "t."), "more than 4194304 objects");
        yield return Case("endless marks", Of("\x80\x02", new string('(', 5_000_000), "."), "more than 4194304 objects");
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

    [Test]
    public void Read_OtherFiles_AreRefused()
    {
        Refuses([], "it is empty");
        Refuses(Encoding.ASCII.GetBytes("no weights"), "it is no file of torch.save");
        Refuses(Of("\x80\x02K\x01."), "it does not begin as files of torch.save do");
        Refuses(Zip(Tensor(0, [6], [1], 6), compressed: true), "is there twice, larger than the file, or unpacks into more than 1 times its size");
    }

    [TestCase(1, 1, "")]
    [TestCase(400_000_000, 400_000_000, "storage '0' of 400000000 F32 has 4 bytes in the file")]
    [TestCase(1, 2, "storage '0' of 1 F32 has 4 bytes in the file")]
    [TestCase(long.MaxValue, long.MaxValue, "has 4 bytes in the file")]
    public void Read_LegacyStorages_AreBelievedAsFarAsTheyAreThere(long declared, long written, string says)
    {
        var file = Of(
            "\x80\x02\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.", "\x80\x02M\u00e9\u0003.", "\x80\x02}", Text("little_endian"), "\u0088s.",
            Tensor(0, [1], [1], declared), "\x80\x02]", Text("0"), "\u0061.", BitConverter.GetBytes(written), BitConverter.GetBytes(7f));
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
