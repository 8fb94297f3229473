namespace DPT.Engine.Dpt;

/// <summary>
/// The names that pickles of PyTorch files may use, and the storages that lie outside of them: tensors, parameters, storages, ordered
/// dictionaries, modules and the scalars of NumPy.
/// </summary>
internal sealed class TorchGlobals() : PickleGlobals(Allowed)
{
    /// <summary>Of what a few bytes of a pickle can ask for again and again, there must not be much.</summary>
    private const int Short = 64;

    private const string OrderedName = "collections.OrderedDict";

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

    /// <summary>The names.</summary>
    public static IReadOnlyList<PickleGlobal> Allowed { get; } =
    [
        new(OrderedName, Ordered),
        new("torch._utils._rebuild_tensor_v2", Tensor),
        new("torch._utils._rebuild_parameter", Parameter),
        .. TorchModule.Globals,
        .. NumpyGlobals.Scalars,
        .. _storageTypes.Keys.Select(name => new PickleGlobal(name, _ => throw Odd(name))),
    ];

    private readonly Dictionary<string, TorchStorage> _storages = [];

    /// <summary>The storages that the pickle has named, by their key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    /// <summary>
    /// A storage by what PyTorch puts in its place: ('storage', type, key, device, number of elements) and, in the legacy layout, which
    /// part of another storage it is.
    /// </summary>
    public override object Load(object?[] id)
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

    /// <summary>Without arguments its items follow; Python 2 gives a list of pairs, each a list too.</summary>
    private static object? Ordered(object?[] arguments)
    {
        List<object?> pairs = arguments switch { [] => [], [List<object?> list] => list, _ => throw Odd(OrderedName) };
        var dictionary = new PickleDictionary();
        dictionary.EnsureCapacity(pairs.Count);
        foreach (var pair in pairs)
        {
            var (key, value) = pair switch
            {
                List<object?> and [var first, var second] => (first, second),
                object?[] and [var first, var second] => (first, second),
                _ => throw Odd(OrderedName),
            };
            dictionary.Put(key, value);
        }

        return dictionary;
    }

    private static object? Tensor(object?[] arguments) =>
        arguments is [TorchStorage storage, long offset, object?[] sizes, object?[] strides, bool, PickleDictionary, ..]
            ? new TorchTensor(storage, offset, Integers(sizes), Integers(strides))
            : throw Odd("a tensor");

    private static object? Parameter(object?[] arguments) =>
        arguments is [TorchTensor tensor, bool, PickleDictionary] ? tensor : throw Odd("a parameter");

    private static long[] Integers(object?[] values) => values.Length <= Short
        ? Array.ConvertAll(values, value => value is long number ? number : throw Odd("a size"))
        : throw Odd("a tensor");
}
