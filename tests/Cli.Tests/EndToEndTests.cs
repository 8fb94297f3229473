using System.Text.Json;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>The command line with the real engine: a run of seconds, from words to report.</summary>
public sealed class EndToEndTests
{
    private static readonly string[] Tiny =
    [
        "--preset", "digits-smoke",
        "--device", "host",
        "--set", "data.trainLimit=100",
        "--set", "data.testLimit=40",
        "--set", "stage1.steps=3",
        "--set", "diffusion.steps=3",
        "--set", "stage3.steps=3",
        "--set", "generate.perClass=2",
        "--set", "generate.evaluations=3",
    ];

    [Test]
    public void Run_Real_EndsWithResultAndReport()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--json", "--out", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(folder.File("run/report.html"), Does.Exist);
        using var said = JsonDocument.Parse(run.Out);
        using var saved = JsonDocument.Parse(File.ReadAllText(folder.File("run/result.json")));
        Assert.That(JsonElement.DeepEquals(said.RootElement, saved.RootElement));
        Assert.That(said.RootElement.GetProperty("stage2").GetProperty("steps").GetInt32(), Is.EqualTo(3));
    }

    [Test]
    public void DryRun_Real_CountsAndWritesNothing()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--dry-run", "--out", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("training images +100 ").And.Match("labelled images +40 "));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Run_Interrupted_Is130_AndResumeEndsAsIfItHadNotBeen()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        source.Cancel();
        var interrupted = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("run")], source.Token);
        Assert.That(interrupted.Code, Is.EqualTo(ExitCodes.Interrupted));
        Assert.That(interrupted.Out, Is.Empty);
        Assert.That(interrupted.Err, Does.Contain($"dpt run --resume {folder.File("run")}"));
        Assert.That(folder.File("run/result.json"), Does.Not.Exist);

        var resumed = CommandLine.RunReal(["run", "--resume", folder.File("run")]);
        Assert.That(resumed.Code, Is.Zero, resumed.Err);
        var whole = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("whole")]);
        Assert.That(whole.Code, Is.Zero, whole.Err);
        foreach (var weights in new[] { "stage-2-diffusion/generator.safetensors", "stage-3-classifier/classifier.safetensors" })
        {
            Assert.That(
                File.ReadAllBytes(folder.File($"run/{weights}")),
                Is.EqualTo(File.ReadAllBytes(folder.File($"whole/{weights}"))));
        }
    }

    [Test]
    public void Stages_OneByOne_MakeARun()
    {
        using var folder = new TemporaryFolder();
        Succeeds(["train-classifier", .. Tiny, "--out", folder.File("run")]);
        var early = CommandLine.RunReal(["retrain", "--resume", folder.File("run")]);
        Assert.That(early.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(early.Err, Does.Contain("stage-2-diffusion is not finished"));
        foreach (var verb in new[] { "pseudo-label", "train-diffusion", "generate", "retrain" })
        {
            Succeeds([verb, "--resume", folder.File("run")]);
        }

        Assert.That(File.ReadAllText(folder.File("run/report.html")), Does.Contain("stage 3: with pseudo-images"));
        Succeeds(["compare", folder.File("run")]);
        var result = File.ReadAllText(folder.File("run/result.json"));
        var run = CommandLine.RunReal(["run", "--resume", folder.File("run")]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Err.Split("finished before"), Has.Length.EqualTo(4), "nothing is left to do");
        Assert.That(File.ReadAllText(folder.File("run/result.json")), Is.EqualTo(result));
    }

    [Test]
    public void Resume_WithOtherSettings_SaysWhichStageAndWhy_AndWaitsForConsent()
    {
        using var folder = new TemporaryFolder();
        Succeeds(["run", .. Tiny, "--out", folder.File("run")]);
        var settings = File.ReadAllText(folder.File("run/config.resolved.json"));
        foreach (var dry in new string[][] { [], ["--dry-run"] })
        {
            var refused = CommandLine.RunReal(["run", "--resume", folder.File("run"), "--set", "stage3.steps=4", .. dry]);
            Assert.That(refused.Code, Is.EqualTo(ExitCodes.Usage));
            Assert.That(
                refused.Err, Does.Contain("stage-3-classifier was made with other settings or data: stage3.steps 3 -> 4"));
        }

        Assert.That(File.ReadAllText(folder.File("run/config.resolved.json")), Is.EqualTo(settings));
        var again = CommandLine.RunReal(["run", "--resume", folder.File("run"), "--set", "stage3.steps=4", "--overwrite"]);
        Assert.That(again.Code, Is.Zero, again.Err);
        Assert.That(again.Err, Does.Contain("stage-3-classifier: is made again: stage3.steps 3 -> 4"));
    }

    [Test]
    public void SmokePreset_SaysWhatItsNumbersAreWorth()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["run", .. Tiny, "--out", folder.File("run")]);
        Assert.That(run.Out, Does.Contain("warning: the test set has 40 images").And.Contain("warning: the Frechet distance says little"));
        Assert.That(run.Out, Does.Contain("warning: stage 3 has learned nothing that shows"));
    }

    private static void Succeeds(string[] words)
    {
        var run = CommandLine.RunReal(words);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Is.Not.Empty);
    }
}
