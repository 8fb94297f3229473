using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary><c>dpt probe</c>: what it asks of the engine, what it says, and one real probe.</summary>
public sealed class ProbeTests
{
    [Test]
    public void Probe_HandsEverythingOn()
    {
        using var folder = new TemporaryFolder();
        var commands = new FakeCommands();
        string[] words =
        [
            "probe", "--labels-per-class", "4", "--features", "n.onnx", "--features-output", "o", "--pixels", "caffe", "--side", "9", "--seeds", "2,5-6",
            "--lambda", "0.5", "--neighbours", "7", "--cache", folder.File("cache") + "/", "--device", "host",
        ];
        var run = CommandLine.Run(words, commands);
        Assert.That(run.Code, Is.Zero, run.Err);
        var request = commands.Probes.Single();
        Assert.That(request.Features, Is.EqualTo(new FeatureRecipe("n.onnx") { Output = "o", Scale = "caffe", Side = 9 }));
        Assert.That((request.Data.Spec, request.Data.LabelsPerClass, request.Lambda, request.Neighbours), Is.EqualTo(("digits", 4, 0.5, 7)));
        Assert.That(request.Seeds, Is.EqualTo(new[] { 2, 5, 6 }));
        Assert.That(request.Cache, Is.EqualTo(folder.File("cache")));
    }

