using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>What all verbs that work in a run folder share: settings, device, folder, log, progress, report.</summary>
internal abstract class RunFolderVerb : Verb<RunArguments>
{
    private const string Root = "runs";

    /// <summary>Whether the verb can start a run; the others need the stages before them.</summary>
    protected virtual bool CanStart => false;

    protected sealed override int Execute(RunArguments arguments, CliContext context)
    {
        CheckFolderOptions(arguments);
        var config = arguments.Resume is null
            ? context.Resolve(arguments)
            : ConfigLoader.Resume(FindConfig(arguments.Resume), ArgumentParser.Assignments(arguments));
        var options = config.ToOptions();
        using var device = DeviceChoice.Open(options.Device, arguments.Kernels, context.Terminal);
        DeviceChoice.RequirePrecision(device, options.Precision);
        var plan = context.Commands.Plan(options);
        if (arguments.DryRun)
        {
            Show(config, plan, arguments.Json, context.Terminal);
            return ExitCodes.Done;
        }

        using var folder = Open(arguments, config);
        context.Terminal.Message($"run folder: {folder.FolderPath}");
        device.Profile = arguments.Profile ? new OperatorProfile() : null;
        var result = Work(options, folder, device, context);
        if (device.Profile is { } profile)
        {
            ProfileReport.Write(profile, device, folder, context.Terminal);
        }

        Report.Write(folder.FolderPath);
        foreach (var line in arguments.Json ? [result.Json] : result.Lines)
        {
            context.Terminal.Result(line);
        }

        context.Terminal.Message($"report: {folder.ReportPath}");
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
            _ => null,
        };
        if (wrong is not null)
        {
            throw new DptException(FailureKind.Usage, wrong);
        }
    }

    private static string FindConfig(string folder)
    {
        var file = Path.Combine(folder, RunFolder.ConfigName);
        return File.Exists(file)
            ? file
            : throw new DptException(
                FailureKind.Environment,
                $"--resume: '{folder}' is not a run folder: it has no {RunFolder.ConfigName}");
    }

    private static RunFolder Open(RunArguments arguments, ResolvedConfig config)
    {
        var folder = arguments switch
        {
            { Resume: { } old } => RunFolder.Open(old),
            { Out: { } asked } => RunFolder.CreateAt(asked),
            _ => RunFolder.Create(Root, arguments.Preset ?? ConfigLoader.DefaultPreset),
        };
        AtomicFile.WriteText(folder.ConfigPath, config.ToJson());
        return folder;
    }

    private VerbResult Work(DptOptions options, RunFolder folder, Device device, CliContext context)
    {
        try
        {
            return context.Terminal.Watch(observer =>
            {
                using var log = new RunLog(folder.LogPath, observer);
                log.Message($"dpt {Application.Version} {Name} on {device.Description}");
                return Execute(new RunRequest(options, folder, device, log), context);
            });
        }
        catch (OperationCanceledException)
        {
            context.Terminal.Message($"saved; continue with: dpt {Name} --resume {folder.FolderPath}");
            throw;
        }
    }

    private static void Show(ResolvedConfig config, IReadOnlyList<NamedValue> plan, bool json, Terminal terminal)
    {
        if (json)
        {
            terminal.Result(JsonText.OfNamed(
                config.Values.Select(v => new NamedValue(v.Key, new { v.Value.Value, v.Value.Origin })).Concat(plan)));
            return;
        }

        var table = new TextTable();
        foreach (var (name, value) in config.Values)
        {
            table.Add(name, value.Text, value.Origin);
        }

        foreach (var value in plan)
        {
            table.Add(value.Name, value.Text, "computed");
        }

        table.Print(terminal);
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
                table.Add(value.Name, new NamedValue(value.Name, item).Text);
            }
        }

        return new VerbResult(table.Lines(), JsonText.OfNamed(values));
    }
}
