using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Proves variants against their double-precision references.</summary>
internal sealed class KernelsTestVerb : Verb<KernelArguments>
{
    public override string Name => "kernels test";

    public override string Purpose => "prove variants: double reference, guard bands, unwritten outputs, same bits twice";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples =>
        ["kernels test --device host", "kernels test layernorm.forward/host-v1-simd --seed 7"];

    protected override int Execute(KernelArguments arguments, CliContext context)
    {
        var seed = arguments.Seed is null ? 1 : ReadSeed(arguments.Seed);
        using var device = DeviceChoice.Open(arguments.Device ?? "auto", kernels: null, context.Terminal);
        var chosen = KernelPattern.Find(arguments.Words.FirstOrDefault(""))
            .Where(v => (v.Variant.Targets & device.Kind) != 0)
            .ToList();
        var outcomes = context.Terminal.Watch(observer => Prove(device, chosen, seed, observer, context.Stop));
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(outcomes));
        }
        else
        {
            Print(outcomes, context.Terminal);
        }

        return outcomes.All(o => o.Faults.Count == 0) ? ExitCodes.Done : ExitCodes.Check;
    }

    private static List<Outcome> Prove(
        Device device, List<RegisteredVariant> chosen, int seed, IRunObserver observer, CancellationToken stop)
    {
        var outcomes = new List<Outcome>();
        foreach (var (op, variant, _) in chosen)
        {
            stop.ThrowIfCancellationRequested();
            var cases = op.Cases().Where(c => IsSupported(device, variant, c)).ToList();
            var faults = cases.SelectMany(c => KernelProver.Prove(device, op, variant, c, seed)).ToList();
            if (cases.Count == 0)
            {
                faults.Add($"{op.IdOf(variant)} supports none of its operator's cases");
            }

            outcomes.Add(new Outcome(op.IdOf(variant), cases.Count, faults));
            observer.Progress(new WorkProgress("prove", outcomes.Count, chosen.Count, "variants", 0, op.IdOf(variant)));
        }

        return outcomes;
    }

    private static bool IsSupported(Device device, KernelVariant variant, KernelCase kernelCase)
    {
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, 1));
        return kernelCase.Supports(device, variant, memory, out _);
    }

    private static void Print(List<Outcome> outcomes, Terminal terminal)
    {
        var table = new TextTable();
        foreach (var outcome in outcomes)
        {
            table.Add(outcome.Faults.Count == 0 ? "ok" : "FAILED", outcome.Id, $"{outcome.Cases} cases");
        }

        table.Print(terminal);
        foreach (var fault in outcomes.SelectMany(o => o.Faults))
        {
            terminal.Result(fault);
        }
    }

    private static int ReadSeed(string text)
    {
        var key = ConfigKeys.All["seed"];
        return key.TryRead(text, out var value)
            ? (int)value!
            : throw new DptException(FailureKind.Usage, $"--seed: seed is '{text}', it must be {key.Allowed}");
    }

    private sealed record Outcome(string Id, int Cases, IReadOnlyList<string> Faults);
}