    /// <summary>Seeds 1 to 3 have 25, 50 and 75 %.</summary>
    [Test]
    public void Result_HasMeanAndDeviation_ForPeopleAndPrograms()
    {
        var people = CommandLine.Run("probe", "--features", "n.onnx", "--seeds", "1-3", "--device", "host");
        Assert.That(people.Code, Is.Zero, people.Err);
        Assert.That(people.Out, Does.Contain("seed 2: 4 labels, regression 50.00 %, neighbours 12.50 %").And.Contain("a warning"));
        var json = CommandLine.Run("probe", "--features", "n.onnx", "--seeds", "1-3", "--device", "host", "--json");
        using var result = JsonDocument.Parse(json.Out);
        Assert.That(result.RootElement.GetProperty("regressionTop1").GetDouble(), Is.EqualTo(0.5).Within(1e-12));
        Assert.That(result.RootElement.GetProperty("regressionDeviation").GetDouble(), Is.EqualTo(0.25).Within(1e-12));
        Assert.That(result.RootElement.GetProperty("seeds")[2].GetProperty("regression").GetDouble(), Is.EqualTo(0.75));
        var one = CommandLine.Run("probe", "--features", "n.onnx", "--seed", "2", "--device", "host", "--json");
        using var alone = JsonDocument.Parse(one.Out);
        Assert.That(alone.RootElement.GetProperty("seeds").GetArrayLength(), Is.EqualTo(1));
        Assert.That(alone.RootElement.GetProperty("regressionDeviation").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Lambda_CanBeChosenByTheProbe()
    {
        var commands = new FakeCommands();
        string[] words = ["probe", "--features", "n.onnx", "--lambda", "auto", "--device", "host"];
        var run = CommandLine.Run(words, commands);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(commands.Probes.Single().Lambda, Is.Null);
        Assert.That(run.Out, Does.Match("lambda +auto\n").And.Contain("lambda 2.5"));
        using var json = JsonDocument.Parse(CommandLine.Run([.. words, "--json"], commands).Out);
        Assert.That(json.RootElement.GetProperty("lambda").GetString(), Is.EqualTo("auto"));
        Assert.That(json.RootElement.GetProperty("seeds")[0].GetProperty("lambda").GetDouble(), Is.EqualTo(2.5));
    }

    [TestCase("probe: --features FILE is missing")]
    [TestCase("--lambda: lambda is '0', it must be a number 1E-09..1000000000", "--features", "n", "--lambda", "0")]
    [TestCase("--neighbours: neighbours is 'few', it must be a whole number 1..1000000", "--features", "n", "--neighbours", "few")]
    [TestCase("--seeds names all seeds", "--features", "n", "--seeds", "1-2", "--seed", "3")]
    [TestCase("--seeds: 'x' is neither a seed nor a range", "--features", "n", "--seeds", "x")]
    public void WhatCannotBe_IsRefused(string says, params string[] words)
    {
        var run = CommandLine.Run(["probe", "--device", "host", .. words]);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Usage, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
    }

    /// <summary>A transformer of another tool, imported, probed twice: the second time from the cache.</summary>
    [Test]
    public void ImportedTransformer_IsProbed()
    {
        using var folder = new TemporaryFolder();
        ImportTransformer(folder);
        string[] words =
        [
            "probe", "--features", folder.File("vit"), "--pixels", "unit", "--labels-per-class", "1", "--set", "data.trainLimit=100", "--set", "data.testLimit=20",
            "--device", "host", "--cache", folder.File("cache"), "--json",
        ];
        var probe = CommandLine.RunReal(words);
        Assert.That(probe.Code, Is.Zero, probe.Err);
        Assert.That(probe.Out, Does.Contain("class token before the final norm: 16 numbers of 16 x 16 pixels, unit"));
        var again = CommandLine.RunReal(words);
        Assert.That(again.Out, Is.EqualTo(probe.Out));
        var other = CommandLine.RunReal(["probe", "--features", folder.File("none.onnx"), "--device", "host"]);
        Assert.That((other.Code, other.Out), Is.EqualTo((ExitCodes.Environment, "")), other.Err);
        Assert.That(other.Err, Does.Contain("none.onnx"));
    }

    /// <summary>A whole run with such a network under the classifier, for two seeds, and what verbs say of it.</summary>
    [Test]
    public void ImportedTransformer_ClassifiesInRuns()
    {
        using var folder = new TemporaryFolder();
        ImportTransformer(folder);
        string[] words =
        [
            "run", "--preset", "digits-smoke", "--device", "host", "--set", $"probe.features={folder.File("vit")},probe.pixels=unit,probe.cache={folder.File("cache")}",
            "--set", "data.trainLimit=100,data.testLimit=40,diffusion.steps=2,generate.perClass=2,generate.evaluations=3,run.evaluationPoints=1",
        ];
        var plan = CommandLine.RunReal([.. words, "--dry-run"]);
        Assert.That(plan.Code, Is.Zero, plan.Err);
        Assert.That(plan.Out, Does.Match("classifier parameters +160 "));
        var run = CommandLine.RunReal([.. words, "--seeds", "1-2", "--out", folder.File("runs")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain("| mean of 2 |"));
        var seed = folder.File("runs/seed-2");
        Assert.That(File.ReadAllText(Path.Combine(seed, "report.html")), Does.Contain("mean nothing to it"));
        var again = CommandLine.RunReal(["pseudo-label", "--resume", seed]);
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(again.Err, Does.Contain("finished before"));
        Refuses(ExitCodes.Check, "it is a probe", ["export", seed, "--to", "onnx", "--out", folder.File("c.onnx")]);
        Refuses(ExitCodes.Usage, "a budget plans the training of a network", [.. words, "--budget", "1m", "--out", folder.File("planned")]);

        static void Refuses(int code, string says, string[] words)
        {
            var refused = CommandLine.RunReal(words);
            Assert.That((refused.Code, refused.Out), Is.EqualTo((code, "")), refused.Err);
            Assert.That(refused.Err, Does.Contain(says));
        }
    }

    private static void ImportTransformer(TemporaryFolder folder)
    {
        using (var device = new HostDevice(threads: 1))
        using (var store = new ParameterStore(device))
        {
            var sizes = ConfigLoader.Defaults().ToOptions().Classifier with { Network = "vit", PatchSize = 4, Width = 16, Depth = 1, Heads = 2, MlpRatio = 2 };
            _ = new VisionTransformer(store, sizes, new ImageForm(1, 16, 10));
            store.Initialize(1);
            StateDict.Save(folder.File("vit.safetensors"), store.Export(store.Values));
        }

        var import = CommandLine.RunReal(
            ["import", folder.File("vit.safetensors"), "--as", "vit", "--heads", "2", "--features", "--out", folder.File("vit")]);
        Assert.That(import.Code, Is.Zero, import.Err);
    }
}
