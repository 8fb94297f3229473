using System.Buffers.Binary;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>Something that a pickle names.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Call">What a call of it makes: data.</param>
internal sealed record PickleGlobal(string Name, Func<object?[], object?> Call);

/// <summary>
/// The names that pickles of PyTorch files may use, all others are refused: tensors, parameters, storages, ordered dictionaries and the
/// scalars of NumPy. None of them runs anything of the file's, nor of Python's.
/// </summary>
internal sealed class PickleGlobals
{
    /// <summary>Of what a few bytes of a pickle can ask for again and again, there must not be much.</summary>
    private const int Short = 64;

    private static readonly Dictionary<string, string> _storageTypes = new()
    {
        ["torch.FloatStorage"] = "F32",
        ["torch.DoubleStorage"] = "F64",
        ["torch.HalfStorage"] = "F16",
        ["torch.BFloat16Storage"] = "BF16",
        ["torch.LongStorage"] = "I64",
        ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16",
        ["torch.CharStorage"] = "I8",
        ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL",
    };

    private static readonly Dictionary<string, PickleGlobal> _allowed = new PickleGlobal[]
    {
        new("collections.OrderedDict", arguments => arguments is [] ? new PickleDictionary() : throw Odd("collections.OrderedDict")),
        new("torch._utils._rebuild_tensor_v2", Tensor),
        new("torch._utils._rebuild_parameter", Parameter),
        new("_codecs.encode", Encode),
        new("numpy.dtype", NumpyType),
        new("numpy.core.multiarray.scalar", NumpyScalar),
        new("numpy._core.multiarray.scalar", NumpyScalar),
    }.Concat(_storageTypes.Keys.Select(name => new PickleGlobal(name, _ => throw Odd(name)))).ToDictionary(global => global.Name);

    private readonly Dictionary<string, TorchStorage> _storages = [];

    /// <summary>The storages that the pickle has named, by their key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    /// <summary>What a name means.</summary>
    /// <exception cref="InvalidDataException">It is not on the list.</exception>
    public PickleGlobal Find(string module, string name) => _allowed.TryGetValue($"{module}.{name}", out var global)
        ? global
        : throw new InvalidDataException($"it asks for {OneLine.Start(module)}.{OneLine.Start(name)}, which is not data and is not loaded");

    /// <summary>
    /// A storage by what PyTorch puts in its place: ('storage', type, key, device, number of elements) and, in the legacy layout, which
    /// part of another storage it is.
    /// </summary>
    public TorchStorage Load(object?[] id)
    {
        if (id is not ["storage", PickleGlobal type, string { Length: <= Short } key, string, long count, .. var view]
            || view is not ([] or [null])
            || count < 0
            || !_storageTypes.TryGetValue(type.Name, out var element))
        {
            throw Odd("a storage");
        }

        var storage = new TorchStorage(element, key, count);
        return !_storages.TryAdd(key, storage) && _storages[key] != storage
            ? throw new InvalidDataException($"storage '{OneLine.Start(key)}' is declared twice and differently")
            : storage;
    }

    /// <summary>Attributes of an object: those of an ordered dictionary (<c>_metadata</c>) and of a type of NumPy say nothing.</summary>
    public static void Build(object? state, object? of)
    {
        if ((state, of) is not ((PickleDictionary, PickleDictionary) or (object?[], ScalarType)))
        {
            throw Odd(PickleGraph.Kind(of));
        }
    }

    private static TorchTensor Tensor(object?[] arguments) =>
        arguments is [TorchStorage storage, long offset, object?[] sizes, object?[] strides, bool, PickleDictionary, ..]
            ? new TorchTensor(storage, offset, Integers(sizes), Integers(strides))
            : throw Odd("a tensor");

    private static object? Parameter(object?[] arguments) =>
        arguments is [TorchTensor tensor, bool, PickleDictionary] ? tensor : throw Odd("a parameter");

    private static long[] Integers(object?[] values) => values.Length <= Short
        ? Array.ConvertAll(values, value => value is long number ? number : throw Odd("a size"))
        : throw Odd("a tensor");

    /// <summary>How Python 3 writes bytes where the protocol has none.</summary>
    private static object? Encode(object?[] arguments) =>
        arguments is [string { Length: <= Short } text, "latin1"] && text.All(c => c <= byte.MaxValue) ? Encoding.Latin1.GetBytes(text) : throw Odd("bytes");

    private static object? NumpyType(object?[] arguments) => arguments is [string name, ..]
        ? new ScalarType(name)
        : throw Odd("a type of NumPy");

    private static object? NumpyScalar(object?[] arguments) => arguments is [ScalarType type, byte[] bytes]
        ? type.Read(bytes)
        : throw Odd("a scalar of NumPy");

    private static InvalidDataException Odd(string what) => new($"{what} of unknown form");

    private sealed record ScalarType(string Name)
    {
        public object Read(byte[] bytes) => (Name, bytes.Length) switch
        {
            ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ("i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ("b1", 1) => bytes[0] != 0,
            _ => throw Odd($"NumPy's {OneLine.Start(Name)} of {bytes.Length} bytes"),
        };
    }
}
