namespace DPT.Engine.Dpt;

/// <summary>
/// A module of PyTorch that was pickled as an object, as EDM and StyleGAN do: its parameters, its buffers and the modules in it, by name.
/// Its class is not looked for, and the source code that <c>torch_utils.persistence</c> puts beside it stays a text.
/// </summary>
internal sealed class TorchModule : PickleDictionary
{
    private const string State = "state";

    private static readonly string[] _parts = ["_parameters", "_buffers", "_modules"];

    /// <summary>The names that such pickles use.</summary>
    public static IReadOnlyList<PickleGlobal> Globals { get; } =
    [
        new("torch_utils.persistence._reconstruct_persistent_obj", Reconstruct),
        Empty<TorchModule>("torch.nn.modules.container.ModuleDict"),
        Empty<TorchModule>("torch.nn.modules.container.ModuleList"),
        Empty<TorchModule>("torch.nn.modules.container.Sequential"),
        Empty<PickleDictionary>("dnnlib.util.EasyDict"),
        new("builtins.set", Set),
        new("__builtin__.set", Set),
    ];

    /// <inheritdoc/>
    public override string Kind => "a module";

    /// <summary>Of its attributes only these count; what has none of them is an object without tensors.</summary>
    public override void Build(object? state)
    {
        var attributes = state as PickleDictionary ?? throw PickleGlobals.Odd(Kind);
        foreach (var part in _parts.Where(attributes.ContainsKey))
        {
            this[part] = attributes[part] as PickleDictionary ?? throw PickleGlobals.Odd(Kind);
        }
    }

    private static object? Reconstruct(object?[] arguments)
    {
        var module = new TorchModule();
        module.Build(arguments is [PickleDictionary description] ? description.GetValueOrDefault(State) : null);
        return module;
    }

    private static PickleGlobal Empty<T>(string name) where T : PickleDictionary, new() =>
        new(name, arguments => arguments is [] ? new T() : throw PickleGlobals.Odd(name));

    private static object? Set(object?[] arguments) => arguments is [List<object?> items] ? items : throw PickleGlobals.Odd("a set");
}
