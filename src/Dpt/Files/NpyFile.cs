using System.IO.Compression;
using System.Runtime.InteropServices;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Arrays as NumPy saves them.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
/// <param name="Shape">Sizes, outermost first; none for a scalar.</param>
/// <param name="Values">The elements in row-major order.</param>
public sealed record NpyArray<T>(IReadOnlyList<int> Shape, T[] Values) where T : unmanaged
{
    /// <summary>For people: <c>[32, 18, 128]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", Shape)}]";
}

/// <summary>Reads and writes <c>.npy</c> and writes <c>.npz</c> files: the low byte first, rows one after the other.</summary>
public static class NpyFile
{
    /// <summary>The oldest date that an archive can hold: the same arrays give the same bytes.</summary>
    private static readonly DateTimeOffset _noDate = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Reads an array of float32, or of float64 and rounds it.</summary>
    /// <exception cref="DptException">Environment: the file cannot be read. Check: it is damaged, or of another type or order.</exception>
    public static NpyArray<float> ReadFloats(string path) => DataFile.Read(path, stream => Read(stream, NpyElements.ToFloats));

    /// <summary>Reads an array of int64, int32 or uint8.</summary>
    /// <exception cref="DptException">Environment: the file cannot be read. Check: it is damaged, or of another type or order.</exception>
    public static NpyArray<long> ReadLongs(string path) => DataFile.Read(path, stream => Read(stream, NpyElements.ToLongs));

    /// <summary>Writes an array of float32; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="array">The array.</param>
    public static void Write(string path, NpyArray<float> array) => AtomicFile.Write(path, stream => Write(stream, NpyElements.Float32, array));

    /// <summary>Writes an array of int64; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="array">The array.</param>
    public static void Write(string path, NpyArray<long> array) => AtomicFile.Write(path, stream => Write(stream, NpyElements.Int64, array));

    /// <summary>Writes arrays of float32 into an <c>.npz</c>, not compressed; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="arrays">The arrays by name.</param>
    public static void WriteAll(string path, IEnumerable<KeyValuePair<string, NpyArray<float>>> arrays) =>
        WriteAll(path, arrays.Select(array => (array.Key, (Action<Stream>)(stream => Write(stream, NpyElements.Float32, array.Value)))));

    /// <summary>Writes arrays of float64 into an <c>.npz</c>, not compressed; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="arrays">The arrays by name.</param>
    public static void WriteAll(string path, IEnumerable<KeyValuePair<string, NpyArray<double>>> arrays) =>
        WriteAll(path, arrays.Select(array => (array.Key, (Action<Stream>)(stream => Write(stream, NpyElements.Float64, array.Value)))));

    /// <summary>Writes images and the class of each into an <c>.npz</c>, not compressed; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="images">Under the name <c>arr_0</c>.</param>
    /// <param name="labels">Under the name <c>arr_1</c>.</param>
    public static void WriteImages(string path, NpyArray<byte> images, NpyArray<long> labels) => WriteAll(path,
    [
        ("arr_0", stream => Write(stream, NpyElements.UInt8, images)),
        ("arr_1", stream => Write(stream, NpyElements.Int64, labels)),
    ]);

    /// <summary>Reads the array that a stream holds, to its end.</summary>
    /// <param name="stream">What to read.</param>
    /// <param name="elements">Makes the elements of their type and bytes.</param>
    internal static NpyArray<T> Read<T>(Stream stream, Func<string, Func<byte[]>, T[]> elements) where T : unmanaged
    {
        var header = NpyHeader.Read(stream);
        return new NpyArray<T>(header.Shape, elements(header.Type, () => DataFile.ReadToEnd(stream, header.Bytes)));
    }

    /// <summary>Writes arrays of several types into an <c>.npz</c>, not compressed; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="arrays">The arrays by name, see <see cref="Content(NpyArray{float})"/>.</param>
    internal static void WriteAll(string path, IEnumerable<(string Name, Action<Stream> Write)> arrays) => AtomicFile.Write(path, stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, write) in arrays)
        {
            var entry = archive.CreateEntry(name + NpzArchive.Ending, CompressionLevel.NoCompression);
            entry.LastWriteTime = _noDate;
            using var content = entry.Open();
            write(content);
        }
    });

    /// <summary>Writes an array of float32.</summary>
    internal static Action<Stream> Content(NpyArray<float> array) => stream => Write(stream, NpyElements.Float32, array);

    /// <summary>Writes an array of uint8.</summary>
    internal static Action<Stream> Content(NpyArray<byte> array) => stream => Write(stream, NpyElements.UInt8, array);

    private static void Write<T>(Stream stream, string type, NpyArray<T> array) where T : unmanaged
    {
        var header = new NpyHeader(type, [.. array.Shape]);
        if (header.Count != array.Values.Length)
        {
            throw new ArgumentException($"{array.Values.Length} elements for an array of shape {array}", nameof(array));
        }

        header.Write(stream);
        foreach (var piece in array.Values.Chunk(1 << 20))
        {
            stream.Write(MemoryMarshal.AsBytes(piece.AsSpan()));
        }
    }
}
