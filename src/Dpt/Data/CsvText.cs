using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>A record of a CSV file.</summary>
/// <param name="Line">Number of the line that it begins on, from 1.</param>
/// <param name="Fields">Its fields, without quotes.</param>
internal readonly record struct CsvRecord(int Line, string[] Fields)
{
    /// <summary>The beginning of the record, for a message.</summary>
    public string Shown => OneLine.Start(string.Join(',', Fields.Select(CsvText.Field)));
}

/// <summary>
/// Comma-separated values by RFC 4180: a field with a comma, a quote or a line break stands in quotes, and a quote inside
/// of it is doubled. The one place that writes and reads them.
/// </summary>
internal static class CsvText
{
    /// <summary>The field, quoted if it must be.</summary>
    public static string Field(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The records of a text with line ends of any kind; blank lines at its end do not count.</summary>
    /// <exception cref="InvalidDataException">A quote stands where none may; the message has the line.</exception>
    public static List<CsvRecord> Records(string text)
    {
        var records = new List<CsvRecord>();
        var reader = new Reader(text.AsSpan().TrimEnd("\r\n"));
        while (!reader.IsAtEnd)
        {
            records.Add(reader.Next());
        }

        return records;
    }

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private readonly StringBuilder _field = new();
        private int _at;
        private int _line = 1;

        public readonly bool IsAtEnd => _at >= _text.Length;

        public CsvRecord Next()
        {
            var line = _line;
            var fields = new List<string>();
            while (true)
            {
                fields.Add(Peek == '"' ? Quoted() : Plain());
                if (Peek != ',')
                {
                    break;
                }

                _at++;
            }

            SkipLineEnd();
            return new CsvRecord(line, [.. fields]);
        }

        /// <summary>The next character; a line feed where there is none.</summary>
        private readonly char Peek => IsAtEnd ? '\n' : _text[_at];

        private string Plain()
        {
            var length = _text[_at..].IndexOfAny(",\"\r\n");
            var field = length < 0 ? _text[_at..] : _text.Slice(_at, length);
            _at += field.Length;
            return Peek == '"' ? throw Wrong("a quote inside of a field that does not begin with one") : field.ToString();
        }

        private string Quoted()
        {
            var begin = _line;
            _field.Clear();
            for (_at++; ; _at++)
            {
                if (IsAtEnd)
                {
                    _line = begin;
                    throw Wrong("a quote that is never closed");
                }

                if (_text[_at] == '"' && (++_at >= _text.Length || _text[_at] != '"'))
                {
                    return Peek is ',' or '\r' or '\n' ? _field.ToString() : throw Wrong("text behind a closing quote");
                }

                _field.Append(_text[_at]);
                _line += EndsLine(_at) ? 1 : 0;
            }
        }

        private void SkipLineEnd()
        {
            if (Peek == '\r' && _at + 1 < _text.Length && _text[_at + 1] == '\n')
            {
                _at++;
            }

            _at++;
            _line++;
        }

        /// <summary>Whether a line ends with this character; of CR LF, the second one ends it.</summary>
        private readonly bool EndsLine(int at) =>
            _text[at] == '\n' || (_text[at] == '\r' && (at + 1 >= _text.Length || _text[at + 1] != '\n'));

        private readonly InvalidDataException Wrong(string what) => new($"line {_line} has {what}");
    }
}
