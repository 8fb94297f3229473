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
                Proven = Proven(f),
                Default = f.IsDefault,
                f.Variant.Idea,
            })));
            return ExitCodes.Done;
        }

        var table = new TextTable();
        foreach (var one in found)
        {
            var (op, variant, isDefault) = one;
            table.Add(isDefault ? "*" : " ", op.IdOf(variant), Targets(variant), Proven(one), variant.Idea);
        }

        table.Print(context.Terminal);
        return ExitCodes.Done;
    }

    /// <summary>Where all cases of a variant are known to pass: the tests hold host and simulator, a board a card.</summary>
    private static string Proven(RegisteredVariant found) =>
        (found.Variant.Targets & DeviceKind.Cuda) == 0 ? "proven here"
        : HardwareProofs.DeviceOf(found.Operator.IdOf(found.Variant)) is { } device ? $"proven on {device}"
        : "proven on sim, unproven on hardware";

    private static string Targets(KernelVariant variant) =>
        variant.Targets.ToString().ToLowerInvariant().Replace(", ", "+");
}
