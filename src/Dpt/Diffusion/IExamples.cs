namespace DPT.Engine.Dpt;

/// <summary>Images that a generator learns from, as its network sees them.</summary>
internal interface IExamples
{
    /// <summary>How many images.</summary>
    int Count { get; }

    /// <summary>The images at <paramref name="indices"/>, in that order.</summary>
    IExamples Select(ReadOnlySpan<int> indices);

    /// <summary>Their batches for a generator.</summary>
    /// <param name="generator">Whose device and process.</param>
    /// <param name="flip">Mirror half of the images.</param>
    /// <param name="seed">Seed of what is drawn of them.</param>
    IExampleBatches Batches(ImageGenerator generator, bool flip, ulong seed);
}
