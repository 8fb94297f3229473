using System.Reflection;
using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>Options, defaults and limits agree; what is wrong is refused with name, value and allowed range.</summary>
public sealed class ConfigTests
{
    [Test]
    public void Keys_AreThePropertiesOfTheOptions()
    {
        var properties = Properties(typeof(DptOptions), "").ToDictionary(p => p.Name, p => p.Type);
        Assert.That(ConfigKeys.All.Keys, Is.EquivalentTo(properties.Keys));
        foreach (var (name, key) in ConfigKeys.All)
        {
            var type = Nullable.GetUnderlyingType(properties[name]) ?? properties[name];
            Assert.That(key.Type, Is.EqualTo(type), name);
        }
    }

    [Test]
    public void Defaults_HoldEveryKey() =>
        Assert.That(ConfigLoader.Defaults().Values.Keys, Is.EquivalentTo(ConfigKeys.All.Keys));

    [Test]
    public void Defaults_HaveACommentAboveEveryKey()
    {
        var lines = File.ReadAllLines(Repository.File("src/Cli/Configuration/defaults.json")).Select(l => l.Trim()).ToList();
        for (var i = 1; i < lines.Count; i++)
        {
            if (lines[i].StartsWith('"') && !lines[i].EndsWith('{'))
            {
                Assert.That(lines[i - 1], Does.StartWith("//"), lines[i]);
            }
        }
    }

    public static IEnumerable<string> Presets() => ConfigLoader.Presets;

    [TestCaseSource(nameof(Presets))]
    public void Preset_Resolves(string name)
    {
        var config = ConfigLoader.Load(name, null, new Dictionary<string, string>(), []);
        Assert.That(config.ToOptions(), Is.Not.Null);
        Assert.That(config.Values.Values.Select(v => v.Origin), Has.Some.EqualTo($"preset {name}"));
    }

    [TestCase("stage1.steps", "0", "--set: stage1.steps is '0', it must be a whole number from 1")]
    [TestCase("stage1.steps", "1,5", "--set: stage1.steps is '1,5', it must be a whole number from 1")]
    [TestCase("stage1.steps", "1.5", "--set: stage1.steps is '1.5', it must be a whole number from 1")]
    [TestCase("stage1.steps", "99999999999", "--set: stage1.steps is '99999999999', it must be a whole number from 1")]
    [TestCase("stage1.flip", "yes", "--set: stage1.flip is 'yes', it must be true or false")]
    [TestCase("diffusion.learningRate", "0,1", "--set: diffusion.learningRate is '0,1', it must be a number 1E-08..10")]
    [TestCase("diffusion.learningRate", "NaN", "--set: diffusion.learningRate is 'NaN', it must be a number 1E-08..10")]
    [TestCase("diffusion.averageDecay", "1", "--set: diffusion.averageDecay is '1', it must be a number 0..0.999999")]
    [TestCase("diffusion.schedule", "linear", "--set: diffusion.schedule is 'linear', it must be vp, cosine, discrete or edm")]
    [TestCase("data.imageSize", "2", "--set: data.imageSize is '2', it must be a whole number 4..1024 or null")]
    [TestCase("data.spec", "", "--set: data.spec is '', it must be a text that is not empty")]
    [TestCase("stage1.step", "3", "--set: there is no setting 'stage1.step'; did you mean 'stage1.steps'?")]
    [TestCase("labelsPerClass", "3", "--set: there is no setting 'labelsPerClass'; did you mean 'data.labelsPerClass'?")]
    [TestCase("qqqqqqqqqq", "3", "--set: there is no setting 'qqqqqqqqqq'")]
    public void Value_Wrong_IsRefusedWithItsLimits(string key, string value, string message) =>
        Assert.That(
            () => ConfigLoader.Load(null, null, new Dictionary<string, string>(), [new Assignment(key, value, "--set")]),
            Throws.TypeOf<DptException>().With.Message.EqualTo(message).And.Property("Kind").EqualTo(FailureKind.Usage));

