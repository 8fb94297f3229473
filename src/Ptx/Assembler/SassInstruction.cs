using System.Text.RegularExpressions;

namespace DPT.Engine.Ptx;

/// <summary>A machine instruction.</summary>
/// <param name="Address">In bytes from the start of the kernel.</param>
/// <param name="Guard">The predicate that must hold, such as <c>@!P0</c>; empty for always.</param>
/// <param name="Opcode">With its modifiers: <c>LDG.E.128</c>.</param>
/// <param name="Operands">As the disassembler prints them.</param>
/// <param name="Control">What the assembler tells the scheduler.</param>
/// <param name="Line">Line of the PTX text that it was made of; 0 where the assembler does not say.</param>
public sealed partial record SassInstruction(
    int Address, string Guard, string Opcode, string Operands, SassControl Control, int Line)
{
    /// <summary>Where that line was compiled from; null where nobody says.</summary>
    public PtxOrigin? Origin { get; init; }

    /// <summary>The first word of the opcode: <c>LDG</c>.</summary>
    public string Name => Opcode.Split('.')[0];

    /// <summary>The instruction without its place.</summary>
    public string Text => string.Join(' ', new[] { Guard, Opcode, Operands }.Where(part => part.Length > 0));

    /// <summary>
    /// The function that it calls and comes back from, such as the slow path of a division, <c>__cuda_sm3x_div_rn_noftz_f32_slowpath</c>;
    /// null for every other instruction.
    /// </summary>
    public string? Callee => Name == "CALL" && !Targets.Any() ? CalleePattern().Match(Operands).Value : null;

    /// <summary>The labels that control may go to from there. A call of a label is a jump: nothing comes back from it.</summary>
    internal IEnumerable<string> Targets =>
        Name is "BRA" or "BRX" or "CALL" ? LabelPattern().Matches(Operands).Select(m => m.Value) : [];

    /// <summary>Whether control never goes on behind it.</summary>
    internal bool IsEnd => Guard.Length == 0 && (Name is "EXIT" or "RET" or "BRX" || (Operands.StartsWith('`') && Targets.Any()));

    [GeneratedRegex(@"\.L_[\w.]+")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"\w+(?=\)?$)")]
    private static partial Regex CalleePattern();
}

/// <summary>What the assembler tells the scheduler of a multiprocessor with each instruction.</summary>
/// <param name="Stall">Clocks that the warp waits after it, 0 to 15.</param>
/// <param name="Yields">Whether the scheduler had better go on with another warp.</param>
/// <param name="WriteBarrier">The one of six counters that is released when its result is there; null for none.</param>
/// <param name="ReadBarrier">The one that is released when its operands have been read; null for none.</param>
/// <param name="Waits">A bit for each counter that it waits for.</param>
public readonly record struct SassControl(int Stall, bool Yields, int? WriteBarrier, int? ReadBarrier, int Waits)
{
    private const int Counters = 6;
    private const int NoCounter = 7;

    /// <summary>Reads bits 105 to 121 of an instruction.</summary>
    /// <param name="high">Its upper 64 bits.</param>
    internal static SassControl Decode(ulong high)
    {
        var bits = (int)(high >> 41);
        return new(bits & 15, (bits >> 4 & 1) == 0, Counter(bits >> 5), Counter(bits >> 8), bits >> 11 & 63);

        static int? Counter(int bits) => (bits & 7) == NoCounter ? null : bits & 7;
    }

    /// <summary>Counters that it waits for, read barrier, write barrier, yield, stall: <c>0-----:-:2:Y:04</c>.</summary>
    public override string ToString()
    {
        var waits = Waits;
        var counters = string.Concat(Enumerable.Range(0, Counters).Select(c => (waits >> c & 1) != 0 ? (char)('0' + c) : '-'));
        return $"{counters}:{Name(ReadBarrier)}:{Name(WriteBarrier)}:{(Yields ? 'Y' : '-')}:{Stall:00}";

        static string Name(int? counter) => counter is { } c ? $"{c}" : "-";
    }
}
