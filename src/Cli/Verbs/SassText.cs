using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A kernel as machine code for an architecture.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Architecture">The architecture.</param>
/// <param name="Assembled">Its code.</param>
/// <param name="Ran">What its text did in the simulator; nothing if the case does not launch it.</param>
internal sealed record SassKernel(
    PtxKernel Kernel, PtxArchitecture Architecture, AssembledKernel Assembled, IReadOnlyList<SimInstruction> Ran)
{
    public AssemblerReport Report => Assembled.Report;

    public SassCode Code => Assembled.Code;

    public Occupancy Occupancy => Report.OccupancyOf(Kernel, Architecture);

    /// <summary>What binds it; null if the case does not launch it.</summary>
    public KernelBound? Bound { get; } =
        Ran.Count > 0 ? KernelBound.Of(Assembled.Code, Ran, Architecture) : null;

    private SassCounts Counts { get; } = new(Assembled.Code, Ran);

    /// <summary>The loop's share of all that warps run, 0 to 1; null if the case does not launch the kernel.</summary>
    public double? ShareOf(SassLoop loop) => Ran.Count > 0 ? Counts.Sum(loop.Body) / Counts.Sum(Code.Instructions) : null;
}

/// <summary>The machine code of a variant as text: its loops are announced where they start.</summary>
/// <param name="Id">Identity of the variant.</param>
/// <param name="Case">The case that says what runs how often.</param>
/// <param name="Kernels">Its kernels, each for every architecture.</param>
internal sealed record SassText(string Id, string Case, IReadOnlyList<SassKernel> Kernels)
{
    public static SassText Of(RegisteredVariant found, KernelCase kernelCase)
    {
        var launches = PtxArchitecture.All.Where(a => a.Runs(found.Variant.MinArchitecture()))
            .ToDictionary(a => a, a => SimRun.Of(found.Variant, kernelCase, a).ToLookup(l => l.Kernel));
        return new(
            found.Operator.IdOf(found.Variant),
            kernelCase.Label,
            [.. from kernel in ((IGpuVariant)found.Variant).Kernels
                from architecture in kernel.Architectures.Where(launches.ContainsKey)
                select new SassKernel(
                    kernel.ToPtx(), architecture, PtxAssembler.Disassemble(PtxPipeline.Build(kernel, architecture)),
                    [.. launches[architecture][kernel.Id].SelectMany(l => l.Instructions)])]);
    }

    /// <summary>What the code is of, and the case that its counts are of.</summary>
    public string Title => $"{Id} [{Case}]";

    /// <summary>The code of one kernel, each instruction with address, control code and C# line.</summary>
    public static IEnumerable<string> Listing(SassKernel kernel, bool loopsOnly) => Rows(
        kernel.Code, loopsOnly, loop => $"loop {loop.Start:x4}..{loop.End:x4}{Share(kernel.ShareOf(loop))}",
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

    private static string Share(double? share) => share is { } s ? string.Create(CultureInfo.InvariantCulture, $", {100 * s:0} %") : "";

    private static string Indent(int depth) => new(' ', 2 * depth);
}
