using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>Lines of comma-separated fields as in RFC 4180, without line breaks inside fields.</summary>
internal static class CsvText
{
    private const int LongestLine = 65_536;

    /// <summary>The field, quoted if it must be.</summary>
    public static string Field(string text)
    {
        if (text.AsSpan().IndexOfAny('\r', '\n') >= 0)
        {
            throw new DptException(FailureKind.Check, $"the name '{Shown(text)}' has a line break in it; rename that file");
        }

        return text.AsSpan().IndexOfAny(',', '"') < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>The fields of a line; null if its quotes do not match.</summary>
    public static string[]? Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append(line[i++]);
            }
            else if (line[i] == '"')
            {
                quoted = !quoted;
            }
            else if (line[i] == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(line[i]);
            }
        }

        fields.Add(field.ToString());
        return quoted ? null : [.. fields];
    }

    /// <summary>The lines of a text file with line ends of any kind; blank lines at its end do not count.</summary>
    public static List<string> ReadLines(string path)
    {
        if (!File.Exists(path))
        {
            throw new DptException(FailureKind.Environment, $"the file '{path}' does not exist");
        }

        return DataFile.Read(path, stream =>
        {
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var lines = new List<string>();
            while (reader.ReadLine() is { } line)
            {
                if (line.Length > LongestLine)
                {
                    throw new InvalidDataException($"line {lines.Count + 1} has {line.Length} characters, the limit is {LongestLine}");
                }

                lines.Add(line);
            }

            return lines[..(lines.FindLastIndex(line => line.Length > 0) + 1)];
        });
    }

    /// <summary>Text from a file, fit for a message: short, in one line.</summary>
    public static string Shown(string text)
    {
        var clean = new string([.. text.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);
        return text.Length > 60 ? clean + "..." : clean;
    }
}
