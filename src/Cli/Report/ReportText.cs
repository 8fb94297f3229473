using System.Globalization;

namespace DPT.Engine.Cli;

/// <summary>Numbers as reports write them, the same in every country.</summary>
internal static class ReportText
{
    /// <summary>A share in percent: <c>93.1 %</c>; a dash where nothing is known.</summary>
    public static string Percent(double? share) =>
        share is { } known && !double.IsNaN(known) ? known.ToString("0.0 %", CultureInfo.InvariantCulture) : "–";

    /// <summary>An accuracy: near the top, where a tenth is much, <c>99.85 %</c>.</summary>
    public static string Accuracy(double share) => share is > 0.99 and < 1 ? share.ToString("0.00 %", CultureInfo.InvariantCulture) : Percent(share);

    /// <summary>A difference of shares in points: <c>+5.4</c>; with the digits that a small one needs, <c>-0.15</c>.</summary>
    /// <param name="difference">The difference.</param>
    /// <param name="beside">The difference beside which it stands, and has as many digits as.</param>
    public static string Points(double difference, double? beside = null) => (100 * difference).ToString(
        Math.Abs(beside ?? difference) < 0.01 ? "+0.00;-0.00;0.00" : "+0.0;-0.0;0.0", CultureInfo.InvariantCulture);

    /// <summary>A count: <c>12,000</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of three digits or so.</summary>
    public static string Number(double number) => number.ToString(Math.Abs(number) >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture);
}
