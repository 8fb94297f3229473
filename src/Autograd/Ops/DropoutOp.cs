using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Dropout whose mask is drawn by counters: drawn again for the gradient, nothing of it is kept.</summary>
public static class DropoutOp
{
    /// <summary>The most layers that have streams of their own.</summary>
    internal const int MaxLayers = (int)(uint.MaxValue / RandomStreams.Layers);

    /// <summary>y = x / (1 - rate) where an element is kept, 0 elsewhere. What is not trained leaves it out.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, …]: samples along the first axis.</param>
    /// <param name="rate">The share that is dropped, in [0, 1); 0 gives x itself.</param>
    /// <param name="layer">Which dropout of the network it is, from 0: layers drop independently of each other.</param>
    /// <param name="draw">
    /// Seed and number of the first sample (<see cref="DrawAddress"/>), in device memory that is written before the pass and stays as
    /// it is until the backward pass is done. Element i of sample b has the uniform number i of sample first + b in the stream of
    /// <see cref="RandomStreams.Dropout"/> and the layer: cutting a batch changes no draw.
    /// </param>
    /// <returns>Shaped like x.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The layer is negative, or there are too many.</exception>
    /// <exception cref="KernelException">The rate is not in [0, 1), or the address is shorter than it has to be.</exception>
    public static Tensor Dropout(this Tape tape, Tensor x, float rate, int layer, Slice<int> draw)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, MaxLayers);
        return rate == 0 ? x : tape.Record(Drop(x), (x, (g, _) => Drop(g)));

        Tensor Drop(Tensor input)
        {
            var y = tape.New(input.Shape);
            tape.Device.Run(DropoutOperator.Dropout, new DropoutCall
            {
                Samples = input.Shape[0],
                Elements = checked((int)(input.Shape.Count / input.Shape[0])),
                Rate = rate,
                Stream = RandomStreams.Dropout + ((uint)layer * RandomStreams.Layers),
                Draw = draw,
                X = input.Data,
                Y = y.Data,
            });
            return y;
        }
    }
}
