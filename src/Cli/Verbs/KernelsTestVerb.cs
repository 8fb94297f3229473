using System.Text.Json.Serialization;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Proves variants against their double-precision references.</summary>
internal sealed class KernelsTestVerb : Verb<KernelTestArguments>
{
    public override string Name => "kernels test";

    public override string Purpose =>
        "prove variants: double reference, also on hard values and NaN, guard bands, unwritten outputs, same bits twice";

    public override string? Word => "PATTERN";

    public override IReadOnlyList<string> Examples =>
    [
        "kernels test --device host",
        "kernels test layernorm.forward --device sim --seed 7",
        $"kernels test --replay {FailedProof.DefaultFile}",
    ];

    protected override int Execute(KernelTestArguments arguments, CliContext context)
    {
        var replayed = arguments.Replay is null ? null : FailedProof.Read(arguments.Replay);
        var name = arguments.Device ?? replayed?.Select(f => f.Device).FirstOrDefault() ?? "auto";
        using var device = DeviceChoice.Open(name, kernels: null, context.Terminal);
        var proofs = replayed is null
            ? Registered(device, arguments)
            : [.. replayed.GroupBy(f => f.Id).Select(g => new Proof(KernelPattern.FindOne(g.Key), [.. g.Select(f => f.Find())]))];
        using var other = arguments.Against is null ? null : DeviceChoice.Open(arguments.Against, kernels: null, context.Terminal);
        var outcomes = context.Terminal.Watch(observer => Prove(device, other, proofs, observer, context.Stop));
        if (arguments.Json)
        {
            context.Terminal.Result(JsonText.Of(outcomes));
        }
        else
        {
            Print(outcomes, context.Terminal);
        }

        DeviceChoice.TellCode(device, context.Terminal);
        var failed = outcomes.SelectMany(o => o.Failed).ToList();
        if (failed.Count > 0)
        {
            FailedProof.Write(failed);
            context.Terminal.Message($"the failing cases are in {FailedProof.DefaultFile}; `--replay {FailedProof.DefaultFile}` runs them");
        }

        return outcomes.TrueForAll(o => o.Faults.Count == 0) ? ExitCodes.Done : ExitCodes.Check;
    }

    /// <summary>What the pattern names, on the cases that the device supports.</summary>
    private static List<Proof> Registered(Device device, KernelTestArguments arguments)
    {
        var seed = arguments.Seed is null ? 1 : ReadSeed(arguments.Seed);
        return [.. KernelPattern.Find(arguments.Words.FirstOrDefault(""))
            .Where(v => (v.Variant.Targets & device.Kind) != 0)
            .Select(v => new Proof(v, [.. Cases(v).Select(c => (c, seed))]))];

        IEnumerable<KernelCase> Cases(RegisteredVariant v) => arguments.Case is { } label
            ? [CaseChoice.Find(v.Operator, label, c => CaseChoice.Supports(device, v.Variant, c))]
            : CaseChoice.All(device, v.Operator, v.Variant);
    }

    private static List<Outcome> Prove(
        Device device, Device? other, List<Proof> proofs, IRunObserver observer, CancellationToken stop)
    {
        var outcomes = new List<Outcome>();
        foreach (var (found, cases) in proofs)
        {
            stop.ThrowIfCancellationRequested();
            var outcome = new Outcome(found.Operator.IdOf(found.Variant), cases.Count)
            {
                Hard = cases.Where(c => c.Case.Hardship is not null)
                    .CountBy(c => c.Case.Hardship!.Value.ToString()).ToDictionary(),
            };
            using var counting = outcome.CountOn(device as SimDevice);
            if (cases.Count == 0)
            {
                outcome.Faults.Add($"{outcome.Id} supports none of its operator's cases");
            }

            foreach (var (kernelCase, seed) in cases)
            {
                var faults = KernelProver.TryProve(device, found.Operator, found.Variant, kernelCase, seed);
                outcome.Faults.AddRange(faults);
                if (faults.Count > 0)
                {
                    outcome.Failed.Add(new FailedProof(
                        outcome.Id, kernelCase.Label, seed, device.Kind.ToString().ToLowerInvariant(), faults));
                }
                else if (other is not null && CaseChoice.Supports(other, found.Variant, kernelCase))
                {
                    outcome.OtherBits.AddRange(BitAgreement
                        .Differences(device, other, found.Variant, kernelCase, seed)
                        .Select(d => $"[{kernelCase.Label}] {d}"));
                }
            }

            outcomes.Add(outcome);
            observer.Progress(new WorkProgress("prove", outcomes.Count, proofs.Count, "variants", 0, outcome.Id));
        }

        return outcomes;
    }

    private static void Print(List<Outcome> outcomes, Terminal terminal)
    {
        var table = new TextTable();
        foreach (var outcome in outcomes)
        {
            table.Add(
                outcome.Faults.Count == 0 ? "ok" : "FAILED", outcome.Id, $"{outcome.Cases} cases",
                HardText(outcome.Hard.Values.Sum()), Million(outcome.LaneInstructions));
        }

        if (outcomes.Count > 1)
        {
            table.Add(
                outcomes.TrueForAll(o => o.Faults.Count == 0) ? "ok" : "FAILED",
                $"{outcomes.Count} variants",
                $"{outcomes.Sum(o => o.Cases)} cases",
                HardText(outcomes.Sum(o => o.Hard.Values.Sum())),
                Million(outcomes.Sum(o => o.LaneInstructions)));
        }

        table.Print(terminal);
        foreach (var fault in outcomes.SelectMany(o => o.Faults))
        {
            terminal.Result(fault);
        }

        foreach (var outcome in outcomes.Where(o => o.OtherBits.Count > 0))
        {
            terminal.Result($"{outcome.Id} has other bits there {outcome.OtherBits.Count} times, first {outcome.OtherBits[0]}");
        }
    }

    private static string HardText(int cases) => cases == 0 ? "" : $"{cases} of them hard";

    private static string Million(long instructions) =>
        instructions == 0 ? "" : FormattableString.Invariant($"{instructions / 1e6:0.0} million instructions of threads");

    private static int ReadSeed(string text)
    {
        var key = ConfigKeys.All["seed"];
        return key.TryRead(text, out var value)
            ? (int)value!
            : throw new DptException(FailureKind.Usage, $"--seed: seed is '{text}', it must be {key.Allowed}");
    }

    private sealed record Proof(RegisteredVariant Found, IReadOnlyList<(KernelCase Case, int Seed)> Cases);

    private sealed record Outcome(string Id, int Cases)
    {
        public List<string> Faults { get; } = [];

        /// <summary>How many of the cases are hard, by kind.</summary>
        public required IReadOnlyDictionary<string, int> Hard { get; init; }

        [JsonIgnore]
        public List<FailedProof> Failed { get; } = [];

        /// <summary>Operands that the other device computes with other bits: no fault, where instructions are approximate.</summary>
        public List<string> OtherBits { get; } = [];

        /// <summary>Instructions that threads ran on the simulator; 0 elsewhere.</summary>
        public long LaneInstructions { get; private set; }

        /// <summary>Counts launches on the simulator, if it is one, until the result is disposed of.</summary>
        public IDisposable? CountOn(SimDevice? simulator)
        {
            if (simulator is null)
            {
                return null;
            }

            simulator.Launched += Count;
            return new Counting(() => simulator.Launched -= Count);

            void Count(SimStatistics launch) => LaneInstructions += launch.LaneInstructions;
        }
    }

    private sealed class Counting(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
