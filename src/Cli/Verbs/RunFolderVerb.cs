using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What all verbs that work in a run folder share: settings, device, folder, log, progress, report.</summary>
internal abstract class RunFolderVerb : Verb<RunArguments>
{
    private const string Root = "runs";

    /// <summary>Whether the verb can start a run; the others need the stages before them.</summary>
    protected virtual bool CanStart => false;

    /// <summary>The stage that the verb runs; null for all of them.</summary>
    protected virtual DptStage? Stage => null;

    /// <summary>Whether the verb only reads: then nothing of the run changes.</summary>
    protected virtual bool OnlyReads => false;

    protected sealed override int Execute(RunArguments arguments, CliContext context)
    {
        CheckFolderOptions(arguments);
        var config = Resolve(arguments, context);
        var options = config.ToOptions();
        using var device = DeviceChoice.Open(options.Device, arguments.Kernels, context.Terminal);
        DeviceChoice.RequirePrecision(device, options.Precision);
        var plan = context.Commands.Plan(options, device);
        if (!OnlyReads)
        {
            RunFolder.RequireRoom(arguments.Resume ?? arguments.Out ?? Root, plan.DiskBytes);
        }

        var session = new RunSession(
            [.. Environment.GetCommandLineArgs().Skip(1)], config.ToJson(), arguments.Overwrite);
        if (arguments.DryRun)
        {
            RequireConsent(arguments, plan, device, session, context);
            Show(config, plan, arguments.Json, context.Terminal);
            return ExitCodes.Done;
        }

        using var folder = Open(arguments);
        context.Terminal.Message($"run folder: {folder.FolderPath}");
        context.Terminal.Message($"memory: about {plan.MemoryBytes >> 20} MiB; disk: at most {plan.DiskBytes >> 20} MiB");
        foreach (var warning in OnlyReads ? [] : plan.Warnings)
        {
            context.Terminal.Message($"warning: {warning}");
        }

        device.Profile = arguments.Profile ? new OperatorProfile() : null;
        var result = Work(plan, folder, device, session, context);
        if (device.Profile is { } profile)
        {
            ProfileReport.Write(profile, device, folder, context.Terminal);
        }

        Finish(result, folder, arguments.Json, context.Terminal);
        return ExitCodes.Done;
    }

    /// <summary>Does the work of the verb.</summary>
    protected abstract VerbResult Execute(RunRequest request, CliContext context);

    private void CheckFolderOptions(RunArguments arguments)
    {
        var wrong = arguments switch
        {
            { Resume: null } when !CanStart =>
                $"{Name} works in a run folder: give --resume DIR (`dpt train-classifier` and `dpt run` make one)",
            { Resume: not null, Out: not null } => "--out names a new run folder and --resume an old one: give one",
            { Resume: not null, Preset: not null } => "--preset cannot change a run that exists; use --set",
            { Resume: not null, Config: not null } => "--config cannot change a run that exists; use --set",
            { Overwrite: true } when OnlyReads => $"{Name} changes nothing in a run: there is nothing to --overwrite",
            { Overwrite: true, Resume: null } => "--overwrite lets stages of an old run be made again: give --resume DIR",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new DptException(FailureKind.Usage, wrong);
        }
    }

    private ResolvedConfig Resolve(RunArguments arguments, CliContext context)
    {
        if (arguments.Resume is null)
        {
            return context.Resolve(arguments).WithAbsolutePaths();
        }

        RunFolder.RequireRun(arguments.Resume);
        var file = Path.Combine(arguments.Resume, RunLayout.ConfigName);
        var flags = ArgumentParser.Assignments(arguments).ToList();
        var config = ConfigLoader.Resume(file, flags).WithAbsolutePaths();
        if (OnlyReads)
        {
            RequireSettingsOf(ConfigLoader.Resume(file, []), config, flags);
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

    private void RequireConsent(
        RunArguments arguments, DptPlan plan, Device device, RunSession session, CliContext context)
    {
        if (arguments.Resume is { } old)
        {
            using var folder = RunFolder.Open(old);
            context.Commands.RequireConsent(Stage, new RunRequest(plan, folder, device, new SilentObserver(), session));
        }
    }

    private static RunFolder Open(RunArguments arguments) => arguments switch
    {
        { Resume: { } old } => RunFolder.Open(old),
        { Out: { } asked } => RunFolder.CreateAt(asked),
        _ => RunFolder.Create(Root, arguments.Preset ?? ConfigLoader.DefaultPreset),
    };

    private VerbResult Work(DptPlan plan, RunFolder folder, Device device, RunSession session, CliContext context)
    {
        try
        {
            return context.Terminal.Watch(observer =>
            {
                using var log = OnlyReads ? null : new RunLog(folder.LogPath, observer);
                log?.Message($"dpt {EngineVersion.Text} {Name} on {device.Description}");
                return Execute(new RunRequest(plan, folder, device, log ?? observer, session), context);
            });
        }
        catch (OperationCanceledException)
        {
            context.Terminal.Message($"saved; continue with: dpt {Name} --resume {folder.FolderPath}");
            throw;
        }
    }

    private void Finish(VerbResult result, RunFolder folder, bool json, Terminal terminal)
    {
        if (!OnlyReads)
        {
            Report.Write(folder);
        }

        foreach (var line in json ? [result.Json] : result.Lines)
        {
            terminal.Result(line);
        }

        if (!OnlyReads)
        {
            terminal.Message($"report: {folder.ReportPath}");
        }
    }

    private static void Show(ResolvedConfig config, DptPlan plan, bool json, Terminal terminal)
    {
        NamedValue[] sizes =
        [
            new("training images", plan.Data.Train.Count),
            new("test images", plan.Data.Test.Count),
            new("labelled images", plan.Split.Count),
            new("classifier parameters", plan.ClassifierParameters),
            new("generator parameters", plan.GeneratorParameters),
            new("generator tokens per image", plan.GeneratorTokens),
            new("memory, about, MiB", plan.MemoryBytes >> 20),
            new("disk, at most, MiB", plan.DiskBytes >> 20),
        ];
        if (json)
        {
            terminal.Result(JsonText.OfNamed(
            [
                .. config.Values.Select(v => new NamedValue(v.Key, new { v.Value.Value, v.Value.Origin })),
                .. sizes,
                new NamedValue("warnings", plan.Warnings),
            ]));
            return;
        }

        var table = new TextTable();
        foreach (var (name, value) in config.Values)
        {
            table.Add(name, value.Text, value.Origin);
        }

        foreach (var value in sizes)
        {
            table.Add(value.Name, value.Text, "computed");
        }

        table.Print(terminal);
        foreach (var warning in plan.Warnings)
        {
            terminal.Result($"warning: {warning}");
        }
    }
}

/// <summary>A result for people and for programs.</summary>
internal sealed record VerbResult(IEnumerable<string> Lines, string Json)
{
    /// <summary>Named values, one a line; of a list, each item.</summary>
    public static VerbResult Of(IReadOnlyList<NamedValue> values)
    {
        var table = new TextTable();
        foreach (var value in values)
        {
            object[] items = value.Value is IEnumerable<object> list ? [.. list] : [value.Value];
            foreach (var item in items)
            {
                // Names of classes and files may hold anything.
                table.Add(OneLine.Of(value.Name), OneLine.Of(new NamedValue(value.Name, item).Text));
            }
        }

        return new VerbResult(table.Lines(), JsonText.OfNamed(values));
    }
}
