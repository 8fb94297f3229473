using System.IO.Compression;

namespace DPT.Engine.Dpt;

/// <summary>
/// The layout since PyTorch 1.6: an archive with one folder at its top, in it <c>data.pkl</c>, and each storage as <c>data/KEY</c>. PyTorch
/// does not compress, so what unpacks into more than the file has is forged.
/// </summary>
internal sealed class TorchZip : TorchArchive
{
    private const string PickleName = "data.pkl";

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);
    private readonly string _top;

    public TorchZip(Stream stream)
    {
        _archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        var total = 0L;
        foreach (var entry in _archive.Entries)
        {
            // Entries may overlap, and so be many times what the file is.
            total += entry.CompressedLength;
            if (entry.CompressedLength != entry.Length || total > stream.Length || !_entries.TryAdd(entry.FullName, entry))
            {
                throw new InvalidDataException($"entry '{OneLine.Start(entry.FullName)}' of the archive is compressed, there twice, or larger than the file");
            }
        }

        _top = Top();
        if (_entries.TryGetValue(_top + "byteorder", out var order))
        {
            RequireLittleEndian(Content(order, mostBytes: 16).AsSpan().SequenceEqual("little"u8));
        }

        using var pickle = new MemoryStream(Content(_entries[_top + PickleName], LargestPickle));
        Value = PickleReader.Read(pickle, new TorchGlobals());
    }

    public override object? Value { get; }

    public override byte[] Read(TorchStorage storage)
    {
        var entry = _entries.GetValueOrDefault($"{_top}data/{storage.Key}");
        return entry is not null && (ulong)entry.Length >= storage.Bytes
            ? Content(entry, Array.MaxLength)
            : throw Lacks(storage, entry?.Length ?? 0);
    }

    public override void Dispose() => _archive.Dispose();

    /// <summary>The folder at the top, with its slash.</summary>
    private string Top()
    {
        var pickles = _entries.Keys.Where(name => name.EndsWith("/" + PickleName, StringComparison.Ordinal) && name.Count(c => c == '/') == 1).ToList();
        return pickles is [var only]
            ? only[..^PickleName.Length]
            : throw new InvalidDataException($"an archive of PyTorch has one folder with {PickleName}, this one has {pickles.Count}");
    }

    private static byte[] Content(ZipArchiveEntry entry, long mostBytes)
    {
        if (entry.Length > mostBytes)
        {
            throw new InvalidDataException($"entry '{OneLine.Start(entry.FullName)}' of the archive has {entry.Length} bytes, the limit is {mostBytes}");
        }

        using var content = entry.Open();
        return DataFile.ReadToEnd(content, entry.Length);
    }
}
