using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Every setting with its origin.</summary>
internal sealed class ConfigShowVerb : Verb<PlannedArguments>
{
    public override string Name => "config show";

    public override string Purpose => "every setting, its value, and where the value came from";

    public override string? Word => "PREFIX";

    public override IReadOnlyList<string> Examples =>
        ["config show --preset optdigits", "config show diffusion --set diffusion.steps=400 --json"];

    protected override int Execute(PlannedArguments arguments, CliContext context)
    {
        var config = context.Resolve(arguments);
        if (arguments.Json)
        {
            context.Terminal.Result(config.ToJson().TrimEnd());
            return ExitCodes.Done;
        }

        var prefix = arguments.Words.FirstOrDefault("");
        var shown = config.Values.Where(v => v.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        if (shown.Count == 0)
        {
            throw new DptException(
                FailureKind.Usage,
                $"no setting starts with '{prefix}'{NearestName.Hint(prefix, config.Values.Keys.Concat(Groups(config)))}");
        }

        var table = new TextTable();
        foreach (var (name, value) in shown)
        {
            table.Add(name, value.Text, value.Origin);
        }

        table.Print(context.Terminal);
        return ExitCodes.Done;
    }

    private static IEnumerable<string> Groups(ResolvedConfig config) =>
        config.Values.Keys.Where(k => k.Contains('.')).Select(k => k.Split('.')[0]).Distinct();
}
