using System.Globalization;
using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>
/// A run for each of several seeds, one after another, and what they say together. Each is an ordinary run in a folder of its
/// own; those that are finished are only looked at, so the same command goes on after whatever ended it.
/// </summary>
/// <param name="arguments">The command line.</param>
/// <param name="context">What the verb works with.</param>
/// <param name="resumed">The settings of a run that exists, as the command line changes them.</param>
/// <param name="run">Does one run, or says what it would be if it is dry.</param>
internal sealed class SeedRuns(
    RunAllArguments arguments, CliContext context, Func<string, ResolvedConfig> resumed, Func<RunPlace, ResolvedConfig, VerbResult> run)
{
    private readonly string? _path = arguments.Resume ?? arguments.Out;
    private RunGroup? _group;

    /// <summary>Whether a command line asks for several runs.</summary>
    public static bool AreMeantBy(RunAllArguments arguments) =>
        arguments.Seeds is not null || (arguments.Resume is { } old && RunGroup.IsGroup(old));

    /// <summary>Does all runs that are not finished.</summary>
    /// <returns>The exit code.</returns>
    public int Execute()
    {
        if (ArgumentParser.Assignments(arguments).Any(assignment => assignment.Key == "seed"))
        {
            throw new DptException(FailureKind.Usage, "--seeds names the seeds of all runs: leave the single seed out");
        }

        var asked = arguments.Seeds is { } list ? SeedList.Parse(list) : [];
        // Those that have begun come first: if they have other settings, that is said before there is new work.
        int[] seeds = [.. SeedsBefore().Union(asked).OrderBy(seed => !HasBegun(seed)).ThenBy(seed => seed)];
        var config = Settings(seeds);
        return arguments.DryRun ? Describe(seeds, config) : Work(seeds, config);
    }

    private IReadOnlyList<int> SeedsBefore()
    {
        if (arguments.Resume is { } old)
        {
            return RunGroup.Open(old).Seeds;
        }

        if (arguments.Out is { } path)
        {
            RunGroup.RequireUsable(path);
            return RunGroup.IsGroup(path) ? RunGroup.Open(path).Seeds : [];
        }

        return [];
    }

    private bool HasBegun(int seed) => _path is not null && RunFolder.IsRun(Path.Combine(_path, RunGroup.NameOf(seed)));

    private ResolvedConfig Settings(IReadOnlyList<int> seeds)
    {
        // What was planned once is not planned again: rates jitter, and all runs have the same settings.
        if (HasBegun(seeds[0]) && (arguments.Resume is not null || Planning.IsMeantBy(arguments, context)))
        {
            return resumed(Path.Combine(_path!, RunGroup.NameOf(seeds[0])));
        }

        return arguments.Resume is { } old
            ? throw new DptException(
                FailureKind.Environment,
                $"no run in '{old}' has begun: there is nothing to continue; start them again with --seeds and --out '{old}'")
            : context.Resolve(arguments).WithAbsolutePaths();
    }

    private int Describe(IReadOnlyList<int> seeds, ResolvedConfig config)
    {
        var plans = new List<VerbResult>();
        foreach (var seed in seeds.Where((seed, i) => i == 0 || HasBegun(seed)))
        {
            var code = Attempt(() => plans.Add(Run(seed, seeds, config)), seed);
            if (code != ExitCodes.Done)
            {
                return code;
            }
        }

        context.Terminal.Message($"{seeds.Count} runs, of seeds {string.Join(", ", seeds)}; this is the first:");
        plans[0].Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    private int Work(IReadOnlyList<int> seeds, ResolvedConfig config)
    {
        var code = ExitCodes.Done;
        ComparedRuns? runs = null;
        foreach (var (i, seed) in seeds.Index())
        {
            context.Terminal.Message($"seed {seed}: run {i + 1} of {seeds.Count}");
            try
            {
                if (i > 0)
                {
                    context.Stop.ThrowIfCancellationRequested();
                }

                var outcome = Attempt(() => Tell(Run(seed, seeds, config)), seed);
                if (outcome is not (ExitCodes.Done or ExitCodes.Diverged))
                {
                    return outcome;
                }

                // Seeds that come after one that diverged may fare better.
                code = Math.Max(code, outcome);
            }
            catch (OperationCanceledException)
            {
                Conclude(seeds);
                context.Terminal.Message($"saved; continue with: dpt run --resume {GroupOf(seeds).FolderPath}");
                throw;
            }

            runs = Conclude(seeds);
        }

        if (runs is not null)
        {
            CompareVerb.Print(runs.Comparison, arguments.Json, context.Terminal);
            context.Terminal.Message($"report: {GroupOf(seeds).ReportPath}");
        }

        return code;
    }

    /// <summary>Does it and says what of it failed; what nobody foresaw is left to the caller.</summary>
    private int Attempt(Action work, int seed)
    {
        try
        {
            work();
            return ExitCodes.Done;
        }
        catch (Exception failure) when (ExitCodes.Of(failure) is not (ExitCodes.Unexpected or ExitCodes.Interrupted))
        {
            context.Terminal.Error($"seed {seed}: {ExitCodes.Describe(failure)}");
            context.Terminal.Detail(failure.ToString());
            return ExitCodes.Of(failure);
        }
    }

    private VerbResult Run(int seed, IReadOnlyList<int> seeds, ResolvedConfig config)
    {
        config.Apply([new Assignment("seed", seed.ToString(CultureInfo.InvariantCulture), "--seeds")]);
        var toMake = seeds.SkipWhile(other => other != seed).Count(other => !HasBegun(other));
        return run(
            HasBegun(seed)
                ? RunPlace.Existing(Path.Combine(_path!, RunGroup.NameOf(seed))) with { Seed = seed, Runs = 1 + toMake }
                : new RunPlace(_path ?? RunPlace.Root, Old: null, () => RunFolder.CreateAt(GroupOf(seeds).RunPath(seed)))
                {
                    Seed = seed,
                    Runs = toMake,
                },
            config);
    }

    private void Tell(VerbResult result)
    {
        foreach (var line in result.Lines)
        {
            context.Terminal.Message(line);
        }
    }

    /// <summary>The folder with its list of seeds, made when the first run needs it.</summary>
    private RunGroup GroupOf(IReadOnlyList<int> seeds) => _group ??= _path is null
        ? RunGroup.Create(RunPlace.Root, RunPlace.NameOf(arguments) + "-seeds", seeds)
        : RunGroup.CreateAt(_path, seeds);

    /// <summary>Writes what the finished runs say together; null if there is none.</summary>
    private ComparedRuns? Conclude(IReadOnlyList<int> seeds)
    {
        var group = GroupOf(seeds);
        if (ComparedRuns.Of(group) is not { } runs)
        {
            return null;
        }

        JsonFiles.Save(group.SummaryPath, runs.Comparison);
        ComparisonReport.Write(group.ReportPath, $"DPT runs {Path.GetFileName(Path.GetFullPath(group.FolderPath))}", runs);
        return runs;
    }
}
