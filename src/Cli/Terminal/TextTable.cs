namespace DPT.Engine.Cli;

/// <summary>Rows of text in aligned columns, without lines: easy to read and to cut.</summary>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; all rows have as many cells.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>The lines, each column as wide as its widest cell.</summary>
    public IEnumerable<string> Lines()
    {
        if (_rows.Count == 0)
        {
            return [];
        }

        var widths = Enumerable.Range(0, _rows[0].Length).Select(c => _rows.Max(r => r[c].Length)).ToArray();
        return _rows.Select(row => string.Join("  ", row.Select((cell, c) => cell.PadRight(widths[c]))).TrimEnd());
    }

    /// <summary>Writes the lines as a result.</summary>
    public void Print(Terminal terminal)
    {
        foreach (var line in Lines())
        {
            terminal.Result(line);
        }
    }
}
