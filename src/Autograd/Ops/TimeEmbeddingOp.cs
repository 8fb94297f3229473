using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Sinusoidal embeddings of times; a time has no gradient.</summary>
public static class TimeEmbeddingOp
{
    /// <summary>Embeds times.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="times">[B].</param>
    /// <param name="width">Numbers of each, W; even, at least 4.</param>
    /// <param name="order">Their order and frequencies.</param>
    /// <param name="factor">What a time is multiplied by first, finite.</param>
    /// <returns>[B, W].</returns>
    /// <exception cref="KernelException">The width is out of its range, or the factor is not finite.</exception>
    public static Tensor TimeEmbedding(this Tape tape, Slice<float> times, int width, Sinusoids order, float factor = 1)
    {
        var y = tape.New(new TensorShape(checked((int)times.Length), width));
        tape.Device.Run(TimeEmbeddingOperators.Forward, new TimeEmbeddingCall
        {
            Batch = y.Shape[0],
            Width = width,
            Order = order,
            Factor = factor,
            Times = times,
            Y = y.Data,
        });
        tape.Observer?.Ran(new TracedTimeEmbedding(y, order, factor));
        return y;
    }
}
