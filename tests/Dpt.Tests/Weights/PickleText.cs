using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Pickles put together by hand, as nobody's PyTorch writes them.</summary>
internal static class PickleText
{
    public const string Ordered = "ccollections\nOrderedDict\n";

    public const string Persistent = "ctorch_utils.persistence\n_reconstruct_persistent_obj\n";

    public const string Container = "ctorch.nn.modules.container\nModuleDict\n";

    public const string LoadFromBytes = "ctorch.storage\n_load_from_bytes\n";

    public static byte[] Of(params object[] parts) => [.. parts.SelectMany(part => part switch
    {
        string code => Encoding.Latin1.GetBytes(code),
        byte[] bytes => bytes,
        int number => [(byte)number],
        _ => throw new ArgumentException($"{part}"),
    })];

    /// <summary>A text on the stack.</summary>
    public static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        return [(byte)'X', .. length, .. bytes];
    }

    /// <summary>A number on the stack.</summary>
    public static byte[] Number(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return [0x8a, 8, .. bytes];
    }

    /// <summary>Bytes on the stack.</summary>
    public static byte[] Bytes(byte[] bytes) => [(byte)'B', .. BitConverter.GetBytes(bytes.Length), .. bytes];

    /// <summary>A storage of floats with the key <c>0</c>, by what stands in its place.</summary>
    public static byte[] Storage(long count) =>
        Of("(", Text("storage"), "ctorch\nFloatStorage\n", Text("0"), Text("cpu"), Number(count), "tQ");

    /// <summary>A dictionary with one tensor <c>w</c> of floats in the storage <c>0</c>.</summary>
    public static byte[] Tensor(long offset, long[] sizes, long[] strides, long count) => Of(
        "\x80\x02}", Text("w"), "ctorch._utils\n_rebuild_tensor_v2\n(", Storage(count),
        Number(offset), Tuple(sizes), Tuple(strides), $"\u0089{Ordered})RtRs.");

    /// <summary>A file of the legacy layout: such a pickle, and the storage <c>0</c> of one 7 in four bytes.</summary>
    /// <param name="pickle">The pickle.</param>
    /// <param name="written">How many elements are said to stand before them.</param>
    public static byte[] Legacy(byte[] pickle, long written = 1) => Of(
        "\x80\x02\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.", "\x80\x02M\u00e9\u0003.", "\x80\x02}", Text("little_endian"), "\u0088s.",
        pickle, "\x80\x02]", Text("0"), "\u0061.", BitConverter.GetBytes(written), BitConverter.GetBytes(7f));

    /// <summary>The archive that such a pickle stands in.</summary>
    /// <param name="pickle">The pickle.</param>
    /// <param name="compressed">Whether entries are compressed, as those of PyTorch never are.</param>
    /// <param name="others">Names and texts of more entries.</param>
    public static byte[] Zip(byte[] pickle, bool compressed = false, params ReadOnlySpan<(string Name, string Text)> others)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("archive/data.pkl", pickle);
            Add("archive/data/0", [.. Enumerable.Range(0, 6).SelectMany(i => BitConverter.GetBytes((float)i))]);
            foreach (var (name, text) in others)
            {
                Add(name, Encoding.ASCII.GetBytes(text));
            }

            void Add(string name, byte[] content)
            {
                using var entry = archive.CreateEntry(name, compressed ? CompressionLevel.Optimal : CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Tuple(long[] numbers) => Of(["(", .. numbers.Select(Number), "t"]);
}
