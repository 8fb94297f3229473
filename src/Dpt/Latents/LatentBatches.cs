using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// One batch of latents at a time. That of the next step is read and drawn by a thread of its own while the device computes: two batches are
/// held, however many images there are.
/// </summary>
/// <param name="device">Where the batches go.</param>
/// <param name="draws">Draws latents; here by one thread at a time.</param>
/// <param name="rows">Where the moments of each image are.</param>
/// <param name="length">Numbers of a latent.</param>
internal sealed class LatentBatches(Device device, LatentDraws draws, int[] rows, int length) : IExampleBatches
{
    private Drawn _batch = new(-1, [], []);
    private Drawn _ahead = new(-1, [], []);
    private Task _reading = Task.CompletedTask;

    public void Choose(BatchSampler order, long step, Span<int> indices)
    {
        _reading.GetAwaiter().GetResult();
        (_batch, _ahead) = (_ahead, _batch);
        if (_batch.Step != step || _batch.Indices.Length != indices.Length)
        {
            _batch = Chosen(_batch, order, step, indices.Length);
            Read(_batch);
        }

        _batch.Indices.CopyTo(indices);
        _ahead = Chosen(_ahead, order, step + 1, indices.Length);
        var next = _ahead;
        _reading = Task.Run(() => Read(next));
    }

    public void Draw(Slice<float> batch, Slice<int> indices) => device.CopyIn<float>(_batch.Latents, batch);

    // What is read ahead may fail when nobody needs it any more.
    public void Dispose() => Task.WaitAny(_reading);

    private Drawn Chosen(Drawn memory, BatchSampler order, long step, int count)
    {
        var chosen = memory.Indices.Length == count ? memory with { Step = step } : new Drawn(step, new int[count], new float[count * length]);
        order.Draw(step, chosen.Indices);
        return chosen;
    }

    private void Read(Drawn batch)
    {
        var (step, indices, latents) = batch;
        for (var i = 0; i < indices.Length; i++)
        {
            draws.Draw(rows[indices[i]], (step * indices.Length) + i, latents.AsSpan(i * length, length));
        }
    }

    /// <summary>A batch in memory.</summary>
    /// <param name="Step">Its step; -1 for none.</param>
    /// <param name="Indices">Its images.</param>
    /// <param name="Latents">Their latents, once they are drawn.</param>
    private sealed record Drawn(long Step, int[] Indices, float[] Latents);
}
