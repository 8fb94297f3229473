using System.Text.Json;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Runs of two rounds: what is done again and what is not.</summary>
public sealed class RoundTests
{
    private readonly DptOptions _two = TinyOptions.Run with { Rounds = 2 };
    private FinishedRun _run = null!;

    [OneTimeSetUp]
    public void RunOnce() => _run = new FinishedRun(_two);

    [OneTimeTearDown]
    public void Delete() => _run.Dispose();

    [Test]
    public void Run_TwoRoundsAfterOne_OnlyAddsTheSecond()
    {
        var folder = _run.Fresh();
        var one = TinyRun.In(folder);
        var before = TinyRun.Outcome(folder);
        var two = TinyRun.In(folder, _two);
        Assert.That(
            two.Works,
            Is.EqualTo(new[]
            {
                "round-2/stage-2-diffusion", "round-2/stage-2-diffusion: draw", "round-2/stage-3-classifier",
                "round-2/stage-3-classifier-self-training",
            }));
        Assert.That(before, Is.SubsetOf(TinyRun.Outcome(folder)));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_run.Outcome));
        Assert.That(FinishedRun.Timeless(two.Result!), Is.EqualTo(FinishedRun.Timeless(_run.Result)));

        // And back: the first round stands as it was.
        Assert.That(FinishedRun.Timeless(TinyRun.In(folder).Result!), Is.EqualTo(FinishedRun.Timeless(one.Result!)));
    }

    [Test]
    public void Run_Again_SkipsEveryStageOfEveryRound()
    {
        var again = TinyRun.In(_run.Copy(), _two);
        Assert.That(again.Works, Is.Empty);
        Assert.That(again.Messages, Has.Count.EqualTo(6).And.All.Contains("finished before"));
        Assert.That(JsonSerializer.Serialize(again.Result), Is.EqualTo(JsonSerializer.Serialize(_run.Result)));
    }

    [TestCase("round-2/stage-2-diffusion", 3)]
    [TestCase("round-2/stage-2-diffusion: draw", 24)]
    [TestCase("round-2/stage-3-classifier", 2)]
    public void Run_Interrupted_EndsAsIfItHadNotBeen(string work, int done)
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, work, done, _two);
        Assert.That(FinishedRun.Timeless(TinyRun.In(folder, _two).Result!), Is.EqualTo(FinishedRun.Timeless(_run.Result)));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_run.Outcome));
    }

    /// <summary>Other labels make all that follows anew: with consent, and to the same as a fresh run.</summary>
    [Test]
    public void Settings_OfStage3_Changed_MakeLaterRoundsAnew()
    {
        var folder = _run.Copy();
        var other = _two with { Stage3 = _two.Stage3 with { LearningRate = 0.01 } };
        var error = TestImages.Fails(FailureKind.Usage, () => TinyRun.In(folder, other), "stage3.learningRate 0.003 -> 0.01");
        Assert.That(error.Message, Does.Contain("and with it round-2/stage-1-classifier and round-2/stage-2-diffusion and"));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_run.Outcome), "a refusal changes nothing");
        var again = TinyRun.In(folder, other, overwrite: true);
        var anew = _run.Fresh();
        var fresh = TinyRun.In(anew, other);
        Assert.That(FinishedRun.Timeless(again.Result!), Is.EqualTo(FinishedRun.Timeless(fresh.Result!)));
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(TinyRun.Outcome(anew)));
    }

    /// <summary>
    /// A later round whose labels come from another classifier, or whose generator went on from another one, than the first round has now is
    /// not of one piece with it: there is no result.
    /// </summary>
    [TestCase("stage-3-classifier/classifier.safetensors")]
    [TestCase("stage-2-diffusion/generator.safetensors")]
    public void Weights_OfTheFirstRoundReplaced_EndTheResult(string weights)
    {
        var folder = _run.Copy();
        File.Delete(Path.Combine(folder, "result.json"));
        TinyRun.With(folder, _two, new SilentObserver(), pipeline => pipeline.TrainClassifierAndLabel(default));
        Assert.That(Path.Combine(folder, "result.json"), Does.Exist, "all that is needed is there");
        File.Copy(Path.Combine(folder, "round-2", weights), Path.Combine(folder, weights), overwrite: true);
        File.Delete(Path.Combine(folder, "result.json"));
        TinyRun.With(folder, _two, new SilentObserver(), pipeline => pipeline.TrainClassifierAndLabel(default));
        Assert.That(Path.Combine(folder, "result.json"), Does.Not.Exist);
    }

    /// <summary>What a later generator went on from is in the record of what it was made from.</summary>
    [Test]
    public void Manifest_OfALaterRound_NamesTheGeneratorBefore()
    {
        var later = JsonFiles.Load<StageManifest>(Path.Combine(_run.Path, "round-2", "stage-2-diffusion", "manifest.json"));
        var before = FileHash.Of(Path.Combine(_run.Path, "stage-2-diffusion", "generator.safetensors"));
        Assert.That(later.Origin.Made.Values, Does.Contain(before));
    }

    /// <summary>A longer control trains nothing of the rounds after the first, and is yet what they are compared with.</summary>
    [Test]
    public void Control_Longer_TrainsNothingElse()
    {
        var folder = _run.Copy();
        var other = _two with { Stage3 = _two.Stage3 with { ControlSteps = 9 } };
        var again = TinyRun.In(folder, other, overwrite: true);
        Assert.That(again.Works, Is.EqualTo(new[] { "stage-3-classifier-control" }));
        Assert.That(again.Result!.Stage3.ControlSteps, Is.EqualTo(9));
        Assert.That(again.Result.Stage3.Top1, Is.EqualTo(_run.Result.Stage3.Top1));
    }
}
