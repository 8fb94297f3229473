namespace DPT.Engine.Dpt;

/// <summary>Something that a pickle names.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Call">What a call of it makes: data.</param>
internal sealed record PickleGlobal(string Name, Func<object?[], object?> Call) : IPickled
{
    /// <inheritdoc/>
    public string Kind => Name;
}

/// <summary>What a pickle makes beside texts, numbers and containers.</summary>
internal interface IPickled
{
    /// <summary>What it is, for people.</summary>
    string Kind { get; }

    /// <summary>Takes the attributes that a pickle gives it.</summary>
    /// <exception cref="InvalidDataException">They are not as they are written.</exception>
    void Build(object? state) => throw PickleGlobals.Odd(Kind);
}

/// <summary>
/// The names that pickles of one kind of file may use, all others are refused. None of them runs anything of the file's, nor of Python's.
/// </summary>
/// <param name="allowed">The list.</param>
internal class PickleGlobals(IEnumerable<PickleGlobal> allowed)
{
    private readonly Dictionary<string, PickleGlobal> _allowed = allowed.ToDictionary(global => global.Name);

    /// <summary>What a name means.</summary>
    /// <exception cref="InvalidDataException">It is not on the list.</exception>
    public PickleGlobal Find(string module, string name) => _allowed.TryGetValue($"{module}.{name}", out var global)
        ? global
        : throw new InvalidDataException($"it asks for {OneLine.Start(module)}.{OneLine.Start(name)}, which is not data and is not loaded");

    /// <summary>What lies outside of the pickle, by what stands in its place.</summary>
    /// <exception cref="InvalidDataException">There is nothing outside, or nothing of that kind.</exception>
    public virtual object Load(object?[] id) => throw Odd("something outside of the pickle");

    /// <summary>The failure that something is not as it is written.</summary>
    public static InvalidDataException Odd(string what) => new($"{what} of unknown form");
}
