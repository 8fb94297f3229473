using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>
/// Broken settings and settings at their edges, with the real engine: each ends with the code that it deserves and one
/// line, none with 1, and what is refused leaves nothing behind.
/// </summary>
public sealed class SettingsTrial
{
    private static readonly string[] _tiny =
    [
        "--preset", "digits-smoke",
        "--device", "host",
        "--set", "data.trainLimit=100,data.testLimit=40,stage1.steps=2,diffusion.steps=2,stage3.steps=2",
        "--set", "generate.perClass=2,generate.evaluations=3,run.evaluationPoints=1",
    ];

    /// <summary>Values that no setting takes, whatever it is; a text takes any but the first.</summary>
    private static readonly string[] _nonsense = ["", "NaN", "1e999", "0x10", "1,5", "ten", "-1", "99999999999999999999"];

    /// <summary>Settings that contradict each other or the data.</summary>
    private static readonly string[] _contradictions =
    [
        "classifier.network=vit,classifier.heads=3", "classifier.network=vit,classifier.width=33",
        "classifier.network=vit,classifier.width=1,classifier.heads=1", "classifier.patchSize=3",
        "classifier.patchSize=32", "classifier.network=vit,classifier.width=514,classifier.heads=2", "diffusion.heads=3", "diffusion.width=33", "diffusion.depth=3",
        "diffusion.patchSize=5", "diffusion.width=514", "diffusion.accumulation=5", "diffusion.accumulation=64",
        "stage1.cropPadding=16", "stage3.cropPadding=64", "data.imageSize=300", "data.imageSize=18", "data.labelsPerClass=11",
        "generate.solver=dpm-solver-3,generate.evaluations=2", "generate.solver=dpm-solver-2,generate.evaluations=1", "generate.perClass=1000000", "data.spec=nothing",
        "data.spec=mnist:", "data.spec=digits:x", "data.spec=folder:/nowhere", "data.labelFile=/nowhere", "probe.features=/nowhere",
        "data.trainLimit=9", "precision=bf16", "device=cuda", "classifier.width=8192,classifier.depth=256",
        "diffusion.width=8192,diffusion.depth=256", "stage1.labelledBatch=65536,stage1.unlabelledBatch=65536,classifier.width=4096",
        "diffusion.network=songunet,diffusion.channelMultipliers=2x2", "diffusion.network=songunet,diffusion.channelMultipliers=0",
        "diffusion.network=songunet,diffusion.channelMultipliers=1:1:1:1:1:1:1:1", "diffusion.network=songunet,diffusion.width=6", "diffusion.augment=0.1",
        "diffusion.network=songunet,diffusion.width=36,diffusion.depth=1", "diffusion.network=songunet,diffusion.width=512,diffusion.channelMultipliers=1:1",
        "generate.batch=65536,diffusion.width=4096,diffusion.depth=64", "generate.solver=ddim,generate.threshold=0.995",
    ];

