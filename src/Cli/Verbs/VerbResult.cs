namespace DPT.Engine.Cli;

/// <summary>A result for people and for programs.</summary>
internal sealed record VerbResult(IEnumerable<string> Lines, string Json)
{
    /// <summary>Prints it.</summary>
    public void Print(bool json, Terminal terminal)
    {
        foreach (var line in json ? [Json] : Lines)
        {
            terminal.Result(line);
        }
    }

    /// <summary>Named values, one a line; of a list, each item.</summary>
    public static VerbResult Of(IReadOnlyList<NamedValue> values)
    {
        var table = new TextTable();
        foreach (var value in values)
        {
            object?[] items = value.Value is IEnumerable<object> list ? [.. list] : [value.Value];
            foreach (var item in items)
            {
                // Names of classes and files may hold anything.
                table.Add(OneLine.Of(value.Name), OneLine.Of(new NamedValue(value.Name, item).Text));
            }
        }

        return new VerbResult(table.Lines(), JsonText.OfNamed(values));
    }
}
