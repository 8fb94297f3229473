using System.Globalization;
using System.Numerics;

namespace DPT.Engine.Dpt;

/// <summary>
/// The layout before PyTorch 1.6: one pickle after another (a magic number, the protocol, what system it was, the object, the keys of the
/// storages), then each storage: its number of elements and they.
/// </summary>
internal sealed class TorchLegacy : TorchArchive
{
    private const long Protocol = 1001;

    private static readonly BigInteger _magic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly Stream _stream;
    private readonly TorchGlobals _globals = new();
    private readonly Dictionary<string, long> _positions = new(StringComparer.Ordinal);

    public TorchLegacy(Stream stream)
    {
        _stream = stream;
        if (Next() is not BigInteger magic || magic != _magic || Next() is not Protocol)
        {
            throw new InvalidDataException($"it does not begin as files of torch.save do, with a magic number and protocol {Protocol}");
        }

        RequireLittleEndian(Next() is PickleDictionary system && system.TryGetValue("little_endian", out var little) && little is true);
        Value = Next();
        FindStorages(Next());
    }

    public override object? Value { get; }

    public override byte[] Read(TorchStorage storage)
    {
        _stream.Position = _positions[storage.Key];
        var bytes = new byte[storage.Bytes];
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private object? Next() => PickleReader.Read(_stream, _globals);

    private void FindStorages(object? keys)
    {
        foreach (var item in keys as List<object?> ?? throw new InvalidDataException("it has no list of storages"))
        {
            if (item is not string key || !_globals.Storages.TryGetValue(key, out var storage) || _positions.ContainsKey(key))
            {
                throw new InvalidDataException("its list of storages names one twice, or one that no tensor has");
            }

            _positions[key] = Skip(storage);
        }

        if (_globals.Storages.Values.FirstOrDefault(storage => !_positions.ContainsKey(storage.Key)) is { } missing)
        {
            throw Lacks(missing, 0);
        }
    }

    /// <summary>Passes a storage by; it must be there as a whole.</summary>
    private long Skip(TorchStorage storage)
    {
        var count = new PickleBytes(_stream).UInt64();
        var rest = _stream.Length - _stream.Position;
        if (count != (ulong)storage.Count || storage.Bytes > (ulong)Math.Min(rest, Array.MaxLength))
        {
            throw Lacks(storage, rest);
        }

        var position = _stream.Position;
        _stream.Position += (long)storage.Bytes;
        return position;
    }
}
