using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>Text from files and file names, fit for a message: nothing in it can break a line or drive a terminal.</summary>
public static class OneLine
{
    private const int Short = 60;

    /// <summary>The text with a question mark for every control character and line separator.</summary>
    /// <param name="text">Text of any length.</param>
    public static string Of(string text) => text.Any(IsUnfit) ? new string([.. text.Select(c => IsUnfit(c) ? '?' : c)]) : text;

    /// <summary>The same; of a text of more than 60 characters, its beginning.</summary>
    /// <param name="text">Text of any length.</param>
    public static string Start(string text) => text.Length > Short ? Of(text[..Short]) + "..." : Of(text);

    private static bool IsUnfit(char c) =>
        char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
