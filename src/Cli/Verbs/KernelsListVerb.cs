using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The ladder of variants of every operator.</summary>
internal sealed class KernelsListVerb : Verb<CommonArguments>
{
    public override string Name => "kernels list";

    public override string Purpose => "operators and their variants, with the idea of each; * marks the default";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples => ["kernels list", "kernels list attention --json"];

    protected override int Execute(CommonArguments arguments, CliContext context)
    {
        var found = KernelPattern.Find(arguments.Words.FirstOrDefault(""));
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(found.Select(f => new
            {
                Id = f.Operator.IdOf(f.Variant),
                Targets = Targets(f.Variant),
                Default = f.IsDefault,
                f.Variant.Idea,
            })));
            return ExitCodes.Done;
        }

        var table = new TextTable();
        foreach (var (op, variant, isDefault) in found)
        {
            table.Add(isDefault ? "*" : " ", op.IdOf(variant), Targets(variant), variant.Idea);
        }

        table.Print(context.Terminal);
        return ExitCodes.Done;
    }

    private static string Targets(KernelVariant variant) =>
        variant.Targets.ToString().ToLowerInvariant().Replace(", ", "+");
}
