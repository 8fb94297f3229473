namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// A training that diverged and went back is not the one that was asked for: the result says with what share of its rate it ended. Which
/// rate a training really takes, <see cref="DivergenceRetryTests"/> shows; here its last checkpoint says it.
/// </summary>
public sealed class LoweredRateTests
{
    private static readonly DptOptions _two = TinyOptions.Run with { Rounds = 2 };

    [Test]
    public void Result_SaysEachRateThatWasLowered()
    {
        using var run = new FinishedRun(_two);
        var undisturbed = run.Result;
        Assert.That((undisturbed.Stage1.LoweredRate, undisturbed.Stage2.LoweredRate, undisturbed.Stage3.LoweredRate), Is.EqualTo(((double?)null, (double?)null, (double?)null)));

        Lower(run.Path, "stage-1-classifier/checkpoints", 0.5);
        Lower(run.Path, "round-2/stage-2-diffusion/checkpoints", 0.25);
        Lower(run.Path, "stage-3-classifier/control-checkpoints", 0.125);
        Lower(run.Path, "round-2/stage-3-classifier/checkpoints", 0.5);
        Lower(run.Path, "round-2/stage-3-classifier/self-training-checkpoints", 0.25);
        var result = TinyRun.In(run.Path, _two).Result!;

        Assert.That(result.Stage1.LoweredRate, Is.EqualTo(0.5));
        Assert.That(result.Stage2.LoweredRate, Is.EqualTo(0.25));
        Assert.That(result.Stage3.LoweredRate, Is.EqualTo(0.5));
        Assert.That(result.Stage3.ControlLoweredRate, Is.EqualTo(0.125), "the first round trains the control for all");
        Assert.That(result.Stage3.SelfTrainingLoweredRate, Is.EqualTo(0.25));
        Assert.That(result.Warnings, Has.Exactly(5).Contains("diverged and ended with"));
        Assert.That(result.Warnings, Has.One.Contains("stage-3-classifier-control diverged and ended with 0.125 of its learning rate"));
        Assert.That(result.Warnings, Has.One.Contains("ended with different learning rates"));
        Assert.That(TinyRun.Outcome(run.Path), Is.EqualTo(run.Outcome), "nothing was trained again");
        Assert.That(
            FinishedRun.Timeless(DptResult.Load(Path.Combine(run.Path, "result.json"))), Is.EqualTo(FinishedRun.Timeless(result)), "as written");
    }

    /// <summary>Lets a finished training's checkpoints say that it went back; its stage has to conclude anew.</summary>
    private static void Lower(string run, string checkpoints, double factor)
    {
        foreach (var checkpoint in Directory.GetDirectories(Path.Combine(run, checkpoints)))
        {
            FinishedRun.EditState(checkpoint, state => state["rateScale"] = factor);
        }

        File.Delete(Path.Combine(run, Path.GetDirectoryName(checkpoints)!, "manifest.json"));
    }
}
