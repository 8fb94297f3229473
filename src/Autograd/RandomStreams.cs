namespace DPT.Engine.Autograd;

/// <summary>
/// The streams of the counter-based generator, one per purpose, so that no two purposes ever share numbers.
/// </summary>
public static class RandomStreams
{
    /// <summary>Starting values of parameters; sample = index of the parameter.</summary>
    public const uint Initialisation = 1;

    /// <summary>First stream free for callers.</summary>
    public const uint FirstFree = 16;
}
