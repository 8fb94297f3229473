using System.Globalization;
using System.Text.RegularExpressions;

namespace DPT.Engine.Dpt;

/// <summary>The time that a run may take.</summary>
/// <param name="Seconds">Wall time in seconds, above 0; infinite for <c>max</c>.</param>
/// <param name="Text">As it was written: <c>20m</c>.</param>
public sealed partial record Budget(double Seconds, string Text)
{
    private const double Longest = 1000 * 3600.0;

    /// <summary>How a budget is written, for people.</summary>
    public static string Form => "a time with its unit, such as 90s, 20m or 2h (1s to 1000h), or max";

    /// <summary>Reads <c>90s</c>, <c>20m</c>, <c>1.5h</c> or <c>max</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Where it was given, for the message.</param>
    /// <exception cref="DptException">Usage: it is something else.</exception>
    public static Budget Parse(string text, string origin)
    {
        if (text == "max")
        {
            return new Budget(double.PositiveInfinity, text);
        }

        var match = Time().Match(text);
        var seconds = match.Success
            ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * UnitSeconds(text[^1])
            : double.NaN;
        Usage.Require(seconds is >= 1 and <= Longest, $"{origin}: the budget is '{OneLine.Start(text)}', it must be {Form}");
        return new Budget(seconds, text);
    }

    private static double UnitSeconds(char unit) => unit switch { 's' => 1, 'm' => 60, _ => 3600 };

    [GeneratedRegex(@"\A([0-9]{1,9}(?:\.[0-9]{1,9})?)[smh]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}
