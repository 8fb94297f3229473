namespace DPT.Engine.Autograd;

/// <summary>
/// The streams of the counter-based generator, one per purpose, so that no two purposes ever share numbers.
/// </summary>
public static class RandomStreams
{
    /// <summary>Starting values of parameters; sample = index of the parameter.</summary>
    public const uint Initialisation = 1;

    /// <summary>Dropout of layer 0; layer n has the stream n times <see cref="Layers"/> further.</summary>
    public const uint Dropout = 2;

    /// <summary>Distance between the streams of layers, above the streams of all purposes.</summary>
    public const uint Layers = 65536;

    /// <summary>First stream free for callers.</summary>
    public const uint FirstFree = 16;
}
