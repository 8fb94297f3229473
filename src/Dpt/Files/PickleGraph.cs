namespace DPT.Engine.Dpt;

/// <summary>
/// What a pickle has made may refer to one object from several places, and so to itself, or unfold from a few bytes into more objects
/// than any memory holds. What is read here unfolds into a tree that can be walked.
/// </summary>
/// <param name="mostUnfolded">How many objects it may unfold into.</param>
internal sealed class PickleGraph(long mostUnfolded)
{
    private const int Deepest = 64;
    private const long FewUnfolded = 1 << 24;

    /// <summary>How deep and how large each container is; of one that is being walked, nothing yet.</summary>
    private readonly Dictionary<object, (int Depth, long Size)?> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>Throws unless an object is a tree of reasonable depth and size.</summary>
    /// <param name="value">The object.</param>
    /// <param name="mostMade">How many objects the pickle may have made; where they are many, as many may be in the tree.</param>
    /// <exception cref="InvalidDataException">It contains itself, or is too deep or too large.</exception>
    public static void RequireTree(object? value, long mostMade) =>
        new PickleGraph(Math.Max(FewUnfolded, mostMade)).Measure(value, depth: 0);

    /// <summary>The parts of a container; none of any other value.</summary>
    public static IEnumerable<object?> Parts(object? value) => value switch
    {
        object?[] tuple => tuple,
        List<object?> list => list,
        PickleDictionary dictionary => dictionary.Values,
        _ => [],
    };

    /// <summary>Whether a value has parts, or may have.</summary>
    public static bool IsContainer(object? value) => value is object?[] or List<object?> or PickleDictionary;

    /// <summary>What a value is, for people.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "None",
        string => "a text",
        bool or long or double or System.Numerics.BigInteger => "a number",
        byte[] => "bytes",
        object?[] => "a tuple",
        List<object?> => "a list",
        _ => ((IPickled)value).Kind,
    };

    private (int Depth, long Size) Measure(object? value, int depth)
    {
        if (value is null || !IsContainer(value))
        {
            return (0, 1);
        }

        if (_known.TryGetValue(value, out var known))
        {
            return known ?? throw new InvalidDataException($"{Kind(value)} contains itself");
        }

        _known[value] = null;
        var (deepest, size) = (0, 1L);
        foreach (var part in Parts(value))
        {
            RequireDepth(depth + 1);
            var (partDepth, partSize) = Measure(part, depth + 1);
            (deepest, size) = (Math.Max(deepest, partDepth + 1), size + partSize);
            RequireDepth(deepest);
            if (size > mostUnfolded)
            {
                throw new InvalidDataException($"it unfolds into more than {mostUnfolded} objects");
            }
        }

        _known[value] = (deepest, size);
        return (deepest, size);
    }

    private static void RequireDepth(int depth)
    {
        if (depth > Deepest)
        {
            throw new InvalidDataException($"it is nested more than {Deepest} deep");
        }
    }
}
