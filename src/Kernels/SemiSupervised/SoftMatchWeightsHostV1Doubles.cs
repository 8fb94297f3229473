namespace DPT.Engine.Kernels;

/// <summary>Row after row: the batch is small, and what is kept for years is summed in doubles.</summary>
internal sealed unsafe class SoftMatchWeightsHostV1Doubles : HostVariant<SoftMatchWeightsCall>
{
    public override string Name => "host-v1-doubles";

    public override string Idea => "row after row, sums in double precision";

    protected override void Run<V>(HostDevice device, in SoftMatchWeightsCall call)
    {
        using var scratch = device.Scratch<double>(call.Classes + (long)call.Rows);
        var classes = call.Classes;
        var averages = (float*)call.Averages.Address;
        var ofClasses = new Span<double>((void*)scratch.Slice.Address, classes);
        var sure = new Span<double>((double*)scratch.Slice.Address + classes, call.Rows);
        var (keep, renew) = ((double)call.Momentum, 1 - (double)call.Momentum);
        var isFinite = Sum(in call, ofClasses);
        if (isFinite)
        {
            var isFirst = !new ReadOnlySpan<float>(averages + 2, classes).ContainsAnyExcept(0f);
            for (var c = 0; c < classes; c++)
            {
                averages[2 + c] = (float)(isFirst ? ofClasses[c] : (keep * averages[2 + c]) + (renew * ofClasses[c]));
            }
        }

        var mean = 0.0;
        for (var row = 0; row < sure.Length; row++)
        {
            sure[row] = Sure((float*)call.Probabilities.Address + ((long)row * classes), averages + 2, classes);
            mean += sure[row] / sure.Length;
        }

        if (isFinite)
        {
            averages[0] = (float)((keep * averages[0]) + (renew * mean));
            averages[1] = (float)((keep * averages[1]) + (renew * Variance(sure, mean)));
        }

        for (var row = 0; row < sure.Length; row++)
        {
            var below = call.Deviations * (sure[row] - averages[0]);
            ((float*)call.Weights.Address)[row] = below >= 0 ? 1 : (float)Math.Exp(-below * below / (2 * averages[1]));
        }
    }

    /// <summary>The batch's mean probability of each class; false if a number is not finite.</summary>
    private static bool Sum(in SoftMatchWeightsCall call, Span<double> ofClasses)
    {
        ofClasses.Clear();
        var areFinite = true;
        for (var row = 0L; row < call.Rows; row++)
        {
            var p = new ReadOnlySpan<float>((float*)call.Probabilities.Address + (row * call.Classes), call.Classes);
            for (var c = 0; c < p.Length; c++)
            {
                areFinite &= float.IsFinite(p[c]);
                ofClasses[c] += (double)p[c] / call.Rows;
            }
        }

        return areFinite;
    }

    /// <summary>The largest aligned probability of a row; NaN if a number of it is not finite.</summary>
    private static double Sure(float* row, float* averages, int classes)
    {
        var (max, sum, uniform) = (double.NegativeInfinity, 0.0, (1.0 / classes) + SoftMatchWeightsOperator.Epsilon);
        for (var c = 0; c < classes; c++)
        {
            var q = row[c] * uniform / (averages[c] + (double)SoftMatchWeightsOperator.Epsilon);
            max = Math.Max(max, q);
            sum += float.IsFinite(row[c]) ? q : double.NaN;
        }

        return max / sum;
    }

    private static double Variance(ReadOnlySpan<double> values, double mean)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (value - mean) * (value - mean);
        }

        return sum / Math.Max(1, values.Length - 1);
    }
}
