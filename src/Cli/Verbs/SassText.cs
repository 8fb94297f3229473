using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A kernel as machine code for an architecture.</summary>
internal sealed record SassKernel(PtxKernel Kernel, PtxArchitecture Architecture, AssembledKernel Assembled)
{
    public AssemblerReport Report => Assembled.Report;

    public SassCode Code => Assembled.Code;

    public Occupancy Occupancy => Report.OccupancyOf(Kernel, Architecture);

    public static SassKernel Of(GpuKernel kernel, PtxArchitecture architecture) =>
        new(kernel.ToPtx(), architecture, PtxAssembler.Disassemble(PtxPipeline.Build(kernel, architecture)));
}

/// <summary>The machine code of a variant as text: its loops are announced where they start.</summary>
/// <param name="Id">Identity of the variant.</param>
/// <param name="Kernels">Its kernels, each for every architecture.</param>
internal sealed record SassText(string Id, IReadOnlyList<SassKernel> Kernels)
{
    public static SassText Of(RegisteredVariant found) => new(
        found.Operator.IdOf(found.Variant),
        [.. ((IGpuVariant)found.Variant).Kernels.SelectMany(k => PtxArchitecture.All.Select(a => SassKernel.Of(k, a)))]);

    /// <summary>The code of one kernel, each instruction with address, control code and C# line.</summary>
    public static IEnumerable<string> Listing(SassCode code, bool loopsOnly) => Rows(
        code, loopsOnly, loop => $"loop {loop.Start:x4}..{loop.End:x4}",
        i => $"{i.Address:x4}  {i.Control}  {(i.Origin is null ? i.Text : $"{i.Text,-60}  // {i.Origin}")}");

    /// <summary>The code of all kernels for an architecture without what changes when anything before it does.</summary>
    public IReadOnlyList<string> Comparable(PtxArchitecture architecture, bool loopsOnly) =>
        [.. Kernels.Where(k => k.Architecture == architecture).SelectMany(k => Rows(k.Code, loopsOnly, _ => "loop", i => i.Text))];

    private static IEnumerable<string> Rows(
        SassCode code, bool loopsOnly, Func<SassLoop, string> nameOf, Func<SassInstruction, string> textOf)
    {
        var depths = code.Loops.SelectMany(l => l.Body).CountBy(i => i.Address).ToDictionary();
        var starts = code.Loops.ToLookup(l => l.Start);
        foreach (var instruction in code.Instructions)
        {
            foreach (var loop in starts[instruction.Address])
            {
                yield return $"{Indent(loop.Depth)}{nameOf(loop)}: {Summary(loop)}";
            }

            var depth = depths.GetValueOrDefault(instruction.Address);
            if (depth > 0 || !loopsOnly)
            {
                yield return Indent(depth) + textOf(instruction);
            }
        }
    }

    private static string Summary(SassLoop loop) => string.Create(
        CultureInfo.InvariantCulture,
        $"{loop.Body.Count} instructions, {loop.Stalls} clocks of stalls: {string.Join(", ", loop.Mix.Select(m => $"{m.Name} {m.Count}"))}"
        + $"{string.Concat(loop.Calls.Select(c => $"; calls {c}"))}");

    private static string Indent(int depth) => new(' ', 2 * depth);
}
