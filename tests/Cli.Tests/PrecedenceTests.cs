using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>Flag beats environment beats file beats preset beats default, and every value knows where it is from.</summary>
public sealed class PrecedenceTests
{
    private static readonly string[] Layers = ["default", "preset", "file", "DPT_SET", "variable", "--set"];

    [TestCase(0, 600, "default")]
    [TestCase(1, 20, "preset digits-smoke")]
    [TestCase(2, 30, "file ")]
    [TestCase(3, 40, "DPT_SET")]
    [TestCase(4, 50, "DPT_STAGE1__STEPS")]
    [TestCase(5, 60, "--set")]
    public void Layer_OnTopOfTheOthers_Wins(int top, int expected, string origin)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("settings.json", """{ "stage1": { "steps": 30, /* a comment */ } }""");
        var environment = new Dictionary<string, string>();
        if (top >= 3)
        {
            environment["DPT_SET"] = "stage1.steps=40,seed=3";
        }

        if (top >= 4)
        {
            environment["DPT_STAGE1__STEPS"] = "50";
        }

        var config = ConfigLoader.Load(
            top >= 1 ? "digits-smoke" : null,
            top >= 2 ? file : null,
            environment,
            top >= 5 ? [new Assignment("stage1.steps", "60", "--set")] : []);

        var value = config.Values["stage1.steps"];
        Assert.That(value.Value, Is.EqualTo(expected), $"layer {Layers[top]}");
        Assert.That(value.Origin, Does.StartWith(origin));
        Assert.That(config.ToOptions().Stage1.Steps, Is.EqualTo(expected));
    }

    [Test]
    public void Set_AfterAFlag_BeatsIt()
    {
        var run = CommandLine.Run("config", "show", "seed", "--seed", "4", "--set", "seed=5");
        Assert.That(run.Out, Is.EqualTo("seed  5  --set\n"));
    }

    [Test]
    public void Flag_BeatsTheEnvironment()
    {
        var run = CommandLine.Run(
            ["config", "show", "seed", "--seed", "4"], new FakeCommands(), new() { ["DPT_SEED"] = "9" });
        Assert.That(run.Out, Is.EqualTo("seed  4  --seed\n"));
    }

    [Test]
    public void File_WithDotsInNames_IsTheSame()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("settings.json", """{ "stage1.steps": 31, "stage3": { "steps": 32 } }""");
        var options = ConfigLoader.Load(null, file, new Dictionary<string, string>(), []).ToOptions();
        Assert.That((options.Stage1.Steps, options.Stage3.Steps), Is.EqualTo((31, 32)));
    }

    [Test]
    public void Resume_TakesTheSavedSettings_AndFlagsOnly()
    {
        using var folder = new TemporaryFolder();
        var saved = ConfigLoader.Load("digits-smoke", null, new Dictionary<string, string>(), [new Assignment("seed", "7", "--seed")]);
        var file = folder.Write("config.resolved.json", saved.ToJson());

        var config = ConfigLoader.Resume(file, [new Assignment("stage3.steps", "99", "--set")]);

        Assert.That(config.Values["seed"], Is.EqualTo(new ConfigValue(7, "--seed")));
        Assert.That(config.Values["stage1.steps"], Is.EqualTo(new ConfigValue(20, "preset digits-smoke")));
        Assert.That(config.ToOptions(), Is.EqualTo(saved.ToOptions() with
        {
            Stage3 = saved.ToOptions().Stage3 with { Steps = 99 },
        }));
    }

    /// <summary>Also a whole file that lacks settings: today's defaults must not fill the gaps of an old run.</summary>
    [TestCase("""{ "seed": 3 }""", "is damaged")]
    [TestCase("""{ "seed": { "value": 3, "origin": "--seed" } }""", "lacks classifier.depth, classifier.heads")]
    [TestCase("{}", "lacks classifier.depth")]
    [TestCase("", "is damaged")]
    public void Resume_DamagedFile_IsACheckFailureThatSaysWhatToDo(string content, string says)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config.resolved.json", content);
        Assert.That(
            () => ConfigLoader.Resume(file, []),
            Throws.TypeOf<DptException>().With.Property("Kind").EqualTo(FailureKind.Check)
                .And.Message.Contains(says).And.Message.Contains("start a new run"));
    }
}
