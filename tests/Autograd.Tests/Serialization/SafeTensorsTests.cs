using System.Buffers.Binary;
using System.Text;

namespace DPT.Engine.Autograd.Tests;

public class SafeTensorsTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dpt-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Save_ThenRead_GivesTheSame()
    {
        var writer = new SafeTensorsWriter();
        writer.Metadata["about"] = "quotes \" and ünïcode";
        writer.Add("bytes", [3], [1, 2, 255]);
        writer.Add("weights", new TensorShape(2, 3), [1, -2, float.NaN, 4, float.PositiveInfinity, 1e-42f]);
        writer.Add("steps", [long.MaxValue, -1]);
        writer.Add("nothing", [0, 7], []);
        writer.Save(FileName);

        using var reader = new SafeTensorsReader(FileName);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reader.Entries.Keys, Is.EquivalentTo(["bytes", "weights", "steps", "nothing"]));
            Assert.That(reader.Metadata["about"], Is.EqualTo("quotes \" and ünïcode"));
            Assert.That(reader.ReadBytes("bytes"), Is.EqualTo([1, 2, 255]));
            Assert.That(reader.ReadLongs("steps"), Is.EqualTo([long.MaxValue, -1]));
            Assert.That(reader.ReadBytes("nothing"), Is.Empty);
            Assert.That(reader.Entries["weights"].Shape, Is.EqualTo([2, 3]));
            Assert.That(
                reader.ReadFloats("weights").Select(BitConverter.SingleToInt32Bits),
                Is.EqualTo(new[] { 1, -2, float.NaN, 4, float.PositiveInfinity, 1e-42f }.Select(BitConverter.SingleToInt32Bits)));
        }
    }

    /// <summary>A file by the letter of the format, as another tool writes it.</summary>
    [Test]
    public void Read_FileOfAnotherTool_GivesItsTensors()
    {
        WriteFile("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"s":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}  """,
            [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64]);
        using var reader = new SafeTensorsReader(FileName);
        Assert.That(reader.ReadFloats("a"), Is.EqualTo([1f, 2f]));
        Assert.That(reader.ReadFloats("s"), Is.EqualTo([3f]));
    }

    /// <summary>-2 and 1 as other tools keep them.</summary>
    [TestCase("F64", "00000000000000c0000000000000f03f")]
    [TestCase("F32", "000000c00000803f")]
    [TestCase("F16", "00c0003c")]
    [TestCase("BF16", "00c0803f")]
    [TestCase("I64", "feffffffffffffff0100000000000000")]
    [TestCase("I32", "feffffff01000000")]
    [TestCase("I16", "feff0100")]
    [TestCase("I8", "fe01")]
    public void ReadAsFloats_OfAnyType_GivesItsNumbers(string type, string hex)
    {
        var data = Convert.FromHexString(hex);
        WriteFile($$$"""{"a":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,{{{data.Length}}}]}}""", data);
        using var reader = new SafeTensorsReader(FileName);
        Assert.That(reader.ReadAsFloats("a"), Is.EqualTo([-2f, 1f]));
    }

    [TestCase("U64", "ffffffffffffffff", 18446744073709551615f)]
    [TestCase("U32", "ffffffff", 4294967295f)]
    [TestCase("U16", "ffff", 65535)]
    [TestCase("U8", "ff", 255)]
    [TestCase("BOOL", "02", 1)]
    [TestCase("F16", "007c", float.PositiveInfinity)]
    [TestCase("F16", "0100", 5.9604645e-8f)]
    [TestCase("F64", "9c7500883ce4377e", float.PositiveInfinity)]
    public void ReadAsFloats_OfExtremes_GivesTheNearest(string type, string hex, float expected)
    {
        var data = Convert.FromHexString(hex);
        WriteFile($$$"""{"a":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,{{{data.Length}}}]}}""", data);
        using var reader = new SafeTensorsReader(FileName);
        Assert.That(reader.ReadAsFloats("a"), Is.EqualTo([expected]));
        Assert.Throws<InvalidDataException>(() => reader.ReadAsFloats("b"));
    }

    [Test]
    public void ReadAsFloats_OfTypesWithoutConversion_IsRefused()
    {
        WriteFile("""{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", new byte[1]);
        using var reader = new SafeTensorsReader(FileName);
        Assert.That(() => reader.ReadAsFloats("a"), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("F8_E4M3"));
    }

    /// <summary>The first eight bytes are the header's length; data begins behind it.</summary>
    [Test]
    public void Write_NameOfAnyLength_BeginsItsDataAtAMultipleOfEight([Range(1, 8)] int length)
    {
        var writer = new SafeTensorsWriter();
        writer.Add(new string('a', length), new TensorShape(1), [1f]);
        writer.Save(FileName);
        Assert.That(BinaryPrimitives.ReadInt64LittleEndian(File.ReadAllBytes(FileName)) % 8, Is.Zero);
    }

    [Test]
    public void Write_Always_AlignsDataAndDependsOnContentAlone()
    {
        var forward = new SafeTensorsWriter();
        forward.Add("a", [3], new byte[3]);
        forward.Add("b", new TensorShape(1), [1f]);
        forward.Add("c", new TensorShape(1), [2f]);
        var backward = new SafeTensorsWriter();
        backward.Add("c", new TensorShape(1), [2f]);
        backward.Add("b", new TensorShape(1), [1f]);
        backward.Add("a", [3], new byte[3]);
        var (first, second) = (new MemoryStream(), new MemoryStream());
        forward.Write(first);
        backward.Write(second);
        Assert.That(first.ToArray(), Is.EqualTo(second.ToArray()));
        Assert.That(BinaryPrimitives.ReadInt64LittleEndian(first.ToArray()) % 8, Is.Zero);
        Assert.That(Encoding.UTF8.GetString(first.ToArray()), Does.Contain("\"shape\":[1],\"data_offsets\":[0,4]"));
    }

    [Test]
    public void Open_EveryTruncationOfAFile_IsRefused()
    {
        var whole = WriteFile("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(FileName, whole[..length]);
            Assert.Throws<InvalidDataException>(Open, $"{length} bytes");
        }
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, TestName = "Open_TrailingByte_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, TestName = "Open_ShapeTooLarge_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, TestName = "Open_NegativeSize_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, TestName = "Open_BrokenSize_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, TestName = "Open_SizeAsText_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, TestName = "Open_ProductThatOverflowsToZero_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, TestName = "Open_ProductThatOverflowsBeforeZero_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, TestName = "Open_OffsetsBackwards_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, TestName = "Open_OneOffset_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, TestName = "Open_GapAtTheStart_IsRefused")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, TestName = "Open_Overlap_IsRefused")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}""", 6, TestName = "Open_GapBetween_IsRefused")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4, TestName = "Open_NameTwice_IsRefused")]
    [TestCase("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", 4, TestName = "Open_UnknownType_IsRefused")]
    [TestCase("""{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}""", 4, TestName = "Open_TypeAsNumber_IsRefused")]
    [TestCase("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, TestName = "Open_NoType_IsRefused")]
    [TestCase("""{"a":5}""", 4, TestName = "Open_EntryAsNumber_IsRefused")]
    [TestCase("""{"__metadata__":{"a":5}}""", 0, TestName = "Open_MetadataAsNumber_IsRefused")]
    [TestCase("""{"__metadata__":{"a":null}}""", 0, TestName = "Open_MetadataAsNull_IsRefused")]
    [TestCase("""[1,2]""", 0, TestName = "Open_ListForHeader_IsRefused")]
    [TestCase("""{"a":{"dtype":"F32","shape":[[[[1]]]],"data_offsets":[0,4]}}""", 4, TestName = "Open_DeepNesting_IsRefused")]
    [TestCase("not json", 0, TestName = "Open_NoJson_IsRefused")]
    public void Open_ForgedHeader_IsRefused(string header, int dataBytes)
    {
        WriteFile(header, new byte[dataBytes]);
        var error = Assert.Throws<InvalidDataException>(Open)!;
        Assert.That(error.Message, Does.StartWith($"'{FileName}' is damaged"));
        Assert.That(() => new FileStream(FileName, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose(), Throws.Nothing);
    }

    /// <summary>Large tensors are written in pieces.</summary>
    [Test]
    public void Save_LargeTensor_GivesTheSame()
    {
        var values = new byte[(1 << 21) + 5];
        new Random(1).NextBytes(values);
        var writer = new SafeTensorsWriter();
        writer.Add("large", [values.Length], values);
        writer.Save(FileName);
        using var reader = new SafeTensorsReader(FileName);
        Assert.That(reader.ReadBytes("large").AsSpan().SequenceEqual(values), Is.True);
    }

    [TestCase(ulong.MaxValue)]
    [TestCase(100_000_001ul)]
    [TestCase(99_000_000ul)]
    [TestCase(1ul << 62)]
    public void Open_ForgedHeaderLength_IsRefusedWithoutReservingIt(ulong length)
    {
        var bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(FileName, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(Open);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    /// <summary>Behind other tensors, up to the last element and no further.</summary>
    [TestCase(0, 6)]
    [TestCase(2, 3)]
    [TestCase(5, 1)]
    [TestCase(6, 0)]
    [TestCase(5, 2)]
    [TestCase(-1, 2)]
    [TestCase(long.MaxValue, 1)]
    public void ReadFloats_OfAPart_GivesItOrRefuses(long first, int count)
    {
        var writer = new SafeTensorsWriter();
        writer.Add("a", [7]);
        writer.Add("b", new TensorShape(2, 3), [1, 2, 3, 4, 5, 6]);
        writer.Add("c", new TensorShape(2), [7, 8]);
        writer.Save(FileName);
        using var reader = new SafeTensorsReader(FileName);
        var values = new float[count];
        if (first >= 0 && first <= 6 - count)
        {
            reader.ReadFloats("b", first, values);
            Assert.That(values, Is.EqualTo(Enumerable.Range(0, count).Select(i => first + 1f + i)));
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => reader.ReadFloats("b", first, values));
        }

        Assert.Throws<InvalidDataException>(() => reader.ReadFloats("a", 0, values));
    }

    [Test]
    public void Read_WrongTypeOrName_IsRefused()
    {
        WriteFile("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", new byte[4]);
        using var reader = new SafeTensorsReader(FileName);
        Assert.Throws<InvalidDataException>(() => reader.ReadLongs("a"));
        Assert.Throws<InvalidDataException>(() => reader.ReadFloats("b"));
    }

    [Test]
    public void Add_NameTwiceOrWrongCount_IsRefused()
    {
        var writer = new SafeTensorsWriter();
        writer.Add("a", new TensorShape(1), [1f]);
        Assert.Throws<ArgumentException>(() => writer.Add("a", new TensorShape(1), [1f]));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", new TensorShape(1), [1f]));
        Assert.Throws<ArgumentException>(() => writer.Add("b", new TensorShape(2), [1f]));
    }

    [Test]
    public void StateDict_SaveThenLoad_GivesTheSame()
    {
        var state = new Dictionary<string, (TensorShape Shape, float[] Values)>
        {
            ["x.weight"] = (new TensorShape(2, 2), [1, 2, 3, 4]),
            ["x.bias"] = (new TensorShape(2), [5, 6]),
        };
        StateDict.Save(FileName, state, new Dictionary<string, string> { ["role"] = "model" });
        var loaded = StateDict.Load(FileName);
        using (var reader = new SafeTensorsReader(FileName))
        {
            Assert.That(reader.Metadata["role"], Is.EqualTo("model"));
        }

        Assert.That(loaded.Keys, Is.EquivalentTo(state.Keys));
        foreach (var (name, (shape, values)) in state)
        {
            Assert.That(loaded[name].Shape, Is.EqualTo(shape));
            Assert.That(loaded[name].Values, Is.EqualTo(values));
        }
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[0,4]}}""")]
    [TestCase("""{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}""")]
    public void StateDict_TensorItCannotHold_IsRefused(string header)
    {
        WriteFile(header, new byte[4]);
        Assert.Throws<InvalidDataException>(() => StateDict.Load(FileName));
    }

    private string FileName => Path.Combine(_folder, "test.safetensors");

    private void Open() => new SafeTensorsReader(FileName).Dispose();

    private byte[] WriteFile(string header, byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        byte[] file = [.. length, .. text, .. data];
        File.WriteAllBytes(FileName, file);
        return file;
    }
}
