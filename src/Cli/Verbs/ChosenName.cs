using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>A name out of few.</summary>
internal static class ChosenName
{
    /// <summary>Throws unless it is one of them.</summary>
    /// <param name="option">What it was given to.</param>
    /// <param name="value">The name.</param>
    /// <param name="choices">Those that there are.</param>
    public static string Require(string option, string value, IReadOnlyList<string> choices) => choices.Contains(value)
        ? value
        : throw new DptException(
            FailureKind.Usage, $"{option} is '{value}', it must be {string.Join(" or ", choices)}{NearestName.Hint(value, choices)}");
}
