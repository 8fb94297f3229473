using System.Globalization;
using System.Text.RegularExpressions;

namespace DPT.Engine.Ptx;

/// <summary>The machine code of a kernel, and its loops.</summary>
public sealed partial class SassCode
{
    private SassCode(IReadOnlyList<SassInstruction> instructions, IReadOnlyDictionary<string, int> labels, int barriers)
    {
        Barriers = barriers;
        Instructions = instructions;
        Flow = new SassFlow(instructions, labels);
        Loops = SassLoop.Find(Flow);
    }

    /// <summary>The instructions in the order of their addresses.</summary>
    public IReadOnlyList<SassInstruction> Instructions { get; }

    /// <summary>The loops, each before those inside it.</summary>
    public IReadOnlyList<SassLoop> Loops { get; }

    /// <summary>Barriers of a block that it uses, of the 16 that there are.</summary>
    public int Barriers { get; }

    internal SassFlow Flow { get; }

    /// <summary>Reads what <c>nvdisasm -c -hex -g</c> prints.</summary>
    /// <param name="text">The text.</param>
    /// <param name="module">The module that it was made of, as it was parsed.</param>
    /// <exception cref="PtxException">The module's kernel is not in it.</exception>
    internal static SassCode Parse(string text, PtxModule module)
    {
        var entry = module.Entry.Name;
        var origins = module.Functions.SelectMany(f => f.Instructions).ToLookup(i => i.Line, i => i.Origin);
        var instructions = new List<SassInstruction>();
        var labels = new Dictionary<string, int>();
        // Functions of the assembler's own, such as the slow path of a division, come from no line.
        var line = 0;
        var barriers = 0;
        foreach (var row in Section(text, entry))
        {
            if (LabelRow().Match(row) is { Success: true } label)
            {
                var name = label.Groups["name"].Value;
                labels[name] = instructions.Count;
                line = name.StartsWith('$') ? 0 : line;
            }
            else if (BarriersRow().Match(row) is { Success: true } flags)
            {
                barriers = int.Parse(flags.Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
            }
            else if (LineRow().Match(row) is { Success: true } place)
            {
                line = int.Parse(place.Groups["line"].ValueSpan, CultureInfo.InvariantCulture);
            }
            else if (InstructionRow().Match(row) is { Success: true } found)
            {
                instructions.Add(new SassInstruction(
                    int.Parse(found.Groups["address"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                    found.Groups["guard"].Value, found.Groups["opcode"].Value, found.Groups["operands"].Value, default, line)
                {
                    Origin = origins[line].FirstOrDefault(),
                });
            }
            else if (UpperRow().Match(row) is { Success: true } upper)
            {
                var high = ulong.Parse(upper.Groups["bits"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                instructions[^1] = instructions[^1] with { Control = SassControl.Decode(high) };
            }
        }

        // The assembler fills the last cache line up.
        var used = instructions.FindLastIndex(i => i.Name != "NOP") + 1;
        instructions.RemoveRange(used, instructions.Count - used);
        return instructions.Count > 0
            ? new SassCode(instructions, labels, barriers)
            : throw new PtxException($"{CudaTool.Disassembler.Name} shows no instruction of {entry}");
    }

    /// <summary>The rows of the kernel's section.</summary>
    private static IEnumerable<string> Section(string text, string entry) => text.Split('\n')
        .SkipWhile(row => !IsHeading(row) || !row.Contains($" .text.{entry} ", StringComparison.Ordinal))
        .Skip(1)
        .TakeWhile(row => !IsHeading(row));

    private static bool IsHeading(string row) => row.StartsWith("//-----", StringComparison.Ordinal);

    [GeneratedRegex(@"^(?<name>[.$][\w.$]+):")]
    private static partial Regex LabelRow();

    [GeneratedRegex(@"^\s*\.sectionflags\b.*SHF_BARRIERS=(?<count>[0-9]+)")]
    private static partial Regex BarriersRow();

    [GeneratedRegex(@"^\s*//## File "".*"", line (?<line>[0-9]+)")]
    private static partial Regex LineRow();

    /// <summary>An address, a guard if there is one, the instruction, and its lower 64 bits.</summary>
    [GeneratedRegex(@"^\s*/\*(?<address>[0-9a-f]{4,})\*/\s+(?<guard>@!?U?P\w+)?\s*(?<opcode>[A-Z][\w.]*)\s*(?<operands>[^;]*?)\s*;\s*/\* 0x[0-9a-f]{16} \*/")]
    private static partial Regex InstructionRow();

    [GeneratedRegex(@"^\s*/\* 0x(?<bits>[0-9a-f]{16}) \*/\s*$")]
    private static partial Regex UpperRow();
}
