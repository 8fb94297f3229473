using System.IO.Compression;

namespace DPT.Engine.Dpt;

/// <summary>
/// The entries of a zip archive by name. None is there twice, together they fit into the file, and none unpacks into far more than it is.
/// </summary>
internal sealed class ZipContent : IDisposable
{
    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Reads the list of entries.</summary>
    /// <param name="stream">The archive; it can seek, and stays open.</param>
    /// <param name="mostUnpacking">How many bytes an entry may have for each of its bytes in the archive; 1 where nothing compresses.</param>
    /// <exception cref="InvalidDataException">It is no archive, or entries are forged.</exception>
    public ZipContent(Stream stream, int mostUnpacking)
    {
        _archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        var total = 0L;
        foreach (var entry in _archive.Entries)
        {
            // Entries may overlap, and so be many times what the file is.
            total += entry.CompressedLength;
            if (total > stream.Length || entry.Length > mostUnpacking * entry.CompressedLength || !_entries.TryAdd(entry.FullName, entry))
            {
                throw new InvalidDataException(
                    $"entry '{OneLine.Start(entry.FullName)}' of the archive is there twice, larger than the file, or unpacks into more than "
                    + $"{mostUnpacking} times its size");
            }
        }
    }

    /// <summary>Names of the entries, folders too, in the order of the archive.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Bytes of an entry, unpacked; null if there is none of that name.</summary>
    public long? LengthOf(string name) => _entries.GetValueOrDefault(name)?.Length;

    /// <summary>An entry's bytes.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mostBytes">The length that makes sense for its kind.</param>
    /// <exception cref="InvalidDataException">There is no such entry, it is longer than allowed, or it is damaged.</exception>
    public byte[] Read(string name, long mostBytes) => Read(name, content => LengthOf(name) <= mostBytes
        ? DataFile.ReadToEnd(content, LengthOf(name)!.Value)
        : throw new InvalidDataException($"it has {LengthOf(name)} bytes, the limit is {mostBytes}"));

    /// <summary>Runs <paramref name="read"/> on an entry; failures name it.</summary>
    /// <exception cref="InvalidDataException">There is no such entry, or it is damaged.</exception>
    public T Read<T>(string name, Func<Stream, T> read)
    {
        var entry = _entries.GetValueOrDefault(name) ?? throw new InvalidDataException($"the archive has no entry '{OneLine.Start(name)}'");
        try
        {
            using var content = entry.Open();
            return read(content);
        }
        catch (EndOfStreamException error)
        {
            throw new InvalidDataException($"entry '{OneLine.Start(name)}' of the archive: it ends too early", error);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"entry '{OneLine.Start(name)}' of the archive: {error.Message}", error);
        }
    }

    public void Dispose() => _archive.Dispose();
}
