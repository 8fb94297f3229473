using System.Globalization;

namespace DPT.Engine.Cli;

/// <summary>A named number or text of a result, in the order of printing.</summary>
internal readonly record struct NamedValue(string Name, object Value)
{
    /// <summary>The value for people, the same in every country.</summary>
    public string Text => Value is double number
        ? number.ToString("0.####", CultureInfo.InvariantCulture)
        : Convert.ToString(Value, CultureInfo.InvariantCulture) ?? "";
}
