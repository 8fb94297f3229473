namespace DPT.Engine.Dpt;

/// <summary>A file of <c>torch.save</c>, or of <c>pickle.dump</c>: an object, and the storages that its tensors look at.</summary>
internal abstract class TorchArchive : IDisposable
{
    /// <summary>Longer than the pickle of any state dictionary.</summary>
    protected const long LargestPickle = 1 << 28;

    /// <summary>The object: dictionaries, lists, tuples, tensors, texts and numbers.</summary>
    public abstract object? Value { get; }

    /// <summary>Opens a file of any layout.</summary>
    /// <param name="stream">The file; it can seek.</param>
    /// <exception cref="InvalidDataException">It is damaged, or no such file; the message says where.</exception>
    public static TorchArchive Open(Stream stream)
    {
        Span<byte> start = stackalloc byte[3];
        stream.ReadExactly(start);
        stream.Position = 0;
        return start switch
        {
            [(byte)'P', (byte)'K', _] => new TorchZip(stream),

            // A long number: the magic one.
            [0x80, 0x02, 0x8a] => new TorchLegacy(stream),
            [0x80, ..] => new TorchPickle(stream),
            _ => throw new InvalidDataException("it is no file of torch.save: neither a zip archive nor a pickle of protocol 2 or later"),
        };
    }

    /// <summary>The bytes of a storage, at least as many as it needs.</summary>
    /// <exception cref="InvalidDataException">The file has not as many.</exception>
    public abstract byte[] Read(TorchStorage storage);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Throws unless numbers are stored with the low byte first.</summary>
    protected static void RequireLittleEndian(bool isLittle)
    {
        if (!isLittle)
        {
            throw new InvalidDataException("its numbers have the high byte first; save it again on a machine with the low byte first");
        }
    }

    protected static InvalidDataException Lacks(TorchStorage storage, long bytes) =>
        new($"storage '{OneLine.Start(storage.Key)}' of {storage.Count} {storage.Type} has {bytes} bytes in the file");
}
