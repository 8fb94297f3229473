using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>How results tell a share that may not have been measured.</summary>
public static class Measured
{
    /// <summary>In percent, e.g. <c>93.1 %</c>, the same in every country; <c>not measured</c> for null.</summary>
    /// <param name="share">0..1, or null.</param>
    public static string Percent(double? share) => share?.ToString("0.0 %", CultureInfo.InvariantCulture) ?? "not measured";
}
