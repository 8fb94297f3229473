namespace DPT.Engine.Ptx;

/// <summary>
/// Lines of the text in place of lines of C#: each instruction says where it stands in the text that was parsed, so that machine code
/// leads back to the instruction of the text, and from there to its C# line and to what it did in the simulator.
/// </summary>
internal static class TextLines
{
    /// <summary>What the assembler is told that the instructions come from.</summary>
    public const string File = "kernel.ptx";

    /// <param name="module">As it was parsed.</param>
    public static PtxModule Of(PtxModule module) => module with { Functions = [.. module.Functions.Select(Locate)] };

    private static PtxFunction Locate(PtxFunction function) => function with { Body = function.Body?.Select(Locate).ToList() };

    private static PtxStatement Locate(PtxStatement statement) => statement switch
    {
        PtxBlock block => block with { Statements = [.. block.Statements.Select(Locate)] },
        PtxInstruction instruction => instruction with { Origin = new PtxOrigin(File, instruction.Line) },
        _ => statement,
    };
}
