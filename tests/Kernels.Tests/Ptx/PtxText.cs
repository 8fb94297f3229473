namespace Kernels.Tests;

/// <summary>Small modules for tests of passes.</summary>
internal static class PtxText
{
    /// <summary>A module with one entry of that body.</summary>
    public static PtxModule Entry(string body) => Module($".visible .entry kernel(.param .b32 _n_1)\n{{\n{body}\n}}");

    public static PtxModule Module(string functions) =>
        PtxParser.Parse($".version 8.0\n.target sm_80\n.address_size 64\n{functions}");

    /// <summary>The body's statements, one a line, as the printer writes them.</summary>
    public static string[] Body(PtxModule module) =>
        [.. module.ToString().Split('{', 2)[1].Split('\n').Select(l => l.Trim().Replace('\t', ' ')).Where(l => l.Length > 0 && l != "}")];
}
