namespace DPT.Engine.Kernels;

/// <summary>The reference's loops, on floats with sums in doubles: a batch is small.</summary>
internal sealed unsafe class FreeMatchFairnessHostV1Doubles : HostVariant<FreeMatchFairnessCall>
{
    public override string Name => "host-v1-doubles";

    public override string Idea => "row after row, sums in double precision";

    protected override void Run<V>(HostDevice device, in FreeMatchFairnessCall call)
    {
        var (rows, classes) = (call.Rows, call.Classes);
        using var scratch = device.Scratch<double>(3L * classes);
        var all = new Span<double>((void*)scratch.Slice.Address, 3 * classes);
        var a = all[..classes];
        var b = all.Slice(classes, classes);
        var counts = all[(2 * classes)..];
        all.Clear();
        ((float*)call.Loss.Address)[0] = Sum(in call, b, counts) ? (float)Slopes(in call, a, b, counts) : 0;
        for (var row = 0L; row < rows; row++)
        {
            var s = new Span<float>((float*)call.LogitsGradient.Address + (row * classes), classes);
            var along = 0.0;
            for (var c = 0; c < classes; c++)
            {
                along += s[c] * a[c];
            }

            for (var c = 0; c < classes; c++)
            {
                s[c] = (float)(call.Scale * s[c] * (a[c] - along));
            }
        }
    }

    /// <summary>Puts the softmax into the memory of the gradient, 0 in rows that do not count; false if none counts.</summary>
    private static bool Sum(in FreeMatchFairnessCall call, Span<double> sums, Span<double> counts)
    {
        var any = false;
        for (var row = 0L; row < call.Rows; row++)
        {
            var s = new Span<float>((float*)call.LogitsGradient.Address + (row * call.Classes), call.Classes);
            s.Clear();
            var weight = ((float*)call.Weights.Address)[row];
            if (weight != 0)
            {
                any = true;
                counts[Softmax((float*)call.Logits.Address + (row * call.Classes), s, nothing: 0 * weight)]++;
                for (var c = 0; c < s.Length; c++)
                {
                    sums[c] += s[c];
                }
            }
        }

        return any;
    }

    private static int Softmax(float* z, Span<float> s, double nothing)
    {
        var max = RowArgMax.Find(z, s.Length);
        var sum = nothing;
        for (var c = 0; c < s.Length; c++)
        {
            s[c] = (float)Math.Exp(z[c] - (double)max.Value);
            sum += s[c];
        }

        for (var c = 0; c < s.Length; c++)
        {
            s[c] = (float)(s[c] / sum);
        }

        return max.At;
    }

    /// <summary>Puts the derivative by the sum of each class into <paramref name="a"/>; gives the loss.</summary>
    private static double Slopes(in FreeMatchFairnessCall call, Span<double> a, Span<double> b, ReadOnlySpan<double> counts)
    {
        var averages = (float*)call.Averages.Address;
        var (sumOfA, sumOfB, mean, loss) = (0.0, 0.0, 0.0, 0.0);
        for (var c = 0; c < a.Length; c++)
        {
            sumOfA += a[c] = FreeMatchFairnessOperator.Quotient(averages[1 + c], averages[1 + a.Length + c]);
            sumOfB += b[c] = FreeMatchFairnessOperator.Quotient(b[c], counts[c]);
        }

        for (var c = 0; c < a.Length; c++)
        {
            var share = sumOfA == 0 ? 0 : a[c] / sumOfA;
            b[c] /= sumOfB;
            a[c] = share / (b[c] + FreeMatchFairnessOperator.Epsilon);
            mean += a[c] * b[c];
            loss += share * Math.Log(b[c] + FreeMatchFairnessOperator.Epsilon);
        }

        for (var c = 0; c < a.Length; c++)
        {
            a[c] = counts[c] == 0 ? 0 : (a[c] - mean) / (sumOfB * counts[c]);
        }

        return loss;
    }
}
