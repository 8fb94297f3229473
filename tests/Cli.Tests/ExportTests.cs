using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>What <c>dpt export</c> asks for and refuses; what is written is tested with the method.</summary>
public sealed class ExportTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeRun()
    {
        _folder = new TemporaryFolder();
        Assert.That(CommandLine.Run("run", "--out", _folder.File("run")).Code, Is.Zero);
        _folder.Write("file", "");
    }

    [TearDown]
    public void RemoveRun() => _folder.Dispose();

    [Test]
    public void Export_PassesOnWhatIsGiven()
    {
        var run = Export("--to", "onnx", "--out", _folder.File("c.onnx"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Match("weights +weights\nformat +onnx\nout +.*c.onnx\n"));
        Assert.That(run.Engine.Exports.Single(), Is.EqualTo(new ExportRequest("classifier", "onnx", _folder.File("c.onnx"), "unknown")));
        run = Export("--model", "generator", "--to", "hf", "--licence", "mit", "--out", _folder.File("hub") + "/");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Engine.Exports.Single(), Is.EqualTo(new ExportRequest("generator", "hf", _folder.File("hub"), "mit")));
    }

    [TestCase(ExitCodes.Usage, "--to is missing", "--out", "x")]
    [TestCase(ExitCodes.Usage, "--out is missing", "--to", "onnx")]
    [TestCase(ExitCodes.Usage, "--to is 'onx', it must be safetensors or onnx or hf; did you mean 'onnx'?", "--to", "onx", "--out", "x")]
    [TestCase(ExitCodes.Usage, "--model is 'judge'", "--to", "onnx", "--model", "judge", "--out", "x")]
    [TestCase(ExitCodes.Environment, "the folder of", "--to", "onnx", "--out", "nowhere/x")]
    [TestCase(ExitCodes.Environment, "run' exists; give the name of a new folder", "--to", "hf", "--out", "run")]
    [TestCase(ExitCodes.Environment, "file' exists; give the name of a new folder", "--to", "hf", "--out", "file")]
    [TestCase(ExitCodes.Environment, "run' exists; give the name of a new file", "--to", "safetensors", "--out", "run")]
    public void Export_WhatCannotBe_IsRefusedBeforeWork(int code, string says, params string[] words)
    {
        var at = Array.IndexOf(words, "--out") + 1;
        if (at > 0)
        {
            words[at] = _folder.File(words[at]);
        }

        var run = Export(words);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
        Assert.That(run.Engine.Exports, Is.Empty);
    }

    [Test]
    public void Export_NeedsARun()
    {
        Assert.That(CommandLine.Run("export", "--to", "onnx", "--out", "x").Err, Does.Contain("export: name the run folder"));
        var none = CommandLine.Run("export", _folder.Path, "--to", "onnx", "--out", "x");
        Assert.That(none.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(none.Err, Does.Contain("is not a run folder"));
    }

    private CommandLine Export(params string[] words) => CommandLine.Run(["export", _folder.File("run"), .. words]);
}
