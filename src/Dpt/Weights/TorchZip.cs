namespace DPT.Engine.Dpt;

/// <summary>
/// The layout since PyTorch 1.6: an archive with one folder at its top, in it <c>data.pkl</c>, and each storage as <c>data/KEY</c>. PyTorch
/// does not compress, so what unpacks into more than the file has is forged.
/// </summary>
internal sealed class TorchZip : TorchArchive
{
    private const string PickleName = "data.pkl";

    private readonly ZipContent _archive;
    private readonly string _top;

    public TorchZip(Stream stream)
    {
        _archive = new ZipContent(stream, mostUnpacking: 1);
        _top = Top();
        if (_archive.LengthOf(_top + "byteorder") is not null)
        {
            RequireLittleEndian(_archive.Read(_top + "byteorder", mostBytes: 16).AsSpan().SequenceEqual("little"u8));
        }

        using var pickle = new MemoryStream(_archive.Read(_top + PickleName, LargestPickle));
        Value = PickleReader.Read(pickle, new TorchGlobals());
    }

    public override object? Value { get; }

    public override byte[] Read(TorchStorage storage)
    {
        var name = $"{_top}data/{storage.Key}";
        return (ulong?)_archive.LengthOf(name) >= storage.Bytes
            ? _archive.Read(name, Array.MaxLength)
            : throw Lacks(storage, _archive.LengthOf(name) ?? 0);
    }

    public override void Dispose() => _archive.Dispose();

    /// <summary>The folder at the top, with its slash.</summary>
    private string Top()
    {
        var pickles = _archive.Names.Where(name => name.EndsWith("/" + PickleName, StringComparison.Ordinal) && name.Count(c => c == '/') == 1).ToList();
        return pickles is [var only]
            ? only[..^PickleName.Length]
            : throw new InvalidDataException($"an archive of PyTorch has one folder with {PickleName}, this one has {pickles.Count}");
    }
}
