using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>What <c>dpt predict</c> prints, and what it refuses; what it predicts is tested with the method.</summary>
public sealed class PredictTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeRun()
    {
        _folder = new TemporaryFolder();
        File.WriteAllText(_folder.File(RunLayout.ConfigName), "{}");
        File.WriteAllText(_folder.File(".lock"), "");
    }

    [TearDown]
    public void RemoveRun() => _folder.Dispose();

    [Test]
    public void Predict_PrintsALineForEachImage()
    {
        var run = CommandLine.Run("predict", "--run", _folder.Path, "a.png", "with, comma.png");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Is.EqualTo("file,class,probability\na.png,1,0.75\n\"with, comma.png\",1,0.75\n"));
        Assert.That(run.Err, Does.Contain("classifier: classifier\n"));
    }

    [Test]
    public void Predict_AsJson_HasTheProbabilitiesOfAllClasses()
    {
        using var document = JsonDocument.Parse(CommandLine.Run("predict", "--run", _folder.Path, "a.png", "--json").Out);
        var image = document.RootElement.GetProperty("images")[0];
        Assert.That(image.GetProperty("file").GetString(), Is.EqualTo("a.png"));
        Assert.That(image.GetProperty("probabilities").GetProperty("0").GetDouble(), Is.EqualTo(0.25));
    }

    [Test]
    public void Predict_WithoutRunOrImages_IsAUsageError()
    {
        Refuses(ExitCodes.Usage, "error: predict: name the run, --run DIR\n", "a.png");
        Refuses(ExitCodes.Usage, "error: predict: name at least one image or folder\n", "--run", _folder.Path);
        Refuses(ExitCodes.Environment, "is not a run folder", "--run", Path.GetTempPath(), "a.png");
        Refuses(ExitCodes.Usage, "--device", "--run", _folder.Path, "a.png", "--device", "abacus");
    }

    private static void Refuses(int code, string says, params string[] words)
    {
        var run = CommandLine.Run(["predict", .. words]);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
    }
}
