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
        var cubins = CubinArchive.Default();
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(found.Select(f => new
            {
                Id = f.Operator.IdOf(f.Variant),
                Targets = Targets(f.Variant),
                Proven = Proven(f),
                Default = f.IsDefault,
                Cubins = Cubins(f.Variant, cubins).Select(a => a.Name),
                f.Variant.Idea,
            })));
            return ExitCodes.Done;
        }

        var table = new TextTable();
        foreach (var one in found)
        {
            var (op, variant, isDefault) = one;
            string[] code = cubins is null ? [] : [Code([.. Cubins(variant, cubins)], variant)];
            table.Add([isDefault ? "*" : " ", op.IdOf(variant), Targets(variant), Proven(one), .. code, variant.Idea]);
        }

        table.Print(context.Terminal);
        return ExitCodes.Done;
    }

    /// <summary>Where all cases of a variant are known to pass: the tests hold host and simulator, a board a card.</summary>
    private static string Proven(RegisteredVariant found) =>
        (found.Variant.Targets & DeviceKind.Cuda) == 0 ? "proven here"
        : HardwareProofs.DeviceOf(found.Operator.IdOf(found.Variant)) is { } device ? $"proven on {device}"
        : "proven on sim, unproven on hardware";

    /// <summary>The architectures for which there are cubins of all kernels of the variant.</summary>
    private static IEnumerable<PtxArchitecture> Cubins(KernelVariant variant, CubinArchive? cubins) =>
        cubins is null || variant is not IGpuVariant gpu ? [] : PtxArchitecture.All.Where(a => gpu.Kernels.All(k => cubins.Has(k, a)));

    private static string Code(IReadOnlyList<PtxArchitecture> cubins, KernelVariant variant) =>
        variant is not IGpuVariant ? ""
        : cubins.Count > 0 ? $"cubins for {string.Join(", ", cubins)}"
        : "compiled by the driver";

    private static string Targets(KernelVariant variant) =>
        variant.Targets.ToString().ToLowerInvariant().Replace(", ", "+");
}
