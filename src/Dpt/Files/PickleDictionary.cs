using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>A dictionary of a pickle, in its order. Keys are texts, integers, floats or booleans.</summary>
internal class PickleDictionary : OrderedDictionary<object, object?>, IPickled
{
    /// <summary>One text may be the key of every entry, and is hashed for each.</summary>
    private const int LongestKey = 1000;

    /// <inheritdoc/>
    public virtual string Kind => "a dictionary";

    /// <summary>Puts a value under a key, in place of the one that may be there.</summary>
    /// <exception cref="InvalidDataException">The key is of another kind, or too long.</exception>
    public void Put(object? key, object? value) => this[Key(key)] = value;

    /// <summary>Attributes of a dictionary, as PyTorch's <c>_metadata</c>, say nothing.</summary>
    public virtual void Build(object? state) => _ = state as PickleDictionary ?? throw PickleGlobals.Odd(Kind);

    /// <summary>What Python 2 wrote as a text is bytes to those who take care of the difference, and the same key.</summary>
    private static object Key(object? key) => key switch
    {
        string { Length: <= LongestKey } or long or double or bool => key,
        byte[] { Length: <= LongestKey } bytes => Encoding.Latin1.GetString(bytes),
        _ => throw new InvalidDataException($"{PickleGraph.Kind(key)} as a key: numbers are keys, and texts of at most {LongestKey} characters"),
    };
}
