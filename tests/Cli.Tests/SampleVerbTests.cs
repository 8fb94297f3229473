using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>What <c>dpt sample</c> asks for, writes and refuses; what is drawn is tested with the method.</summary>
public sealed class SampleVerbTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeRun()
    {
        _folder = new TemporaryFolder();
        var made = CommandLine.Run(
            "run", "--out", _folder.File("run"), "--set", "seed=3", "--set", "generate.guidance=0.25", "--set", "generate.evaluations=7");
        Assert.That(made.Code, Is.Zero, made.Err);
    }

    [TearDown]
    public void RemoveRun() => _folder.Dispose();

    [Test]
    public void Sample_AsAPicture_HasARowForEachClass()
    {
        var run = Sample("--n", "3", "--out", _folder.File("x.png"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("generator +generator\nimages +6\nout +.*x.png\n"));
        var header = File.ReadAllBytes(_folder.File("x.png")).AsSpan(16, 8).ToArray();
        Assert.That(header, Is.EqualTo((byte[])[0, 0, 0, (3 * 49) + 1, 0, 0, 0, (2 * 49) + 1]), "three columns, two rows of 48 pixels with lines between");
    }

    [Test]
    public void Sample_AsAFolder_IsAFilePerImage()
    {
        var run = Sample("--n", "2", "--out", _folder.File("images"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(
            Directory.EnumerateFiles(_folder.File("images"), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder.File("images"), file)).Order(),
            Is.EqualTo(["cat/00000.png", "cat/00001.png", "dog/00000.png", "dog/00001.png"]));
    }

    [Test]
    public void Sample_AsArrays_IsADataSet()
    {
        var file = _folder.File("x.npz");
        var run = Sample("--n", "12", "--out", file);
        Assert.That(run.Code, Is.Zero, run.Err);
        var info = CommandLine.RunReal(["data", "info", "--data", $"npz:{file}"]);
        Assert.That((info.Code, info.Err), Is.EqualTo((0, "")));
        Assert.That(info.Out, Does.Match("classes +2\ntrain +20\ntest +4\n"));
        Assert.That(Sample("--n", "2", "--out", file).Code, Is.Zero, "as a picture, it is overwritten");
    }

    /// <summary>What is not given is the run's.</summary>
    [Test]
    public void Sample_PassesOnWhatIsGiven()
    {
        var plain = Sample("--out", _folder.File("a.png")).Engine.SampleRequests.Single();
        Assert.That((plain.Class, plain.PerClass, plain.Seed), Is.EqualTo(((string?)null, 16, 3)));
        Assert.That((plain.Drawing.Guidance, plain.Drawing.Evaluations), Is.EqualTo((0.25, 7)));
        var given = Sample(
            "--class", "dog", "--n", "4", "--seed", "5", "--guidance", "1.2", "--solver", "unipc-2", "--evaluations", "9",
            "--threshold", "0.9", "--out", _folder.File("b.png"))
            .Engine.SampleRequests.Single();
        Assert.That((given.Class, given.PerClass, given.Seed), Is.EqualTo(("dog", 4, 5)));
        Assert.That(given.Drawing, Is.EqualTo(plain.Drawing with { Guidance = 1.2, Solver = "unipc-2", Evaluations = 9, Threshold = 0.9 }));
    }

    [TestCase(ExitCodes.Usage, "say where to", "--n", "2")]
    [TestCase(ExitCodes.Usage, "--n", "--n", "0", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--n", "--n", "10001", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--seed", "--seed", "-1", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--guidance", "--guidance", "NaN", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--solver", "--solver", "best", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--evaluations", "--evaluations", "1.5", "--out", "x.png")]
    [TestCase(ExitCodes.Usage, "--threshold", "--threshold", "1.5", "--out", "x.png")]
    [TestCase(ExitCodes.Environment, "the folder of", "--out", "nowhere/x.png")]
    [TestCase(ExitCodes.Environment, "run' exists; give the name of a new folder", "--out", "run")]
    [TestCase(ExitCodes.Environment, "config.resolved.json' exists", "--out", "run/config.resolved.json")]
    public void Sample_WhatCannotBe_IsRefusedBeforeWork(int code, string says, params string[] words)
    {
        var at = Array.IndexOf(words, "--out") + 1;
        if (at > 0)
        {
            words[at] = _folder.File(words[at]);
        }

        var run = Sample(words);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
        Assert.That(run.Engine.SampleRequests, Is.Empty);
    }

    [Test]
    public void Sample_WithoutARun_IsRefused()
    {
        Assert.That(CommandLine.Run("sample", "--out", "x.png").Err, Does.Contain("error: sample: name the run, --run DIR\n"));
        var other = CommandLine.Run("sample", "--run", Path.GetTempPath(), "--out", _folder.File("x.png"));
        Assert.That((other.Code, other.Err.Contains("is not a run folder", StringComparison.Ordinal)), Is.EqualTo((ExitCodes.Environment, true)), other.Err);
    }

    private CommandLine Sample(params string[] words) => CommandLine.Run(["sample", "--run", _folder.File("run"), .. words]);
}
