using DPT.Engine.Kernels;

namespace Differential.Tests;

/// <summary>
/// Every operator against PyTorch in the same precision, both measured from the double reference, on every case of
/// the registry: the reference says what PyTorch says, and our kernels are not less exact.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class OperatorTests
{
    private const int Seed = 11;

    /// <summary>
    /// Most operations of a case on the simulator here. It proves all cases against the double reference elsewhere; those that are large
    /// for the sake of tiles round no otherwise than small ones.
    /// </summary>
    private const double MostFlops = 1e6;

    public static IEnumerable<TestCaseData> Operators() => KernelRegistry.Operators
        .Where(op => TorchYardstick.Find(op) is not null)
        .Select(op => new TestCaseData(op).SetArgDisplayNames(op.Name));

    [Test]
    public void Registry_EveryOperator_HasAYardstickOrAReason() => Assert.Multiple(() =>
    {
        foreach (var op in KernelRegistry.Operators)
        {
            Assert.That(
                TorchYardstick.Find(op) is null,
                Is.EqualTo(TorchYardstick.Without.ContainsKey(op.Name)),
                $"'{op.Name}' needs a yardstick in Yardsticks/, or else a reason in TorchYardstick.Without");
        }
    });

    [TestCaseSource(nameof(Operators))]
    public void Reference_EveryCase_IsWhatTorchComputes(Operator op)
    {
        // PyTorch may be less exact than we ask of ourselves (it rounds the angles of the time token, for one), but
        // where the two mean different things they are a thousand limits apart.
        const double Leeway = 10;
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        var faults =
            from kernelCase in op.Cases()
            from error in TorchYardstick.Errors(host, TorchYardstick.Find(op)!, kernelCase, Seed)
            where error.Value.Share > Leeway
            select $"{op.Name} [{kernelCase.Label}] '{error.Key}' by PyTorch: {error.Value}";
        Assert.That(faults, Is.Empty);
    }

    [TestCaseSource(nameof(Operators))]
    public void HostVariants_EveryCaseAndWidth_AreAsExactAsTorch(Operator op)
    {
        var devices = Enum.GetValues<SimdWidth>().Select(width => new HostDevice(threads: 2, width, new KernelSelection())).ToArray();
        RequireAsExactAsTorch(op, op.Cases(), devices);
        Array.ForEach(devices, device => device.Dispose());
    }

    /// <summary>The text that a card would load, run by the simulator. Smaller precision is held to its own bound.</summary>
    [TestCaseSource(nameof(Operators))]
    public void GpuVariants_OnTheSimulator_AreAsExactAsTorch(Operator op)
    {
        using var sim = new SimDevice(selection: new KernelSelection());
        KernelCase[] cases = [.. op.Cases().Where(kernelCase => Flops(kernelCase, sim) <= MostFlops)];
        Assert.That(cases, Has.Length.GreaterThan(3), "cases");
        RequireAsExactAsTorch(op, cases, sim);
    }

    private static void RequireAsExactAsTorch(Operator op, IEnumerable<KernelCase> cases, params Device[] devices)
    {
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        var factor = op.Name.EndsWith(".backward", StringComparison.Ordinal) ? Tolerance.Backward : Tolerance.Forward;
        var faults = new List<string>();
        foreach (var kernelCase in cases)
        {
            var library = TorchYardstick.Errors(host, TorchYardstick.Find(op)!, kernelCase, Seed)
                .ToDictionary(e => e.Key, e => e.Value.MaxError);
            faults.AddRange(
                from device in devices
                from variant in op.Variants
                where Supports(variant, kernelCase, device)
                from fault in KernelProver.Prove(device, op, variant, kernelCase, Seed, library, factor)
                select fault);
        }

        Assert.That(faults, Is.Empty, string.Join(Environment.NewLine, faults));
    }

    private static double Flops(KernelCase kernelCase, Device device)
    {
        using var memory = new CaseMemory(device, kernelCase);
        return kernelCase.Cost(memory).Flops;
    }

    private static bool Supports(KernelVariant variant, KernelCase kernelCase, Device device)
    {
        using var memory = new CaseMemory(device, kernelCase);
        return kernelCase.Supports(device, variant, memory, out _);
    }
}