    [TestCase("""{ "stage1": { "steps": "30" } }""", "stage1.steps is '30', it must be")]
    [TestCase("""{ "stage1": { "steps": 1.5 } }""", "stage1.steps is '1.5', it must be")]
    [TestCase("""{ "stage1": { "flip": 1 } }""", "stage1.flip is '1', it must be true or false")]
    [TestCase("""{ "stage1": 3 }""", "'stage1' must be an object")]
    [TestCase("""{ "stage1": null }""", "'stage1' must be an object")]
    [TestCase("""{ "stage1": { "stepps": 3 } }""", "did you mean 'stage1.steps'?")]
    [TestCase("""{ "seed": {} }""", "seed is '{}', it must be")]
    [TestCase("""{ "stage1": { "steps": {} } }""", "stage1.steps is '{}', it must be")]
    [TestCase("""{ "stage1.flip": {} }""", "stage1.flip is '{}', it must be")]
    [TestCase("""{ "sede": {} }""", "did you mean 'seed'?")]
    [TestCase("""{ "data": { "spec": "folder:\u0000" } }""", "data.spec is 'folder:?', it must be")]
    [TestCase("""{ "stage1": { "steps": { "x": 3 } } }""", "no setting 'stage1.steps.x'")]
    [TestCase("""{ "seed": 1, "seed": 2 }""", "not valid JSON")]
    [TestCase("""[ 1 ]""", "must be an object")]
    [TestCase("""{ "seed": 1 """, "not valid JSON")]
    public void File_Wrong_IsRefusedWithItsName(string content, string message)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("settings.json", content);
        Assert.That(
            () => ConfigLoader.Load(null, file, new Dictionary<string, string>(), []),
            Throws.TypeOf<DptException>()
                .With.Message.Contains(message).And.Message.StartsWith("file ").And.Message.Contains("settings.json")
                .And.Property("Kind").EqualTo(FailureKind.Usage));
    }

    [TestCase("DPT_STAGE1__STEP", "nothing reads 'DPT_STAGE1__STEP'; did you mean 'DPT_STAGE1__STEPS'?")]
    [TestCase("DPT_NUM_THREAD", "did you mean 'DPT_NUM_THREADS'?")]
    [TestCase("DPT_SIMDD", "did you mean 'DPT_SIMD'?")]
    [TestCase("DPT_SEEED", "did you mean 'DPT_SEED'?")]
    [TestCase("DPT_KERNEL", "did you mean 'DPT_KERNELS'?")]
    [TestCase("DPT_WHAT__EVER", "nothing reads 'DPT_WHAT__EVER'")]
    public void Environment_NearlyOneOfOurs_IsRefusedByEveryVerb(string name, string message)
    {
        foreach (var verb in new[] { "doctor", "config show", "run --dry-run" })
        {
            var run = CommandLine.Run(verb.Split(' '), new FakeCommands(), new() { [name] = "1" });
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage), verb);
            Assert.That(run.Err, Does.Contain(message));
            Assert.That(run.Out, Is.Empty);
        }
    }

    [Test]
    public void Environment_OfNoUse_IsWarnedOf()
    {
        var run = CommandLine.Run(["config", "show", "seed"], new FakeCommands(), new() { ["DPT_MY_OWN_SCRIPT"] = "1" });
        Assert.That((run.Code, run.Out), Is.EqualTo((0, "seed  1  default\n")));
        Assert.That(run.Err, Is.EqualTo("warning: nothing reads the environment variable 'DPT_MY_OWN_SCRIPT'\n"));
    }

    [TestCase("four")]
    [TestCase("0")]
    [TestCase("257")]
    [TestCase("1.5")]
    [TestCase("-1")]
    public void Threads_OfNoUse_AreRefused(string value)
    {
        using var variable = new EnvironmentVariable(HostDevice.ThreadsVariable, value);
        using var folder = new TemporaryFolder();
        foreach (var words in new string[][] { ["doctor"], ["run", "--device", "host", "--out", folder.File("run")] })
        {
            var run = CommandLine.Run(words);
            Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
            Assert.That(run.Err, Is.EqualTo($"error: DPT_NUM_THREADS='{value}': give a whole number 1..256\n"));
        }
    }

    /// <summary>A user without a home has no tuning cache, and nothing is ever written to wherever he happens to be.</summary>
    [TestCase("", "")]
    [TestCase("", "relative")]
    [TestCase("relative", "")]
    public void Home_OfNoUse_IsNotTheCurrentFolder(string home, string data)
    {
        using var first = new EnvironmentVariable("HOME", home);
        using var second = new EnvironmentVariable("XDG_DATA_HOME", data);
        var path = TuningCache.DefaultPath();
        Assert.That(path is null || Path.IsPathFullyQualified(path), path);
        if (path is null)
        {
            Assert.That(CommandLine.Run("doctor").Out, Does.Contain("there is no home folder"));
            var tune = CommandLine.Run("kernels", "tune", "axpby", "--device", "host");
            Assert.That(tune.Code, Is.EqualTo(ExitCodes.Environment), tune.Err);
        }
    }

    [Test]
    public void Resolved_AsAFileOfSettings_GivesTheSameOptions()
    {
        using var folder = new TemporaryFolder();
        var config = ConfigLoader.Load(
            "optdigits", null, new Dictionary<string, string>(), [new Assignment("seed", "7", "--seed")]).WithAbsolutePaths();
        var file = folder.Write("config.resolved.json", config.ToJson());
        var again = ConfigLoader.Load(null, file, new Dictionary<string, string>(), []);
        Assert.That(again.ToOptions(), Is.EqualTo(config.ToOptions()));
        Assert.That(again.Values["seed"].Origin, Is.EqualTo($"file {file}"));
    }

    [Test]
    public void Paths_RelativeOnes_BecomeAbsoluteBesideWhatWasTyped()
    {
        var config = ConfigLoader.Load(
            null,
            null,
            new Dictionary<string, string>(),
            [new Assignment("data.spec", "mnist:some/where", "--data"), new Assignment("data.labelFile", "labels.csv", "--label-file")])
            .WithAbsolutePaths();
        using var document = JsonDocument.Parse(config.ToJson());
        var spec = document.RootElement.GetProperty("data.spec");
        Assert.Multiple(() =>
        {
            Assert.That(config.ToOptions().Data.Spec, Is.EqualTo($"mnist:{Path.GetFullPath("some/where")}"));
            Assert.That(config.ToOptions().Data.LabelFile, Is.EqualTo(Path.GetFullPath("labels.csv")));
            Assert.That(spec.GetProperty("value").GetString(), Is.EqualTo($"mnist:{Path.GetFullPath("some/where")}"));
            Assert.That(spec.GetProperty("typed").GetString(), Is.EqualTo("mnist:some/where"));
            Assert.That(document.RootElement.GetProperty("seed").TryGetProperty("typed", out _), Is.False);
            Assert.That(ConfigLoader.Defaults().WithAbsolutePaths().ToOptions().Data.Spec, Is.EqualTo("digits"));
        });

        using var folder = new TemporaryFolder();
        var read = ConfigLoader.Resume(folder.Write("config.resolved.json", config.ToJson()), []);
        Assert.That(read.Values["data.spec"], Is.EqualTo(config.Values["data.spec"]));
    }

    [Test]
    public void Environment_OtherVariables_AreLeftAlone() =>
        Assert.That(
            EnvironmentLayer.Read(new Dictionary<string, string> { ["DPT_NUM_THREADS"] = "1", ["HOME"] = "/" }), Is.Empty);

    [Test]
    public void Resolved_Json_HoldsValueAndOriginAsTyped()
    {
        var config = ConfigLoader.Load("digits", null, new Dictionary<string, string>(), [new Assignment("seed", "7", "--seed")]);
        using var document = JsonDocument.Parse(config.ToJson());
        var seed = document.RootElement.GetProperty("seed");
        Assert.Multiple(() =>
        {
            Assert.That(seed.GetProperty("value").GetInt32(), Is.EqualTo(7));
            Assert.That(seed.GetProperty("origin").GetString(), Is.EqualTo("--seed"));
            Assert.That(document.RootElement.GetProperty("stage1.flip").GetProperty("value").GetBoolean(), Is.False);
            Assert.That(document.RootElement.GetProperty("data.labelFile").GetProperty("value").ValueKind, Is.EqualTo(JsonValueKind.Null));
        });
    }

    [Test]
    public void Options_RoundTrip_ThroughText()
    {
        // Every value as the command line would take it gives the same options again.
        var config = ConfigLoader.Defaults();
        var again = ConfigLoader.Load(
            null, null, new Dictionary<string, string>(), config.Values.Select(v => new Assignment(v.Key, v.Value.Text, "--set")));
        Assert.That(again.ToOptions(), Is.EqualTo(config.ToOptions()));
    }

    private static IEnumerable<(string Name, Type Type)> Properties(Type type, string prefix)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = prefix + JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (property.PropertyType.IsClass && property.PropertyType != typeof(string))
            {
                foreach (var inner in Properties(property.PropertyType, name + "."))
                {
                    yield return inner;
                }
            }
            else
            {
                yield return (name, property.PropertyType);
            }
        }
    }
}
