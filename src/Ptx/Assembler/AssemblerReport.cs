using System.Globalization;
using System.Text.RegularExpressions;

namespace DPT.Engine.Ptx;

/// <summary>What the assembler says of a kernel.</summary>
public sealed partial record AssemblerReport
{
    /// <summary>Registers of a thread.</summary>
    public required int Registers { get; init; }

    /// <summary>Bytes that a thread stores to local memory because registers ran out, and loads again.</summary>
    public required int SpilledBytes { get; init; }

    /// <summary>Bytes of a thread's stack: local arrays and frames of functions.</summary>
    public required int StackBytes { get; init; }

    /// <summary>Shared memory that the text declares, in bytes.</summary>
    public required int StaticSharedBytes { get; init; }

    /// <summary>Warnings, and what it says beyond numbers: the C75xx messages that matrix instructions are serialised.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>How much of the kernel fits on a multiprocessor of the architecture that it was assembled for.</summary>
    public Occupancy OccupancyOf(PtxKernel kernel, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return Multiprocessor.Of(architecture).Occupancy(Registers, kernel.Threads, StaticSharedBytes + kernel.DynamicSharedBytes);
    }

    /// <summary>Reads what <c>ptxas -v</c> has printed for a module with one entry.</summary>
    /// <exception cref="PtxException">It says nothing of registers.</exception>
    internal static AssemblerReport Parse(string said) => new()
    {
        Registers = Numbers(RegistersPattern(), said) is [var registers, ..]
            ? registers
            : throw new PtxException($"{CudaTool.Assembler.Name} says nothing of registers: {said.Trim()}"),
        SpilledBytes = Numbers(SpillPattern(), said).Sum(),
        StackBytes = Numbers(StackPattern(), said).Sum(),
        StaticSharedBytes = Numbers(SharedPattern(), said).Sum(),
        Warnings = [.. WarningPattern().Matches(said).Select(m => m.Groups["text"].Value.Trim())],
    };

    private static List<int> Numbers(Regex pattern, string said) =>
        [.. pattern.Matches(said).Select(m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];

    [GeneratedRegex("Used ([0-9]+) registers")]
    private static partial Regex RegistersPattern();

    [GeneratedRegex("([0-9]+) bytes spill (?:stores|loads)")]
    private static partial Regex SpillPattern();

    [GeneratedRegex("([0-9]+) bytes stack frame")]
    private static partial Regex StackPattern();

    [GeneratedRegex("([0-9]+) bytes smem")]
    private static partial Regex SharedPattern();

    [GeneratedRegex(@"^ptxas [^\n]*?(?:warning *: |: (?=\(C[0-9]+\)))(?<text>[^\n]+)", RegexOptions.Multiline)]
    private static partial Regex WarningPattern();
}
