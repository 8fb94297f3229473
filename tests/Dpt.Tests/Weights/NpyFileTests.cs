using System.IO.Compression;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Files of NumPy: those that it made, those that it must be able to read, and forged ones.</summary>
public sealed class NpyFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Read_FilesOfNumPy_GivesTheirNumbers()
    {
        var times = NpyFile.ReadFloats(WeightFiles.PathOf("uvit-t.npy"));
        Assert.That((times.Shape, times.Values), Is.EqualTo((new[] { 3 }, new[] { 0.5f, 17.25f, 999f })));
        var labels = NpyFile.ReadLongs(WeightFiles.PathOf("uvit-y.npy"));
        Assert.That((labels.Shape, labels.Values), Is.EqualTo((new[] { 3 }, new[] { 2L, 0, 1 })), "int32 is taken");
        Assert.That(NpyFile.ReadFloats(WeightFiles.PathOf("uvit-x.npy")).Shape, Is.EqualTo(new[] { 3, 2, 8, 8 }), "float64 is rounded");
    }

    /// <summary>NumPy 1.24 wrote these bytes.</summary>
    [Test]
    public void Write_WhatNumPyWrote_GivesTheSameBytes()
    {
        foreach (var name in new[] { "uvit-t.npy", "uvit-eps.npy", "vit-logits.npy" })
        {
            NpyFile.Write(_folder["again.npy"], NpyFile.ReadFloats(WeightFiles.PathOf(name)));
            Assert.That(File.ReadAllBytes(_folder["again.npy"]), Is.EqualTo(File.ReadAllBytes(WeightFiles.PathOf(name))), name);
        }
    }

    [TestCase]
    [TestCase(0)]
    [TestCase(7)]
    [TestCase(2, 0, 3)]
    [TestCase(2, 3, 4)]
    public void Write_AnyShape_ReadsTheSame(params int[] shape)
    {
        var count = shape.Aggregate(1, (a, b) => a * b);
        var longs = new NpyArray<long>(shape, [.. Enumerable.Range(0, count).Select(i => i - (1L << 40))]);
        NpyFile.Write(_folder["a.npy"], longs);
        var read = NpyFile.ReadLongs(_folder["a.npy"]);
        Assert.That((read.Shape, read.Values), Is.EqualTo((shape, longs.Values)));
        Assert.That((new FileInfo(_folder["a.npy"]).Length - (8 * count)) % 64, Is.Zero, "numbers begin at a multiple of 64");
        Assert.That(() => NpyFile.Write(_folder["b.npy"], longs with { Values = new long[count + 1] }), Throws.ArgumentException);
        Assert.That(File.Exists(_folder["b.npy"]), Is.False);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Read_EveryVersionAndSpelling_IsUnderstood(int version)
    {
        var file = Npy(version, "{ 'shape':(2 ,) ,'fortran_order' : False, 'descr':'<f4'}  \n", BitConverter.GetBytes(1.5f), BitConverter.GetBytes(-2f));
        Assert.That(NpyFile.ReadFloats(file).Values, Is.EqualTo(new[] { 1.5f, -2f }));
    }

    [TestCase(4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "version 1, 2 or 3")]
    [TestCase(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "its elements are '>f4'")]
    [TestCase(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "its elements are '|O'")]
    [TestCase(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", "its elements are '<i8'")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "Fortran's order")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "it ends too early")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", "more bytes follow")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (500000000,), }", "it ends too early")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 2000000000), }", "more than")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }", "the size 99999999999")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "its header is")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, }", "no 'shape'")]
    [TestCase(1, "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "no 'descr', or two")]
    [TestCase(1, "{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os'), }", "its header is")]
    [TestCase(1, "", "its header is")]
    public void Read_AForgedHeader_IsRefusedForLittle(int version, string header, string says)
    {
        var file = Npy(version, header, BitConverter.GetBytes(1f));
        var before = GC.GetAllocatedBytesForCurrentThread();
        TestImages.Fails(FailureKind.Check, () => NpyFile.ReadFloats(file), says);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4_000_000));
    }

    [Test]
    public void Read_EveryTruncation_IsRefused()
    {
        var whole = File.ReadAllBytes(WeightFiles.PathOf("uvit-t.npy"));
        for (var length = 0; length < whole.Length; length++)
        {
            TestImages.Fails(FailureKind.Check, () => NpyFile.ReadFloats(_folder.Write("cut.npy", whole[..length])), "cut.npy");
        }
    }

    [Test]
    public void WriteAll_Arrays_AreAnArchiveOfNpyFiles()
    {
        var array = NpyFile.ReadFloats(WeightFiles.PathOf("vit-logits.npy"));
        NpyFile.WriteAll(_folder["all.npz"], new Dictionary<string, NpyArray<float>> { ["a.weight"] = array, ["b"] = array });
        using var archive = ZipFile.OpenRead(_folder["all.npz"]);
        Assert.That(archive.Entries.Select(entry => entry.FullName), Is.EqualTo(new[] { "a.weight.npy", "b.npy" }));
        archive.Entries[1].ExtractToFile(_folder["b.npy"]);
        Assert.That(File.ReadAllBytes(_folder["b.npy"]), Is.EqualTo(File.ReadAllBytes(WeightFiles.PathOf("vit-logits.npy"))));
    }

    private string Npy(int version, string header, params byte[][] data)
    {
        var length = BitConverter.GetBytes(header.Length)[..(version == 1 ? 2 : 4)];
        return _folder.Write("a.npy", [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. Encoding.ASCII.GetBytes(header), .. data.SelectMany(bytes => bytes)]);
    }
}
