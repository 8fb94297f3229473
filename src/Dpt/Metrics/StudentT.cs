namespace DPT.Engine.Dpt;

/// <summary>Student's t distribution (Student 1908): how far a mean of few values may be from the truth.</summary>
public static class StudentT
{
    /// <summary>The t with P(|T| &lt;= t) = <paramref name="confidence"/>: 2.776 for four degrees of freedom and 0.95.</summary>
    /// <param name="degreesOfFreedom">At least 1. The time taken grows with it: a second for some ten million.</param>
    /// <param name="confidence">A probability, 0 and 1 excluded.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public static double CriticalValue(int degreesOfFreedom, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(degreesOfFreedom, 1);
        if (!(confidence is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "a confidence is between 0 and 1");
        }

        // With t = sqrt(n) tan(angle) the probability grows with the angle, and the angle has an end: halve it down to the last bit.
        var (low, high) = (0.0, Math.PI / 2);
        for (var middle = high / 2; low < middle && middle < high; middle = (low + high) / 2)
        {
            (low, high) = Probability(middle, degreesOfFreedom) < confidence ? (middle, high) : (low, middle);
        }

        return Math.Sqrt(degreesOfFreedom) * Math.Tan(low);
    }

    /// <summary>
    /// P(|T| &lt;= sqrt(n) tan(angle)) in closed form for n whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and
    /// 26.7.4).
    /// </summary>
    private static double Probability(double angle, int n)
    {
        var (sine, cosine) = Math.SinCos(angle);
        var isOdd = int.IsOddInteger(n);
        var (sum, term) = (0.0, isOdd ? cosine : 1);
        for (var k = isOdd ? 3 : 2; k <= n; k += 2)
        {
            sum += term;
            term *= cosine * cosine * (k - 1) / k;
        }

        return isOdd ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum;
    }
}
