namespace DPT.Engine.Kernels;

/// <summary>Attention in double precision: the definition, one query row at a time; heads, which share nothing, side by side.</summary>
internal sealed class AttentionReference(AttentionShape dims)
{
    private readonly double _scale = 1 / Math.Sqrt(dims.HeadSize);

    /// <summary>Output and log-sum-exp (may be empty) from packed qkv.</summary>
    public void Forward(double[] qkv, double[] output, double[] logSumExp)
    {
        Array.Clear(output);
        ForEachRow((b, h, i) =>
        {
            var p = Probabilities(qkv, b, h, i, out var log);
            for (var j = 0; j < dims.Tokens; j++)
            {
                for (var c = 0; c < dims.HeadSize; c++)
                {
                    output[Head(b, h, i) + c] += p[j] * qkv[Packed(b, h, j, 2) + c];
                }
            }

            if (logSumExp.Length > 0)
            {
                logSumExp[Row(b, h, i)] = log;
            }
        });
    }

    /// <summary>Gradient of qkv: P = softmax(S), dP = dO V^T, dS = P (dP - sum(dO O)).</summary>
    public void Backward(double[] qkv, double[] output, double[] dOutput, double[] dQkv)
    {
        Array.Clear(dQkv);
        ForEachRow((b, h, i) =>
        {
            var probabilities = Probabilities(qkv, b, h, i, out _);
            var row = Head(b, h, i);
            var mean = Dot(dOutput, row, output, row);
            for (var j = 0; j < dims.Tokens; j++)
            {
                var p = probabilities[j];
                var ds = p * (Dot(dOutput, row, qkv, Packed(b, h, j, 2)) - mean) * _scale;
                for (var c = 0; c < dims.HeadSize; c++)
                {
                    dQkv[Packed(b, h, i, 0) + c] += ds * qkv[Packed(b, h, j, 1) + c];
                    dQkv[Packed(b, h, j, 1) + c] += ds * qkv[Packed(b, h, i, 0) + c];
                    dQkv[Packed(b, h, j, 2) + c] += p * dOutput[row + c];
                }
            }
        });
    }

    /// <summary>Scales every query so that the largest logit of its row has that absolute value.</summary>
    public void StretchLogits(double[] qkv, double max) => ForEachRow((b, h, i) =>
    {
        var factor = max / Logits(qkv, b, h, i).Max(Math.Abs);
        for (var c = 0; c < dims.HeadSize; c++)
        {
            qkv[Packed(b, h, i, 0) + c] *= factor;
        }
    });

    /// <summary>Rows of a head in order: their shares of gradients add up alike at any number of threads.</summary>
    private void ForEachRow(Action<int, int, int> visit) => Parallel.For(0, dims.Batch * dims.Heads, head =>
    {
        for (var i = 0; i < dims.Tokens; i++)
        {
            visit(head / dims.Heads, head % dims.Heads, i);
        }
    });

    /// <summary>The softmax of a row's logits, and the log of the sum of their exponentials.</summary>
    private double[] Probabilities(double[] qkv, int b, int h, int i, out double log)
    {
        var logits = Logits(qkv, b, h, i);
        var max = logits.Max();
        var sum = logits.Sum(s => Math.Exp(s - max));
        log = max + Math.Log(sum);
        return [.. logits.Select(s => Math.Exp(s - max) / sum)];
    }

    private double[] Logits(double[] qkv, int b, int h, int i) =>
        [.. Enumerable.Range(0, dims.Tokens).Select(j => _scale * Dot(qkv, Packed(b, h, i, 0), qkv, Packed(b, h, j, 1)))];

    private double Dot(double[] x, int atX, double[] y, int atY)
    {
        var sum = 0.0;
        for (var c = 0; c < dims.HeadSize; c++)
        {
            sum += x[atX + c] * y[atY + c];
        }

        return sum;
    }

    /// <summary>Start of a head's row in [B,L,H,d].</summary>
    private int Head(int b, int h, int i) => ((((b * dims.Tokens) + i) * dims.Heads) + h) * dims.HeadSize;

    /// <summary>Start of a head's row in [B,L,3,H,d]; part 0 is q, 1 is k, 2 is v.</summary>
    private int Packed(int b, int h, int i, int part) => ((((((b * dims.Tokens) + i) * 3) + part) * dims.Heads) + h) * dims.HeadSize;

    /// <summary>Index in [B,H,L].</summary>
    private int Row(int b, int h, int i) => (((b * dims.Heads) + h) * dims.Tokens) + i;
}