    /// <summary>Settings at their edges, which work or fail, but never otherwise than in words.</summary>
    private static readonly string[] _edges =
    [
        "stage1.unlabelledBatch=0", "stage3.unlabelledBatch=0,stage3.labelledBatch=1", "generate.perClass=1",
        "generate.guidance=100", "diffusion.labelDropout=1", "stage1.learningRate=10", "diffusion.learningRate=10",
        "stage1.thresholdMomentum=0,stage1.fairnessWeight=1000", "stage1.averageDecay=0,diffusion.averageDecay=0",
        "diffusion.beta1=0,diffusion.beta2=0", "stage1.clipNorm=0,diffusion.clipNorm=0", "generate.batch=1",
        "diffusion.batch=1", "stage1.labelledBatch=1", "stage1.optimizer=sgd,stage1.learningRate=10",
        "generate.solver=edm-heun", "generate.solver=euler-maruyama,generate.evaluations=1", "generate.solver=dpm-solver-12",
        "generate.solver=unipc-2,generate.threshold=1", "generate.solver=dpm-solver++-23,generate.threshold=1e-6",
        "diffusion.schedule=vp,diffusion.prediction=noise", "diffusion.schedule=discrete,generate.solver=dpm-solver++-fast",
        "diffusion.mlpRatio=1,diffusion.qkvBias=true,diffusion.longSkip=false,diffusion.mlpTimeEmbed=true", "diffusion.initialisation=official,diffusion.convolution=false",
        "diffusion.network=songunet,diffusion.width=4,diffusion.depth=1,diffusion.channelMultipliers=1", "diffusion.network=songunet,diffusion.width=8,diffusion.depth=1,diffusion.dropout=0.99,diffusion.augment=1,diffusion.schedule=edm,generate.solver=edm-heun",
        "data.imageSize=4,classifier.patchSize=4,diffusion.patchSize=4,stage1.cropPadding=0,stage3.cropPadding=0",
        "classifier.patchSize=16,diffusion.patchSize=16", "classifier.patchSize=1,classifier.width=8,classifier.heads=1",
        "diffusion.accumulation=32", "diffusion.recompute=true,diffusion.depth=4", "data.labelsPerClass=0",
        "data.labelsPerClass=10", "data.testLimit=1", "data.trainLimit=10,data.labelsPerClass=1", "seed=2147483647",
        "run.checkpointEvery=1,run.checkpointsKept=1", "stage1.weightDecay=10", "diffusion.width=2,diffusion.heads=1",
        "classifier.width=2,classifier.heads=2", "classifier.mlpRatio=16", "stage1.warmUp=2147483647",
        "generate.guidance=0", "diffusion.labelDropout=0", "stage1.unlabelledWeight=1000", "stage1.flip=true,diffusion.flip=true",
    ];

    [Test]
    public void Setting_OfNoUse_IsRefusedInOneLineAndNothingIsWritten()
    {
        using var folder = new TemporaryFolder();
        var cases = (from key in ConfigKeys.All.Values
            from value in _nonsense
            where key is not TextKey || value.Length == 0
            where !key.TryRead(value, out _)
            select $"{key.Name}={value}").Concat(_contradictions).ToList();
        foreach (var setting in Sample(cases, sample: 60))
        {
            var run = CommandLine.RunReal(["run", .. _tiny, .. Sets(setting), "--out", folder.File("run")]);
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage).Or.EqualTo(ExitCodes.Environment), $"{setting}: {run.Err}");
            RequireOneLine(setting, run.Err, run.Out);
            Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty, setting);
        }

        TestContext.Out.WriteLine($"{Sample(cases, sample: 60).Count()} of {cases.Count} settings refused");
    }

    [Test]
    public void Setting_AtItsEdge_WorksOrSaysWhyNot()
    {
        using var folder = new TemporaryFolder();
        var codes = new List<int>();
        foreach (var setting in Sample(_edges, sample: 6))
        {
            var path = folder.File($"run-{codes.Count}");
            var run = CommandLine.RunReal(["run", .. _tiny, .. Sets(setting), "--out", path]);
            codes.Add(run.Code);
            Assert.That(
                run.Code,
                Is.AnyOf(ExitCodes.Done, ExitCodes.Usage, ExitCodes.Environment, ExitCodes.Diverged),
                $"{setting}: {run.Err}");
            if (run.Code == ExitCodes.Done)
            {
                Assert.That(File.ReadAllText(Path.Combine(path, "result.json")), Does.Not.Contain("NaN"), setting);
            }
            else
            {
                RequireOneLine(setting, run.Err, run.Out);
            }
        }

        TestContext.Out.WriteLine(
            $"{codes.Count} of {_edges.Length} settings: "
            + string.Join(", ", codes.CountBy(code => code).OrderBy(c => c.Key).Select(c => $"{c.Value} with exit {c.Key}")));
    }

    private static IEnumerable<string> Sets(string setting) => ["--set", setting];

    /// <summary>All of them, or every so many.</summary>
    private static IEnumerable<string> Sample(IReadOnlyList<string> all, int sample) =>
        Trials.Long ? all : all.Where((_, i) => i % Math.Max(1, all.Count / sample) == 0);

    private static void RequireOneLine(string setting, string errors, string output)
    {
        var failures = errors.Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal)).ToList();
        Assert.That(failures, Has.Count.EqualTo(1), $"{setting}: {errors}");
        Assert.That(errors.TrimEnd().Split('\n')[^1], Is.EqualTo(failures[0]), $"{setting}: the last line says why");
        Assert.That(failures[0], Has.Length.LessThan(700), setting);
        Assert.That(output, Is.Empty, setting);
    }
}
