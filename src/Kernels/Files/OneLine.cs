using System.Globalization;

namespace DPT.Engine.Kernels;

/// <summary>Text from files and file names, fit for a message: nothing in it can break a line or drive a terminal.</summary>
public static class OneLine
{
    private const int Short = 60;

    /// <summary>The text with a question mark for every control character and line separator.</summary>
    /// <param name="text">Text of any length.</param>
    public static string Of(string text) => text.Any(IsUnfit) ? new string([.. text.Select(c => IsUnfit(c) ? '?' : c)]) : text;

    /// <summary>The same; of a text of more than 60 characters, its beginning.</summary>
    /// <param name="text">Text of any length.</param>
    public static string Start(string text) => Beginning(text, Short);

    /// <summary>The same; of a longer text, its beginning.</summary>
    /// <param name="text">Text of any length.</param>
    /// <param name="most">Characters that it may have, without the three dots that say that there were more.</param>
    public static string Beginning(string text, int most) => text.Length > most ? Of(text[..most]) + "..." : Of(text);

    private static bool IsUnfit(char c) =>
        char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
