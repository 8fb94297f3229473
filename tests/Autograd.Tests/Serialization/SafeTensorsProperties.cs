using FsCheck;
using FsCheck.Fluent;

namespace DPT.Engine.Autograd.Tests;

/// <summary>What holds for every safetensors file, tried on generated ones.</summary>
public class SafeTensorsProperties
{
    private static readonly Arbitrary<(string Name, float[] Values)[]> _tensors = Gen.ArrayOf(
        from name in Gen.NonEmptyListOf(Gen.Elements('a', '.', '"', '\\', 'é', '\n', '字', ' '))
        from values in Gen.NonEmptyListOf(Gen.Elements(0f, 1.5f, -0f, float.NaN, float.PositiveInfinity, 1e-45f, float.MaxValue))
        select (Name: new string(name.ToArray()), Values: values.ToArray()))
        .Select(tensors => tensors.DistinctBy(tensor => tensor.Name).ToArray()).ToArbitrary();

    [FsCheck.NUnit.Property(MaxTest = 60)]
    public Property Tensors_Written_AreReadBackBitForBit() => Prop.ForAll(_tensors, tensors =>
    {
        using var file = new TemporaryFile();
        File.WriteAllBytes(file.Path, Written(tensors));
        using var reader = new SafeTensorsReader(file.Path);
        Assert.That(reader.Entries.Keys, Is.EquivalentTo(tensors.Select(tensor => tensor.Name)));
        foreach (var (name, values) in tensors)
        {
            Assert.That(
                reader.ReadFloats(name).Select(BitConverter.SingleToInt32Bits), Is.EqualTo(values.Select(BitConverter.SingleToInt32Bits)));
        }
    });

    /// <summary>Any byte of a file changed: its tensors are read, of the old lengths, or it is refused. Nothing else happens.</summary>
    [FsCheck.NUnit.Property(MaxTest = 300)]
    public Property AnyByte_Changed_GivesTensorsOrARefusal() => Prop.ForAll(
        _tensors, Gen.Choose(0, 9999).ToArbitrary(), Gen.Choose(1, 255).ToArbitrary(), (tensors, place, change) =>
        {
            using var file = new TemporaryFile();
            var bytes = Written(tensors);
            bytes[place * bytes.Length / 10_000] ^= (byte)change;
            File.WriteAllBytes(file.Path, bytes);
            try
            {
                using var reader = new SafeTensorsReader(file.Path);
                Assert.That(reader.Entries.Values.Sum(entry => entry.Length), Is.EqualTo(tensors.Sum(tensor => 4L * tensor.Values.Length)));
                foreach (var (name, _) in reader.Entries.Where(entry => entry.Value.Type == "F32"))
                {
                    _ = reader.ReadFloats(name);
                }
            }
            catch (InvalidDataException error)
            {
                Assert.That(error.Message, Does.StartWith($"'{file.Path}' is damaged"));
            }
        });

    private static byte[] Written((string Name, float[] Values)[] tensors)
    {
        var writer = new SafeTensorsWriter();
        foreach (var (name, values) in tensors)
        {
            writer.Add(name, new TensorShape(values.Length), values);
        }

        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    private sealed class TemporaryFile : IDisposable
    {
        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
