using System.Globalization;

namespace DPT.Engine.Cli;

/// <summary>How the numbers of an axis are written.</summary>
internal enum AxisUnit
{
    Number,

    /// <summary>Shares of 1, written in percent.</summary>
    Percent,
}

/// <summary>A range with round ticks; a logarithmic one holds positive numbers only.</summary>
internal readonly record struct PlotAxis(double Least, double Most, bool Logarithmic = false, AxisUnit Unit = AxisUnit.Number)
{
    private const double Slack = 1e-9;

    public static PlotAxis Over(IEnumerable<double> values, bool logarithmic = false, AxisUnit unit = AxisUnit.Number)
    {
        var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
        {
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }

        return most > least ? new PlotAxis(least, most, logarithmic, unit)
            : logarithmic ? new PlotAxis(least / 2, least * 2, logarithmic, unit)
            : new PlotAxis(least - Room(unit), least + Room(unit), logarithmic, unit);
    }

    /// <summary>How far along the axis a value lies, 0..1.</summary>
    public double Share(double value) =>
        Logarithmic ? Math.Log(value / Least) / Math.Log(Most / Least) : (value - Least) / (Most - Least);

    /// <summary>Less than a power of ten has too few ticks of its own.</summary>
    public IEnumerable<double> Ticks() => Logarithmic && Most >= 10 * Least ? Decades() : Steps();

    /// <summary>A tick as it is written.</summary>
    public string Text(double value) => Unit == AxisUnit.Percent
        ? value.ToString("0.## %", CultureInfo.InvariantCulture)
        : Math.Abs(value) switch
        {
            >= 1e6 => (value / 1e6).ToString("0.## 'M'", CultureInfo.InvariantCulture),
            >= 1e4 => (value / 1e3).ToString("0.## 'k'", CultureInfo.InvariantCulture),
            >= 1e-3 or 0 => value.ToString("0.####", CultureInfo.InvariantCulture),
            _ => value.ToString("0.##e0", CultureInfo.InvariantCulture),
        };

    /// <summary>Above and below values that are all the same.</summary>
    private static double Room(AxisUnit unit) => unit == AxisUnit.Percent ? 0.05 : 0.5;

    /// <summary>A value as a legend has it: with as many digits as those beside it.</summary>
    public string Precise(double value) => Unit == AxisUnit.Percent ? value.ToString("0.0 %", CultureInfo.InvariantCulture) : Text(value);

    private IEnumerable<double> Steps()
    {
        var raw = (Most - Least) / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * ((raw / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
        for (var k = Math.Ceiling((Least / step) - Slack); k * step <= Most + (step * Slack); k++)
        {
            // Not minus zero.
            yield return (k * step) + 0.0;
        }
    }

    /// <summary>1, 2 and 5 of every power of ten; the powers alone where there are many.</summary>
    private IEnumerable<double> Decades()
    {
        var (least, most) = (Least * (1 - Slack), Most * (1 + Slack));
        double[] factors = Most >= 1e4 * Least ? [1] : [1, 2, 5];
        for (var power = Math.Pow(10, Math.Floor(Math.Log10(Least))); power <= most; power *= 10)
        {
            foreach (var tick in factors.Select(factor => factor * power).Where(t => t >= least && t <= most))
            {
                yield return tick;
            }
        }
    }
}
