using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What all verbs that work in a run folder share: settings, device, folder, log, progress, report.</summary>
/// <typeparam name="T">The class that declares the options.</typeparam>
internal abstract class RunFolderVerb<T> : Verb<T> where T : RunArguments, new()
{
    /// <summary>Whether the verb can start a run; the others need the stages before them.</summary>
    protected virtual bool CanStart => false;

    /// <summary>The stage that the verb runs; null for all of them.</summary>
    protected virtual DptStage? Stage => null;

    /// <summary>Whether the verb only reads: then nothing of the run changes.</summary>
    protected virtual bool OnlyReads => false;

    protected override int Execute(T arguments, CliContext context)
    {
        CheckFolderOptions(arguments);
        RunIn(RunPlace.Of(arguments), Resolve(arguments, context), arguments, context).Print(arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    /// <summary>One run, from its settings to its report; if it is dry, what it would be.</summary>
    protected VerbResult RunIn(RunPlace place, ResolvedConfig config, T arguments, CliContext context)
    {
        var options = config.ToOptions();
        using var device = DeviceChoice.Open(options, arguments.Kernels, context.Terminal);
        var plan = context.Commands.Plan(options, device);
        if (!OnlyReads)
        {
            RunFolder.RequireRoom(place.Room, place.Runs * plan.DiskBytes);
        }

        var session = new RunSession(
            [.. Environment.GetCommandLineArgs().Skip(1)], config.ToJson(), arguments.Overwrite);
        if (arguments.DryRun)
        {
            RequireConsent(place, plan, device, session, context);
            return DryRun.Of(config, plan, context.Commands.CostsOf(plan, device), place);
        }

        using var folder = place.Open();
        context.Terminal.Message($"run folder: {folder.FolderPath}");
        context.Terminal.Message($"memory: about {plan.MemoryBytes >> 20} MiB; disk: at most {plan.DiskBytes >> 20} MiB");
        foreach (var warning in OnlyReads ? [] : plan.Warnings)
        {
            context.Terminal.Message($"warning: {warning}");
        }

        device.Profile = arguments.Profile ? new OperatorProfile() : null;
        var result = Watch(place, config.Plan, new RunRequest(plan, folder, device, new SilentObserver(), session), arguments, context);
        if (device.Profile is { } profile)
        {
            ProfileReport.Write(profile, device, folder, context.Terminal);
        }

        if (File.Exists(folder.ReportPath) && !OnlyReads)
        {
            context.Terminal.Message($"report: {folder.ReportPath}");
        }

        return result;
    }

    /// <summary>Does the work of the verb.</summary>
    protected abstract VerbResult Work(RunRequest request, T arguments, CliContext context);

    protected void CheckFolderOptions(RunArguments arguments)
    {
        var wrong = arguments switch
        {
            { Resume: null } when !CanStart =>
                $"{Name} works in a run folder: give --resume DIR (`dpt train-classifier` and `dpt run` make one)",
            { Resume: not null, Out: not null } => "--out names a new run folder and --resume an old one: give one",
            { Resume: not null, Budget: not null } => "--budget plans a new run; one that exists keeps its settings, --set changes them",
            { Resume: not null, Preset: not null } => "--preset cannot change a run that exists; use --set",
            { Resume: not null, Config: not null } => "--config cannot change a run that exists; use --set",
            { Overwrite: true } when OnlyReads => $"{Name} changes nothing in a run: there is nothing to --overwrite",
            { Overwrite: true, Resume: null, Out: null } =>
                "--overwrite lets stages of an old run be made again: give --resume DIR, or --out DIR to start from the settings of "
                + "this command",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new DptException(FailureKind.Usage, wrong);
        }
    }

    /// <summary>The settings of a run that exists, as the command line changes them.</summary>
    protected static ResolvedConfig Resumed(string run, RunArguments arguments)
    {
        RunFolder.RequireRun(run);
        return ConfigLoader.Resume(Path.Combine(run, RunLayout.ConfigName), ArgumentParser.Assignments(arguments)).WithAbsolutePaths();
    }

    private ResolvedConfig Resolve(RunArguments arguments, CliContext context)
    {
        if (arguments.Resume is not { } run)
        {
            return context.Resolve(arguments).WithAbsolutePaths();
        }

        var config = Resumed(run, arguments);
        if (OnlyReads)
        {
            RequireSettingsOf(
                ConfigLoader.Resume(Path.Combine(run, RunLayout.ConfigName), []), config, ArgumentParser.Assignments(arguments));
        }

        return config;
    }

    /// <summary>A verb that reads has the run's own settings; where it computes is its own affair.</summary>
    private void RequireSettingsOf(ResolvedConfig run, ResolvedConfig asked, IEnumerable<Assignment> flags)
    {
        foreach (var (key, _, origin) in flags.Where(flag => flag.Key != "device"))
        {
            if (!Equals(run.Values[key].Value, asked.Values[key].Value))
            {
                throw new DptException(
                    FailureKind.Usage,
                    $"{Name} reads the run as it is: {key} is {run.Values[key].Text} there, {origin} asks for "
                    + $"{asked.Values[key].Text}; `dpt run --resume DIR --overwrite` makes a run again with other settings");
            }
        }
    }

    private void RequireConsent(RunPlace place, DptPlan plan, Device device, RunSession session, CliContext context)
    {
        if (place.Old is { } old && !OnlyReads)
        {
            using var folder = RunFolder.Open(old);
            context.Commands.RequireConsent(Stage, new RunRequest(plan, folder, device, new SilentObserver(), session));
        }
    }

    /// <summary>The work with a report on the way, and one at its end, also where somebody stops it.</summary>
    private VerbResult WorkWithReport(RunRequest request, T arguments, IRunObserver observer, CliContext context)
    {
        var report = new LiveReport(request.Folder, request.Plan.Data, observer, TimeProvider.System);
        try
        {
            var result = Work(request with { Observer = report }, arguments, context);
            report.Write();
            return result;
        }
        catch (OperationCanceledException)
        {
            report.Write();
            throw;
        }
    }

    /// <summary>The work under the eyes of the user, with its messages in the run's log.</summary>
    private VerbResult Watch(RunPlace place, RunPlan? timed, RunRequest request, T arguments, CliContext context)
    {
        try
        {
            return context.Terminal.Watch(screen =>
            {
                var named = place.Seed is { } seed ? new NamedObserver($"seed {seed}", screen) : screen;
                var observer = timed is null ? named : new WholeRunProgress(named, timed, TimeProvider.System);
                using var log = OnlyReads ? null : new RunLog(request.Folder.LogPath, observer);
                log?.Message($"dpt {EngineVersion.Text} {Name} on {request.Device.Description}");
                return log is null
                    ? Work(request with { Observer = observer }, arguments, context)
                    : WorkWithReport(request, arguments, log, context);
            });
        }
        catch (OperationCanceledException) when (place.Seed is null)
        {
            context.Terminal.Message($"saved; continue with: dpt {Name} --resume {request.Folder.FolderPath}");
            throw;
        }
    }
}
