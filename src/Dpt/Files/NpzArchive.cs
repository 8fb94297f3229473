namespace DPT.Engine.Dpt;

/// <summary>The arrays of an <c>.npz</c>, compressed or not.</summary>
internal sealed class NpzArchive : IDisposable
{
    /// <summary>What the archive has behind the name of an array.</summary>
    public const string Ending = ".npy";

    /// <summary>Deflate packs a thousand zeros into one byte; photographs and drawings are far from it.</summary>
    private const int MostUnpacking = 200;

    private readonly ZipContent _archive;

    /// <summary>Reads the list of arrays.</summary>
    /// <param name="stream">The archive; it can seek, and stays open.</param>
    /// <exception cref="InvalidDataException">It is no archive, or forged.</exception>
    public NpzArchive(Stream stream) => _archive = new ZipContent(stream, MostUnpacking);

    /// <summary>Names of the arrays.</summary>
    public IEnumerable<string> Names =>
        _archive.Names.Where(name => name.EndsWith(Ending, StringComparison.Ordinal)).Select(name => name[..^Ending.Length]);

    /// <summary>An array of uint8.</summary>
    /// <exception cref="InvalidDataException">It is not there, damaged, or of another type or order; the message names it.</exception>
    public NpyArray<byte> Bytes(string name) => _archive.Read(name + Ending, stream => NpyFile.Read(stream, NpyElements.ToBytes));

    /// <summary>An array of int64, int32 or uint8.</summary>
    /// <exception cref="InvalidDataException">It is not there, damaged, or of another type or order; the message names it.</exception>
    public NpyArray<long> Longs(string name) => _archive.Read(name + Ending, stream => NpyFile.Read(stream, NpyElements.ToLongs));

    /// <summary>An array of float32, or of float64 and rounded.</summary>
    /// <exception cref="InvalidDataException">It is not there, damaged, or of another type or order; the message names it.</exception>
    public NpyArray<float> Floats(string name) => _archive.Read(name + Ending, stream => NpyFile.Read(stream, NpyElements.ToFloats));

    /// <summary>An array of float64, or of float32.</summary>
    /// <exception cref="InvalidDataException">It is not there, damaged, or of another type or order; the message names it.</exception>
    public NpyArray<double> Doubles(string name) => _archive.Read(name + Ending, stream => NpyFile.Read(stream, NpyElements.ToDoubles));

    public void Dispose() => _archive.Dispose();
}
