namespace DPT.Engine.Dpt.Tests;

/// <summary>The estimate against what runs really took, from sizes where one part or another is the hungriest.</summary>
public sealed class MemoryEstimateTests
{
    private static readonly DptOptions _short = TinyOptions.Run with
    {
        Stage1 = TinyOptions.Run.Stage1 with { Steps = 1 },
        Diffusion = TinyOptions.Run.Diffusion with { Steps = 1 },
        Stage3 = TinyOptions.Run.Stage3 with { Steps = 1 },
        Generate = TinyOptions.Run.Generate with { Evaluations = 2 },
    };

    private static readonly Dictionary<string, DptOptions> _runs = new()
    {
        ["tiny"] = _short,
        ["stage 1, wide"] = _short with { Classifier = _short.Classifier with { Width = 96, Depth = 3 } },
        ["stage 1, large batch"] = _short with { Stage1 = _short.Stage1 with { UnlabelledBatch = 600 } },
        ["stage 3, deep MLP"] = _short with
        {
            Stage3 = _short.Stage3 with { LabelledBatch = 400 },
            Classifier = _short.Classifier with { Width = 32, Depth = 4, MlpRatio = 8 },
        },
        ["stage 1, residual network"] = _short with
        {
            Classifier = _short.Classifier with { Network = "resnet", PatchSize = 2, Width = 16 },
        },
        ["stage 3, deep residual network"] = _short with
        {
            Stage3 = _short.Stage3 with { LabelledBatch = 100 },
            Classifier = _short.Classifier with { Network = "resnet", PatchSize = 4, Width = 48, Depth = 3 },
        },
        ["stage 1, wide residual network"] = _short with { Classifier = TinyOptions.WideResNet with { Width = 12 } },
        ["stage 3, deep wide residual network"] = _short with
        {
            Stage3 = _short.Stage3 with { LabelledBatch = 40 },
            Classifier = TinyOptions.WideResNet with { Width = 16, Depth = 16 },
        },
        ["stage 1, wide residual network on labels alone"] = _short with
        {
            Stage1 = _short.Stage1 with { LabelledBatch = 300, UnlabelledBatch = 0 }, Classifier = TinyOptions.WideResNet,
        },
        ["stage 1, mixed images"] = _short with
        {
            Stage1 = _short.Stage1 with { Algorithm = "regmixmatch", UnlabelledBatch = 300 },
            Classifier = _short.Classifier with { Network = "resnet", PatchSize = 2, Width = 16 },
        },
        ["stage 1, mixed images of a wide residual network"] = _short with
        {
            Stage1 = _short.Stage1 with { Algorithm = "regmixmatch", LabelledBatch = 90, UnlabelledBatch = 90 },
            Classifier = TinyOptions.WideResNet with { Width = 12 },
        },
        ["generator, wide"] = _short with { Diffusion = _short.Diffusion with { Width = 192, Depth = 4 } },
        ["generator, large batch"] = _short with { Diffusion = _short.Diffusion with { Width = 64, Batch = 256 } },
        ["generator, micro-batches"] = _short with
        {
            Diffusion = _short.Diffusion with { Width = 128, Batch = 256, Accumulation = 4 },
        },
        ["generator, recomputing"] = _short with
        {
            Diffusion = _short.Diffusion with { Width = 64, Depth = 8, Batch = 256, Recompute = true },
        },
        ["generator, small patches"] = _short with { Diffusion = _short.Diffusion with { PatchSize = 2, Width = 32, Batch = 128 } },
        ["generator, U-Net"] = _short with { Diffusion = TinyOptions.SongUNet with { Steps = 1, Width = 32 } },
        ["generator, U-Net recomputing"] = _short with
        {
            Diffusion = TinyOptions.SongUNet with { Steps = 1, Width = 16, Depth = 2, ChannelMultipliers = "2:2", Batch = 64, Recompute = true },
        },
        ["drawing with a U-Net"] = _short with
        {
            Diffusion = TinyOptions.SongUNet with { Steps = 1, Width = 16, Batch = 2 },
            Generate = _short.Generate with { PerClass = 96, Batch = 96 },
        },
        ["drawing"] = _short with
        {
            Diffusion = _short.Diffusion with { Width = 128 },
            Generate = _short.Generate with { PerClass = 256, Batch = 256 },
        },
    };

    private static IEnumerable<string> Names => _runs.Keys;

    [TestCaseSource(nameof(Names))]
    public void Estimate_OfARun_IsWhatItTakes(string name)
    {
        using var folder = new TemporaryFolder();
        using var device = new Kernels.HostDevice(threads: 1);
        var estimate = DptPlan.Of(_runs[name], device).MemoryBytes;
        var taken = TinyRun.In(folder["run"], _runs[name]).Result!.PeakMemoryBytes;
        TestContext.Out.WriteLine($"{name}: estimated {estimate:n0}, taken {taken:n0}, ratio {estimate / (double)taken:f2}");
        Assert.That(estimate / (double)taken, Is.InRange(0.9, 1.5));
    }
}
