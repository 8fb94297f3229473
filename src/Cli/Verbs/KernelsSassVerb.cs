using System.Globalization;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The machine code of a variant: what the assembler makes of its text, and how it differs from another's.</summary>
internal sealed class KernelsSassVerb : Verb<SassArguments>
{
    public override string Name => "kernels sass";

    public override string Purpose =>
        "the machine code of a GPU variant: registers, spills, occupancy, loops; needs NVIDIA's assembler, no GPU";

    public override string? Word => "ID";

    public override IReadOnlyList<string> Examples =>
        ["kernels sass matmul/v4 --arch sm_90a --loop", "kernels sass attention.forward/v1 --diff attention.forward/v2"];

    public override IReadOnlyList<(string Heading, IReadOnlyList<string> Paragraphs)> Notes =>
    [
        ("How to read it",
        [
            "Registers, spills and occupancy stand there for every architecture; the code is that of --arch.",
            "An instruction has its address, what the assembler tells the scheduler, and the C# line that it comes from. In"
            + " 0-----:-:2:Y:04 the warp waits for counter 0, the instruction releases none when its operands are read and counter 2"
            + " when its result is there, the scheduler had better go on with another warp (Y), and this one waits 4 clocks.",
            "A loop's percentage is its share of all that warps run in the case, estimated from the simulator's counts. Its clocks of"
            + " stalls are the sum of these waits: what one warp alone takes for a round if memory takes no time.",
        ]),
        ("What binds",
        [
            "The part of a multiprocessor that is busy longest, and how long the others are busy beside it, in percent: machine code"
            + " times the simulator's counts times the parts' rates. Nobody waits in this model and the first-level cache catches"
            + " nothing, so it is a bound and no time: it says what a change has to relieve, and ranks no variants.",
        ]),
        ("Where the assembler comes from",
        [
            "ptxas and nvdisasm are parts of NVIDIA's CUDA toolkit (Debian and Ubuntu: nvidia-cuda-toolkit). They are looked for in"
            + $" {CudaTool.Variable}, and if that is not set in CUDA_HOME/bin, PATH and /usr/local/cuda*/bin.",
        ]),
    ];

    protected override int Execute(SassArguments arguments, CliContext context)
    {
        var found = KernelPattern.FindGpu(arguments.Words.FirstOrDefault(""));
        var foundOther = arguments.Diff is null ? null : KernelPattern.FindGpu(arguments.Diff);
        var architecture = arguments.ArchitectureFor(found.Variant, (foundOther ?? found).Variant);
        if (PtxAssembler.WhyNot is { } reason)
        {
            throw new DptException(FailureKind.Environment, reason);
        }

        var text = SassText.Of(found, CaseOf(found, arguments.Case));
        var other = foundOther is null ? null : SassText.Of(foundOther, CaseOf(foundOther, arguments.Case));
        var difference = other is null ? null : UnifiedDiff.Of(
            text.Id, other.Id, text.Comparable(architecture, arguments.Loop), other.Comparable(architecture, arguments.Loop));
        new VerbResult(
            difference is null ? Lines(text, architecture, arguments.Loop) : [.. difference, "", text.Title, other!.Title, .. Counts([.. text.Kernels, .. other.Kernels])],
            Json(text, architecture, arguments.Loop, difference)).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private static KernelCase CaseOf(RegisteredVariant found, string? label)
    {
        using var device = new SimDevice(architecture: found.Variant.MinArchitecture(), selection: new KernelSelection());
        return CaseChoice.Find(found.Operator, label, c => CaseChoice.Supports(device, found.Variant, c));
    }

    private static IEnumerable<string> Lines(SassText text, PtxArchitecture architecture, bool loopsOnly) =>
        from kernel in text.Kernels.GroupBy(k => k.Kernel)
        from line in (string[])
        [
            text.Title, .. Counts([.. kernel]), "", .. SassText.Listing(kernel.Single(k => k.Architecture == architecture), loopsOnly), "",
        ]
        select line;

    /// <summary>A table with a column for each kernel and architecture, and the warnings.</summary>
    private static IEnumerable<string> Counts(IReadOnlyList<SassKernel> kernels)
    {
        var table = new TextTable();
        Row("kernel", k => k.Kernel.Name);
        Row("architecture", k => k.Architecture);
        Row("registers", k => k.Report.Registers);
        Row("spilled bytes", k => k.Report.SpilledBytes);
        Row("stack bytes", k => k.Report.StackBytes);
        Row("static shared bytes", k => k.Report.StaticSharedBytes);
        Row("dynamic shared bytes", k => k.Kernel.DynamicSharedBytes);
        Row("barriers", k => k.Code.Barriers);
        Row("instructions", k => k.Code.Instructions.Count);
        Row("on", k => Multiprocessor.Of(k.Architecture).Cards);
        Row("blocks at once", k => k.Occupancy.Blocks);
        Row($"warps of {Multiprocessor.MaxWarps}", k => k.Occupancy.Warps);
        Row("limited by", k => string.Join(" and ", k.Occupancy.Limits));
        Row("warnings", k => k.Report.Warnings.Count);
        Row("bound by", k => k.Bound?.Name ?? "not launched");
        foreach (var part in kernels.SelectMany(k => k.Bound?.Parts ?? []).Select(p => p.Part).Distinct())
        {
            Row($"  {part}", k => k.Bound is { } bound ? $"{100 * bound.Parts.Single(p => p.Part == part).Share:0} %" : "");
        }

        return [.. table.Lines(), .. kernels.SelectMany(k => k.Report.Warnings.Select(w => $"{k.Kernel.Name} {k.Architecture}: {w}"))];

        void Row(string name, Func<SassKernel, object> value) =>
            table.Add([name, .. kernels.Select(k => string.Create(CultureInfo.InvariantCulture, $"{value(k)}"))]);
    }

    private static string Json(SassText text, PtxArchitecture architecture, bool loopsOnly, IReadOnlyList<string>? difference) => JsonText.Of(new
    {
        text.Id,
        text.Case,
        Kernels = text.Kernels.Select(k => new
        {
            Kernel = k.Kernel.Name,
            Architecture = k.Architecture.Name,
            k.Report.Registers,
            k.Report.SpilledBytes,
            k.Report.StackBytes,
            k.Report.StaticSharedBytes,
            k.Kernel.DynamicSharedBytes,
            k.Code.Barriers,
            Instructions = k.Code.Instructions.Count,
            k.Occupancy,
            k.Report.Warnings,
            Loops = k.Code.Loops.Select(l => new
            {
                l.Start, l.End, l.Depth, Instructions = l.Body.Count, Share = k.ShareOf(l), l.Stalls, l.Calls, Mix = l.Mix.ToDictionary(m => m.Name, m => m.Count),
            }),
            Bound = k.Bound?.Parts.ToDictionary(p => p.Part, p => p.Share),
            Text = k.Architecture == architecture ? string.Join('\n', SassText.Listing(k, loopsOnly)) : null,
        }),
        Diff = difference,
    });
}
