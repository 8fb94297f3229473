using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The PTX of a variant: the text that runs, what stands in it, and how it differs from another's.</summary>
internal sealed class KernelsPtxVerb : Verb<PtxArguments>
{
    public override string Name => "kernels ptx";

    public override string Purpose => "the PTX of a GPU variant with counts, and its difference to another; needs no GPU";

    public override string? Word => "ID";

    public override IReadOnlyList<string> Examples =>
        ["kernels ptx matmul/v1 --arch sm_90a", "kernels ptx attention.forward/v1 --diff attention.forward/v2"];

    protected override int Execute(PtxArguments arguments, CliContext context)
    {
        var found = KernelPattern.FindGpu(arguments.Words.FirstOrDefault(""));
        var foundOther = arguments.Diff is null ? null : KernelPattern.FindGpu(arguments.Diff);
        var architecture = arguments.ArchitectureFor(found.Variant, (foundOther ?? found).Variant);
        var text = PtxText.Of(found, architecture);
        var other = foundOther is null ? null : PtxText.Of(foundOther, architecture);
        foreach (var line in arguments.Json ? [Json(text, other)] : Lines(text, other))
        {
            context.Terminal.Result(line);
        }

        return ExitCodes.Done;
    }

    /// <summary>The text is an assembler's input: what is not PTX is a comment. A difference comes without the texts.</summary>
    private static IEnumerable<string> Lines(PtxText text, PtxText? other)
    {
        if (other is null)
        {
            return text.Kernels.SelectMany(k => ReportLines([k.Report]).Select(l => $"// {l}").Concat(k.Lines));
        }

        var counts = ReportLines([.. text.Kernels.Select(k => k.Report), .. other.Kernels.Select(k => k.Report)]);
        return Difference(text, other).Append("").Concat(counts);
    }

    private static IReadOnlyList<string> Difference(PtxText text, PtxText other) => UnifiedDiff.Of(
        text.Id, other.Id, [.. text.Kernels.SelectMany(k => k.Lines)], [.. other.Kernels.SelectMany(k => k.Lines)]);

    /// <summary>A table with a column for each report.</summary>
    private static IEnumerable<string> ReportLines(IReadOnlyList<PtxReport> reports)
    {
        var table = new TextTable();
        Row("kernel", r => r.Kernel);
        Row("target", r => r.Target);
        Row("instructions", r => r.Instructions);
        foreach (var kind in reports.SelectMany(r => r.ByKind.Select(k => k.Kind)).Distinct())
        {
            Row($"  {kind}", r => r.ByKind.FirstOrDefault(k => k.Kind == kind).Count);
        }

        Row("vector accesses", r => r.VectorAccesses);
        Row("matrix instructions", r => r.MatrixInstructions);
        Row("branches", r => r.Branches);
        Row("local accesses", r => r.LocalAccesses);
        Row("double precision", r => r.DoubleInstructions);
        Row("static shared bytes", r => r.StaticSharedBytes);
        Row("dynamic shared bytes", r => r.DynamicSharedBytes);
        foreach (var type in reports.SelectMany(r => r.Registers.Select(k => k.Type)).Distinct())
        {
            Row($"declared {type}", r => r.Registers.FirstOrDefault(k => k.Type == type).Count);
        }

        return table.Lines();

        void Row(string name, Func<PtxReport, object> value) =>
            table.Add([name, .. reports.Select(r => string.Create(
                System.Globalization.CultureInfo.InvariantCulture, $"{value(r)}"))]);
    }

    private static string Json(PtxText text, PtxText? other) => JsonText.Of(new
    {
        text.Id,
        Kernels = text.Kernels.Select(k => new { Report = Named(k.Report), Text = string.Join('\n', k.Lines) }),
        Diff = other is null ? null : Difference(text, other),
    });

    /// <summary>Counts by name as objects: pairs have no names in JSON.</summary>
    private static object Named(PtxReport r) => new
    {
        r.Kernel,
        r.Target,
        r.Instructions,
        ByKind = r.ByKind.ToDictionary(k => k.Kind, k => k.Count),
        r.VectorAccesses,
        r.MatrixInstructions,
        r.Branches,
        r.LocalAccesses,
        r.DoubleInstructions,
        r.StaticSharedBytes,
        r.DynamicSharedBytes,
        Registers = r.Registers.ToDictionary(k => k.Type, k => k.Count),
    };

    /// <summary>The kernels of a variant as text.</summary>
    private sealed record PtxText(string Id, IReadOnlyList<(PtxReport Report, IReadOnlyList<string> Lines)> Kernels)
    {
        public static PtxText Of(RegisteredVariant found, PtxArchitecture architecture) => new(
            found.Operator.IdOf(found.Variant),
            [.. ((IGpuVariant)found.Variant).Kernels.Select(kernel =>
            {
                var module = PtxPipeline.Build(kernel, architecture);
                return (PtxReport.Of(kernel.ToPtx(), module), (IReadOnlyList<string>)module.ToString().ReplaceLineEndings("\n").TrimEnd().Split('\n'));
            })]);
    }
}
