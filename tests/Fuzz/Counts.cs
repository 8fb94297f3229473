using System.Globalization;

namespace Fuzz;

/// <summary>What a process that came to its end has to say, in a line.</summary>
internal sealed record Counts(long Executions, int Edges, int Kept, int Findings)
{
    public static Counts Parse(string line)
    {
        var numbers = line.Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new Counts(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Executions} {Edges} {Kept} {Findings}";
}
