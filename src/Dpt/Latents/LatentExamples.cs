namespace DPT.Engine.Dpt;

/// <summary>Latents of images whose moments are stored.</summary>
internal sealed class LatentExamples : IExamples
{
    private readonly StoredMoments _stored;
    private readonly int[] _rows;

    /// <summary>All of them.</summary>
    public LatentExamples(StoredMoments stored) : this(stored, [.. Enumerable.Range(0, stored.Count)])
    {
    }

    private LatentExamples(StoredMoments stored, int[] rows) => (_stored, _rows) = (stored, rows);

    public int Count => _rows.Length;

    public IExamples Select(ReadOnlySpan<int> indices)
    {
        var rows = new int[indices.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = _rows[indices[i]];
        }

        return new LatentExamples(_stored, rows);
    }

    public IExampleBatches Batches(ImageGenerator generator, bool flip, ulong seed) =>
        new LatentBatches(generator.Store.Device, new LatentDraws(_stored, flip, seed), _rows, _stored.Length);
}
