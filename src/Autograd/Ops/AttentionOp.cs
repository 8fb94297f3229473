using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Multi-head self-attention from packed queries, keys and values; the backward pass recomputes.</summary>
public static class AttentionOp
{
    /// <summary>softmax(q k^T / sqrt(d)) v for every head.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="qkv">[B, L, 3D]; the last axis is [q | k | v], each [head][d].</param>
    /// <param name="heads">Number of heads; divides D.</param>
    /// <returns>[B, L, D].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor Attention(this Tape tape, Tensor qkv, int heads)
    {
        Shapes.RequireRank(nameof(Attention), nameof(qkv), qkv, 3);
        var (batch, tokens, packed) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        if (heads < 1 || packed % (3 * heads) != 0)
        {
            throw new ArgumentException($"Attention: rows of {packed} cannot be q, k, v of {heads} heads");
        }

        var y = tape.New(new TensorShape(batch, tokens, packed / 3));
        tape.Device.Run(AttentionOperators.Forward, new AttentionForwardCall
        {
            Dims = new(batch, tokens, heads, packed / 3 / heads),
            Qkv = qkv.Data,
            Output = y.Data,
        });
        if (tape.Records(qkv))
        {
            tape.Record(y, new Node(y, qkv, heads));
        }

        return y;
    }

    private sealed class Node(Tensor y, Tensor qkv, int heads) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            var target = qkv.GradientTarget(tape.Device, out var accumulate);
            if (accumulate)
            {
                throw new InvalidOperationException("Attention: the packed qkv must have no other use");
            }

            tape.Device.Run(AttentionOperators.Backward, new AttentionBackwardCall
            {
                Dims = new(qkv.Shape[0], qkv.Shape[1], heads, Output.Shape[2] / heads),
                Qkv = qkv.Data,
                Output = Output.Data,
                OutputGradient = Output.Gradient,
                QkvGradient = target,
            });
        }
    }
}
