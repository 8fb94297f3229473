using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A named number or text of a result, in the order of printing; null if it was not measured.</summary>
internal readonly record struct NamedValue(string Name, object? Value)
{
    /// <summary>The value for people, the same in every country.</summary>
    public string Text => Value switch
    {
        null => Measured.Percent(null),
        double number => number.ToString("0.####", CultureInfo.InvariantCulture),
        _ => Convert.ToString(Value, CultureInfo.InvariantCulture) ?? "",
    };
}
