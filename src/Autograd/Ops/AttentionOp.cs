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

        var dims = new AttentionShape(batch, tokens, heads, packed / 3 / heads);
        var y = tape.NewFactor(new TensorShape(batch, tokens, packed / 3));
        _ = tape.Device.Precision == Precision.Fp32 ? InFp32(tape, y, qkv, dims) : InBf16(tape, y, qkv, dims);
        tape.Observer?.Ran(new TracedAttention(y, qkv, heads));
        return y;
    }

    private static Tensor InFp32(Tape tape, Tensor y, Tensor qkv, AttentionShape dims)
    {
        tape.Device.Run(AttentionOperators.Forward, new AttentionForwardCall { Dims = dims, Qkv = qkv.Data, Output = y.Data });
        if (tape.Records(qkv))
        {
            tape.Record(y, new Fp32Node(y, qkv, dims));
        }

        return y;
    }

    private static Tensor InBf16(Tape tape, Tensor y, Tensor qkv, AttentionShape dims)
    {
        var records = tape.Records(qkv);
        var logSumExp = records ? tape.New(new TensorShape(dims.Batch, dims.Heads, dims.Tokens)) : null;
        tape.Device.Run(AttentionOperators.ForwardBf16, new AttentionForwardBf16Call
        {
            Dims = dims,
            Qkv = tape.FactorOf(qkv).Rounded,
            Output = y.AsResult.Rounded,
            LogSumExp = logSumExp?.Data ?? default,
        });
        if (records)
        {
            tape.Record(y, new Bf16Node(y, qkv, dims, logSumExp!));
        }

        return y;
    }

    private sealed class Fp32Node(Tensor y, Tensor qkv, AttentionShape dims) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            using var dQkv = GradientSink.ForWriting(tape.Device, qkv);
            tape.Device.Run(AttentionOperators.Backward, new AttentionBackwardCall
            {
                Dims = dims,
                Qkv = qkv.Data,
                Output = Output.Data,
                OutputGradient = Output.Gradient,
                QkvGradient = dQkv.Target,
            });
        }
    }

    private sealed class Bf16Node(Tensor y, Tensor qkv, AttentionShape dims, Tensor logSumExp) : TapeNode(y)
    {
        public override void Backward(Tape tape)
        {
            if (qkv.TakesRoundedGradient)
            {
                Run(tape, qkv.NewRoundedGradient(tape.Device));
                return;
            }

            using var apart = tape.Device.Allocate<BFloat16>(qkv.Shape.Count);
            Run(tape, apart.Slice);
            using var widened = tape.Device.Widen(apart.Slice);
            qkv.AddToGradient(widened.Slice, tape.Device);
        }

        public override void Release()
        {
            base.Release();
            logSumExp.Release();
        }

        private void Run(Tape tape, Slice<BFloat16> target)
        {
            using var dy = TemporaryFactor.OfGradient(tape.Device, Output);
            tape.Device.Run(AttentionOperators.BackwardBf16, new AttentionBackwardBf16Call
            {
                Dims = dims,
                Qkv = tape.FactorOf(qkv).Rounded,
                Output = Output.AsResult.Rounded,
                LogSumExp = logSumExp.Data,
                OutputGradient = dy.Factor.Rounded,
                QkvGradient = target,
            });
        }
    }
}
