using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What variants do on the simulator, all but time: one line each, or one variant in detail.</summary>
internal sealed class KernelsSimVerb : Verb<SimArguments>
{
    private const int MostFindings = 12;
    private const int MostOpcodes = 10;

    public override string Name => "kernels sim";

    public override string Purpose =>
        "run GPU variants on the simulator: instructions, sectors, bank conflicts, and where they are";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples =>
        ["kernels sim attention.forward", "kernels sim matmul/v1 --case \"M=65\" --arch sm_90a"];

    protected override int Execute(SimArguments arguments, CliContext context)
    {
        var variants = KernelPattern.FindAllGpu(arguments.Words.FirstOrDefault(""));
        var runs = new List<VariantRun>();
        foreach (var group in variants.GroupBy(v => v.Operator))
        {
            var architecture = arguments.ArchitectureFor(group.Select(v => v.Variant));
            using var device = new SimDevice(architecture: architecture, selection: new KernelSelection());
            var kernelCase = CaseChoice.Find(
                group.Key, arguments.Case, c => group.All(v => CaseChoice.Supports(device, v.Variant, c)));
            foreach (var (op, variant, _) in group)
            {
                context.Stop.ThrowIfCancellationRequested();
                context.Terminal.Detail($"{op.IdOf(variant)} [{kernelCase.Label}]");
                runs.Add(new VariantRun(op.IdOf(variant), kernelCase.Label, SimRun.Of(variant, kernelCase, architecture)));
            }
        }

        foreach (var line in arguments.Json ? [Json(runs)] : runs is [var only] ? Detail(only) : Overview(runs))
        {
            context.Terminal.Result(line);
        }

        return ExitCodes.Done;
    }

    private static IEnumerable<string> Overview(List<VariantRun> runs)
    {
        var table = new TextTable();
        table.Add("variant", "case", "lane instr.", "global req.", "sectors", "per req.", "shared req.", "conflicts", "barriers", "divergent");
        foreach (var run in runs)
        {
            table.Add(
                run.Id, run.Case, Count(run.Sum(s => s.LaneInstructions)), Count(run.Sum(s => s.GlobalRequests)),
                Count(run.Sum(s => s.Sectors)), Ratio(run.Sum(s => s.Sectors), run.Sum(s => s.GlobalRequests)),
                Count(run.Sum(s => s.SharedRequests)), Count(run.Sum(s => s.BankConflicts)),
                Count(run.Sum(s => s.Barriers)), Count(run.Sum(s => s.DivergentBranches)));
        }

        return table.Lines();
    }

    private static IEnumerable<string> Detail(VariantRun run)
    {
        yield return $"{run.Id} [{run.Case}]";
        foreach (var launch in run.Launches)
        {
            yield return "";
            yield return $"{launch.Kernel}, {launch.Grid} blocks of {launch.Threads} threads";
            foreach (var line in VerbResult.Of(
            [
                new("lane instructions", launch.LaneInstructions),
                new("warp instructions", launch.WarpInstructions),
                new("global requests", launch.GlobalRequests),
                new("sectors", $"{Count(launch.Sectors)}, {Ratio(launch.Sectors, launch.GlobalRequests)} per request"),
                new("bytes read, written", $"{Count(launch.GlobalBytesRead)}, {Count(launch.GlobalBytesWritten)}"),
                new("shared requests", launch.SharedRequests),
                new("bank conflicts", launch.BankConflicts),
                new("barriers", launch.Barriers),
                new("divergent branches", launch.DivergentBranches),
                new("most frequent", string.Join(", ", launch.ByOpcode.Take(MostOpcodes).Select(o => $"{o.Opcode} {Count(o.Lanes)}"))),
            ]).Lines)
            {
                yield return line;
            }

            var findings = SimVerdict.Of(launch);
            foreach (var finding in findings.Take(MostFindings))
            {
                yield return $"* {finding}";
            }

            if (findings.Count > MostFindings)
            {
                yield return $"* and {findings.Count - MostFindings} more";
            }
        }
    }

    private static string Json(List<VariantRun> runs) => JsonText.Of(runs.Select(run => new
    {
        run.Id,
        run.Case,
        Launches = run.Launches.Select(l => new
        {
            l.Kernel,
            Grid = l.Grid.ToString(),
            l.Threads,
            l.LaneInstructions,
            l.WarpInstructions,
            l.GlobalRequests,
            l.Sectors,
            l.GlobalBytesRead,
            l.GlobalBytesWritten,
            l.SharedRequests,
            l.BankConflicts,
            l.Barriers,
            l.DivergentBranches,
            Verdict = SimVerdict.Of(l),
        }),
    }));

    private static string Count(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Ratio(long value, long of) =>
        of == 0 ? "-" : ((double)value / of).ToString("0.00", CultureInfo.InvariantCulture);

    private sealed record VariantRun(string Id, string Case, IReadOnlyList<SimStatistics> Launches)
    {
        public long Sum(Func<SimStatistics, long> value) => Launches.Sum(value);
    }
}
