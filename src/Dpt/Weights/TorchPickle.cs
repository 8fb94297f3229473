using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// A pickle that Python has written without PyTorch's help, as EDM's <c>network-snapshot-*.pkl</c>: the bytes of each storage are a text of the
/// pickle, and are themselves a file of the legacy layout, with nothing but that storage.
/// </summary>
internal sealed class TorchPickle : TorchArchive
{
    private readonly Dictionary<byte[], TorchStorage> _storages = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<TorchStorage, byte[]> _contents = [];

    public TorchPickle(Stream stream) => Value = PickleReader.Read(
        stream, new PickleGlobals([.. TorchGlobals.Allowed, new PickleGlobal("torch.storage._load_from_bytes", Storage)]));

    public override object? Value { get; }

    public override byte[] Read(TorchStorage storage) => _contents[storage];

    /// <summary>
    /// Bytes that the pickle asks for again are not read again. Keys inside are addresses of memory and may come twice, so storages are
    /// numbered. Those bytes hold no others: <see cref="TorchGlobals"/> does not know of them.
    /// </summary>
    private TorchStorage Storage(object?[] arguments)
    {
        if (arguments is not [byte[] bytes])
        {
            throw PickleGlobals.Odd("a storage");
        }

        if (!_storages.TryGetValue(bytes, out var storage))
        {
            using var inside = new TorchLegacy(new MemoryStream(bytes));
            var only = inside.Value as TorchStorage ?? throw PickleGlobals.Odd("a storage");
            storage = only with { Key = _contents.Count.ToString(CultureInfo.InvariantCulture) };
            _storages[bytes] = storage;
            _contents[storage] = inside.Read(only);
        }

        return storage;
    }
}
