using System.Diagnostics.CodeAnalysis;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class KernelSelectionTests
{
    private static readonly Operator<AxpbyCall> Two =
        new("two", () => [], new Picky("host-v2-odd", remainder: 1), new Picky("host-v1-even", remainder: 0));

    private static readonly Operator<AxpbyCall> Rough =
        new("rough", () => [], new Picky("host-v2-rough", remainder: 0, extraError: 0.01), new Picky("host-v1-even", remainder: 0));

    private string? _environment;

    [SetUp]
    public void KeepEnvironment() => _environment = Environment.GetEnvironmentVariable(KernelSelection.Variable);

    [TearDown]
    public void RestoreEnvironment() => Environment.SetEnvironmentVariable(KernelSelection.Variable, _environment);

    [Test]
    public void Resolve_NoChoice_TakesTheFirstThatSupportsTheCall()
    {
        var selection = new KernelSelection();
        using var device = new HostDevice(threads: 1, selection: selection);
        Assert.That(selection.Resolve(Two, Call(3), device).Name, Is.EqualTo("host-v2-odd"));
        Assert.That(selection.Resolve(Two, Call(4), device).Name, Is.EqualTo("host-v1-even"));
    }

    [Test]
    public void Resolve_FlagEnvironmentAndDefault_TheStrongestWins()
    {
        Environment.SetEnvironmentVariable(KernelSelection.Variable, "matmul=host-v1-naive");
        var selection = KernelSelection.FromEnvironment();
        Assert.That(Chosen(new KernelSelection()), Is.EqualTo(MatMulOperators.MatMul.Variants[0].Name));
        Assert.That(Chosen(selection), Is.EqualTo("host-v1-naive"));

        selection.Choose("matmul=host-v2-packed", KernelSelection.Origin.Flag);
        Assert.That(Chosen(selection), Is.EqualTo("host-v2-packed"));

        selection.Choose("matmul=host-v1-naive", KernelSelection.Origin.Environment);
        Assert.That(Chosen(selection), Is.EqualTo("host-v2-packed"), "a weaker origin overruled a flag");
    }

    [TestCase("axbpy=host-v1-simd", "there is no operator 'axbpy'; there are matmul, ")]
    [TestCase("axpby=host-v9", "operator 'axpby' has no variant 'host-v9'; it has host-v1-simd")]
    [TestCase("axpby", "kernel choice 'axpby' is not of the form operator=variant")]
    public void RequireKnown_UnknownName_SaysWhatThereIs(string text, string message) => Assert.That(
        () =>
        {
            var selection = new KernelSelection();
            selection.Choose(text, KernelSelection.Origin.Flag);
            KernelRegistry.RequireKnown(selection);
        },
        Throws.TypeOf<KernelException>().With.Message.StartsWith(message));

    [Test]
    public void Resolve_UnknownVariant_IsRefused()
    {
        var selection = new KernelSelection();
        selection.Choose("matmul=host-v9", KernelSelection.Origin.Flag);
        Assert.That(
            () => Chosen(selection),
            Throws.TypeOf<KernelException>().With.Message.StartsWith("operator 'matmul' has no variant 'host-v9'; it has "));
    }

    [Test]
    public void Choose_SeveralWithSpaces_TakesAll()
    {
        var selection = new KernelSelection();
        selection.Choose(" axpby = host-v1-simd, matmul=host-v1-naive ,", KernelSelection.Origin.Flag);
        Assert.That(Chosen(selection), Is.EqualTo("host-v1-naive"));
    }

    [Test]
    public void Resolve_ChoiceThatCannotRun_SaysWhoChoseItAndWhyNot()
    {
        var selection = new KernelSelection();
        selection.Choose("matmul=host-v1-naive", KernelSelection.Origin.Flag);
        using var device = new FakeCudaDevice(selection);
        Assert.That(
            () => selection.Resolve(MatMulOperators.MatMul, Product(), device),
            Throws.TypeOf<KernelException>().With.Message.EqualTo(
                "variant 'matmul/host-v1-naive' (chosen by Flag) cannot run "
                + Product().Shape + ": runs on Host, not on Cuda"));
    }

    [Test]
    public void Resolve_NothingFits_GivesEveryReason()
    {
        var selection = new KernelSelection();
        using var device = new FakeCudaDevice(selection);
        Assert.That(
            () => selection.Resolve(Two, Call(3), device),
            Throws.TypeOf<KernelException>().With.Message.EqualTo(string.Join(
                Environment.NewLine,
                "two count=3 alpha=1 beta=0 on Cuda:",
                "  host-v2-odd: runs on Host, not on Cuda",
                "  host-v1-even: runs on Host, not on Cuda")));
    }

    [Test]
    public void Explain_Default_NamesTheChosenAndTheReasonsAgainstTheOthers()
    {
        var selection = new KernelSelection();
        using var device = new HostDevice(threads: 1, selection: selection);
        Assert.That(selection.Explain(Two, Call(4), device), Is.EqualTo(string.Join(
            Environment.NewLine,
            "two count=4 alpha=1 beta=0 on Host:",
            "  host-v2-odd: count must leave 1 when halved",
            "  host-v1-even: chosen by Default")));
    }

    [Test]
    public void Explain_Choice_NamesItsOriginAndWhatWasPassedOver()
    {
        var selection = new KernelSelection();
        selection.Choose("matmul=host-v1-naive", KernelSelection.Origin.Flag);
        using var device = new HostDevice(threads: 1, selection: selection);
        var text = selection.Explain(MatMulOperators.MatMul, Product(), device);
        Assert.That(text, Does.Contain("host-v1-naive: chosen by Flag"));
        Assert.That(text, Does.Contain("host-v2-packed: passed over"));
    }

    [Test]
    public void Resolve_SmallerPrecision_IsNeverTheDefault()
    {
        var selection = new KernelSelection();
        using var device = new HostDevice(threads: 1, selection: selection);
        Assert.That(selection.Resolve(Rough, Call(4), device).Name, Is.EqualTo("host-v1-even"));
        Assert.That(selection.Explain(Rough, Call(4), device), Is.EqualTo(string.Join(
            Environment.NewLine,
            "rough count=4 alpha=1 beta=0 on Host:",
            "  host-v2-rough: adds an error of 0.01, so it only runs where it is asked for by name",
            "  host-v1-even: chosen by Default")));
    }

    [Test]
    public void Resolve_SmallerPrecisionMeasuredBest_IsStillNotTaken()
    {
        var tuning = TuningCache.Open(Path.Combine(TestContext.CurrentContext.WorkDirectory, "no such tuning cache"));
        var selection = new KernelSelection(tuning);
        using var device = new HostDevice(threads: 1, selection: selection);
        tuning.Set(device, Rough.Name, Call(4).SampleShape, Rough.Variants[0].Name);
        Assert.That(selection.Resolve(Rough, Call(4), device).Name, Is.EqualTo("host-v1-even"));
    }

    [Test]
    public void Resolve_SmallerPrecisionByName_RunsIt()
    {
        var selection = new KernelSelection();
        selection.Choose("matmul=v4-tensor-bf16", KernelSelection.Origin.Flag);
        using var device = new FakeCudaDevice(selection);
        Assert.That(selection.Resolve(MatMulOperators.MatMul, Product(), device).Name, Is.EqualTo("v4-tensor-bf16"));
        Assert.That(new KernelSelection().Resolve(MatMulOperators.MatMul, Product(), device).IsOnlyByName, Is.False);
        Assert.That(KernelRegistry.Describe(new KernelSelection(), DeviceKind.Cuda)["matmul"], Is.EqualTo("v5-small-tiles (Default)"));
    }

    private static string Chosen(KernelSelection selection)
    {
        using var device = new HostDevice(threads: 1, selection: selection);
        return selection.Resolve(MatMulOperators.MatMul, Product(), device).Name;
    }

    private static AxpbyCall Call(int count) => new() { Count = count, Alpha = 1, Beta = 0, X = default, Y = default };

    private static MatMulCall Product() => new() { M = 2, N = 3, K = 4, A = default, B = default, C = default };

    /// <summary>A variant for even or for odd counts.</summary>
    private sealed class Picky(string name, int remainder, double extraError = 0) : KernelVariant<AxpbyCall>
    {
        public override string Name => name;

        public override string Idea => "to be chosen";

        public override DeviceKind Targets => DeviceKind.Host;

        public override double ExtraError => extraError;

        public override bool Supports(in AxpbyCall call, Device device, [NotNullWhen(false)] out string? reason)
        {
            reason = call.Count % 2 == remainder ? null : $"count must leave {remainder} when halved";
            return reason is null;
        }

        public override void Launch(Device device, in AxpbyCall call) => throw new NotSupportedException();
    }
}
