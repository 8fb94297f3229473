using System.Globalization;

namespace Kernels.Tests;

/// <summary>Small machine code for tests.</summary>
internal static class SassRows
{
    /// <summary>Rows as the disassembler prints them: labels and comments as they are, all else as instructions.</summary>
    public static SassCode Code(params string[] rows)
    {
        var address = 0;
        var text = rows.SelectMany(row => row.EndsWith(':') || row.StartsWith('\t') ? [row] : Instruction(row, 16 * address++));
        return SassCode.Parse(
            string.Join('\n', text.Prepend("//--------------------- .text.kernel --------------------------")), PtxText.Entry("ret;"));
    }

    /// <summary>The rows with lines of PTX: <c>"7 LDS R1, [R2]"</c>.</summary>
    public static SassCode CodeWithLines(params string[] rows) => Code(
    [
        .. rows.SelectMany(row => char.IsAsciiDigit(row[0]) && row.Split(' ', 2) is [var line, var text]
            ? [$"\t//## File \"kernel.ptx\", line {line}", text] : new[] { row }),
    ]);

    private static string[] Instruction(string text, int address) =>
        [string.Create(CultureInfo.InvariantCulture, $"        /*{address:x4}*/    {text} ;    /* 0x{0:x16} */"), $"    /* 0x{0:x16} */"];
}
