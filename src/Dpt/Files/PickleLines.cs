using System.Globalization;
using System.Numerics;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>Values as protocol 0 writes them, which Python 2 did unless it was told otherwise: in letters, to the end of a line.</summary>
internal static class PickleLines
{
    private const int LongestNumber = 400;

    /// <summary>An integer, with or without the L that Python 2 put behind it; 00 and 01 are truths.</summary>
    public static object Integer(string line)
    {
        if (line is "00" or "01")
        {
            return line is "01";
        }

        var digits = line.EndsWith('L') ? line[..^1] : line;
        return digits.Length <= LongestNumber && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? PickleBytes.Smallest(number)
            : throw Odd("an integer", line);
    }

    /// <summary>A float.</summary>
    public static double Float(string line) => double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw Odd("a float", line);

    /// <summary>The place of something remembered.</summary>
    public static long Index(string line) => long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        ? index
        : throw Odd("a place", line);

    /// <summary>Bytes between quotes, as a text of as many characters.</summary>
    public static string Quoted(string line)
    {
        if (line.Length < 2 || line[0] is not ('\'' or '"') || line[^1] != line[0])
        {
            throw Odd("a text", line);
        }

        var text = new StringBuilder(line.Length);
        for (var rest = line.AsSpan(1, line.Length - 2); rest.Length > 0;)
        {
            var (character, length) = rest switch
            {
                ['\\', 'x', _, _, ..] when byte.TryParse(rest[2..4], NumberStyles.AllowHexSpecifier, null, out var code) => ((char)code, 4),
                ['\\', 'n', ..] => ('\n', 2),
                ['\\', 'r', ..] => ('\r', 2),
                ['\\', 't', ..] => ('\t', 2),
                ['\\', '\\' or '\'' or '"', ..] => (rest[1], 2),
                ['\\', ..] => throw Odd("a text", line),
                _ => (rest[0], 1),
            };
            text.Append(character);
            rest = rest[length..];
        }

        return text.ToString();
    }

    /// <summary>A text whose characters beyond Latin 1 are escaped, as backslashes and line breaks are.</summary>
    public static string Unicode(string line)
    {
        var text = new StringBuilder(line.Length);
        for (var rest = line.AsSpan(); rest.Length > 0;)
        {
            var (character, length) = rest switch
            {
                ['\\', 'u', _, _, _, _, ..] when ushort.TryParse(rest[2..6], NumberStyles.AllowHexSpecifier, null, out var code) => ((char)code, 6),
                ['\\', ..] => throw Odd("a text", line),
                _ => (rest[0], 1),
            };
            text.Append(character);
            rest = rest[length..];
        }

        return text.ToString();
    }

    private static InvalidDataException Odd(string what, string line) => new($"'{OneLine.Start(line)}' where {what} is asked for");
}
