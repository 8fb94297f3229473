namespace DPT.Engine.Dpt;

/// <summary>Intervals that hold the truth behind shares of counted images with a confidence of 95 %.</summary>
public static class ShareIntervals
{
    /// <summary>The 97.5 % quantile of the normal distribution.</summary>
    private const double Quantile = 1.959963984540054;

    /// <summary>The score interval of one share (Wilson, JASA 1927): inside 0..1, and of some width even at 0 and 1.</summary>
    /// <param name="share">The share, 0..1.</param>
    /// <param name="count">Images that it is of, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public static (double Low, double High) Wilson(double share, int count)
    {
        RequireShare(share);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var square = Quantile * Quantile / count;
        var middle = (share + (square / 2)) / (1 + square);
        var half = Math.Sqrt((square * share * (1 - share)) + (square * square / 4)) / (1 + square);
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    /// <summary>
    /// The interval of the difference of two shares of the same images, by the images that only one of the two has right: Wald's with one
    /// image added to either (Bonett and Price, JEBS 2012), which Fagerland, Lydersen and Laake (Stat Med 2014) recommend.
    /// </summary>
    /// <param name="onlyFirst">Images that only the first has right.</param>
    /// <param name="onlySecond">Images that only the second has right.</param>
    /// <param name="count">All images, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative, or the parts are more than all.</exception>
    public static (double Low, double High) PairedDifference(int onlyFirst, int onlySecond, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)onlyFirst + onlySecond, count);
        var (first, second, all) = (onlyFirst + 1.0, onlySecond + 1.0, count + 2.0);
        var difference = (first - second) / all;
        var half = Quantile * Math.Sqrt((((first + second) / all) - (difference * difference)) / all);
        return (Math.Max(-1, difference - half), Math.Min(1, difference + half));
    }

    private static void RequireShare(double share)
    {
        if (!(share is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "a share is in 0..1");
        }
    }
}
