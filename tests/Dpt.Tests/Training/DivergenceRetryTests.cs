namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// With <c>run.onDivergence=retry</c> a training goes back to its newest checkpoint and takes half of the learning rate: it ends with the
/// weights of one that took that rate from there on.
/// </summary>
public sealed class DivergenceRetryTests
{
    private static readonly DptOptions _options = TinyOptions.Run with
    {
        Diffusion = TinyOptions.Run.Diffusion with { Steps = 10 },
        Run = TinyOptions.Run.Run with { OnDivergence = "retry" },
    };

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase(7, 4)]
    [TestCase(8, 8)]
    [TestCase(2, 0)]
    public void Training_ThatDivergesOnce_GoesBackToItsCheckpointWithHalfTheRate(int at, int checkpoint)
    {
        var messages = Train(at, above: 0.5, out var weights);
        Assert.That(messages, Has.Exactly(1).Contains($"stage: warning: training diverged in step {at + 1}: the loss is not finite"));
        Assert.That(messages, Has.Exactly(1).Contains($"; goes back to step {checkpoint} with 0.5 of the learning rate"));
        Assert.That(weights, Is.EqualTo(Expected((checkpoint, 0.5))));
    }

    [Test]
    public void Training_ThatDivergesAgain_TakesAQuarter()
    {
        Train(at: 5, above: 0.25, out var weights);
        Assert.That(weights, Is.EqualTo(Expected((4, 0.25))));
    }

    [Test]
    public void Training_ThatKeepsDiverging_StopsAfterAnEighth()
    {
        var observer = new RecordingObserver();
        TestImages.Fails(FailureKind.Diverged, () => Train(5, above: 0, out _, observer), "stage: training diverged in step 6");
        Assert.That(observer.Messages.Count(m => m.Contains("goes back to step 4")), Is.EqualTo(3));
        Assert.That(observer.Messages, Has.Exactly(1).Contains("with 0.125 of the learning rate"));
        Assert.That(Directory.GetDirectories(_folder["checkpoints"]).Select(Path.GetFileName).Order(), Is.EqualTo(["step-00000000", "step-00000004"]));
    }

    [Test]
    public void Training_ThatIsToStop_DoesNotGoBack()
    {
        var stopping = _options with { Run = _options.Run with { OnDivergence = "stop" } };
        var observer = new RecordingObserver();
        TestImages.Fails(FailureKind.Diverged, () => Train(5, above: 0.5, out _, observer, stopping), "stage: training diverged in step 6");
        Assert.That(observer.Messages, Has.None.Contains("goes back"));
    }

    /// <summary>Wherever a session ends after a divergence, the next one comes to the same weights.</summary>
    [TestCase(5)]
    [TestCase(8)]
    [TestCase(9)]
    public void Training_InterruptedAfterADivergence_EndsAsIfItHadNotBeen(int interruptedAt)
    {
        using var stop = new CancellationTokenSource();
        var observer = new RecordingObserver();
        Assert.That(
            () => Train(7, above: 0.5, out _, observer, stop: stop, stopAt: interruptedAt), Throws.InstanceOf<OperationCanceledException>());
        var messages = Train(7, above: 0.5, out var weights);
        Assert.That(messages, Has.Exactly(1).Contains($"continues at step {interruptedAt}"));
        Assert.That(weights, Is.EqualTo(Expected((4, 0.5))));
    }

    /// <summary>A session that is killed before it saves anything: the next one diverges too, and goes back as this one did.</summary>
    [Test]
    public void Training_KilledAfterADivergence_EndsAsIfItHadNotBeen()
    {
        Assert.That(() => Train(7, above: 0.5, out _, killedAt: 6), Throws.InstanceOf<IOException>());
        var messages = Train(7, above: 0.5, out var weights);
        Assert.That(messages, Has.Exactly(1).Contains("continues at step 4").And.Exactly(1).Contains("goes back to step 4"));
        Assert.That(weights, Is.EqualTo(Expected((4, 0.5))));
    }

    /// <summary>The metrics say which rate was taken, and nothing of what was gone back over.</summary>
    [Test]
    public void Metrics_AfterADivergence_AreOfTheTrainingThatCounts()
    {
        Train(7, above: 0.5, out _);
        var rates = MetricsReader.Read(_folder["run/metrics.jsonl"]).Where(line => line.Values.ContainsKey("train/learningRate")).ToList();
        Assert.That(rates.Select(line => line.Step), Is.EqualTo(Enumerable.Range(1, 10).Select(step => (long)step)));
        Assert.That(rates[9].Values["train/learningRate"], Is.EqualTo(rates[3].Values["train/learningRate"] / 2).Within(1e-12));
    }

    private List<string> Train(
        int at,
        double above,
        out float[] weights,
        RecordingObserver? observer = null,
        DptOptions? options = null,
        CancellationTokenSource? stop = null,
        int stopAt = -1,
        int killedAt = -1)
    {
        options ??= _options;
        observer ??= new RecordingObserver();
        using var training = TinyTraining.Generator(options.Diffusion);
        using var run = Directory.Exists(_folder["run"]) ? Reopened() : RunFolder.CreateAt(_folder["run"]);
        using var context = new RunContext(DptPlan.Of(options, training.Device), run, training.Device, observer, overwrite: false);
        var nothing = new Dictionary<string, string>();
        var checkpoints = new TrainerCheckpoints(_folder["checkpoints"], context, new StageOrigin(nothing, nothing));
        var trainer = new Diverging(training, at, above) { StopAt = stopAt, Stop = stop, KilledAt = killedAt };
        new TrainLoop(context, "stage", trainer, checkpoints, () => []).Run(stop?.Token ?? default);
        weights = training.Device.Download(training.Store.Values);
        return [.. observer.Messages];
    }

    private RunFolder Reopened()
    {
        File.WriteAllText(_folder[$"run/{RunLayout.ConfigName}"], "{}");
        return RunFolder.Open(_folder["run"]);
    }

    /// <summary>The weights of a training that nothing disturbs and that changes its rate at a step.</summary>
    private static float[] Expected((int Step, double Scale) change)
    {
        using var training = TinyTraining.Generator(_options.Diffusion);
        while (training.Trainer.Step < training.Trainer.TotalSteps)
        {
            training.Trainer.RateScale = training.Trainer.Step < change.Step ? 1 : change.Scale;
            training.Trainer.RunStep();
        }

        training.Trainer.Capture();
        return training.Device.Download(training.Store.Values);
    }

    /// <summary>A training one step of which has a weight that is not a number, while its rate is above a bound.</summary>
    private sealed class Diverging(TinyTraining training, int at, double above) : ITrainer
    {
        public int StopAt { get; init; }

        public CancellationTokenSource? Stop { get; init; }

        public int KilledAt { get; init; }

        public int Step => training.Trainer.Step;

        public int TotalSteps => training.Trainer.TotalSteps;

        public double RateScale
        {
            get => training.Trainer.RateScale;
            set => training.Trainer.RateScale = value;
        }

        public int ImagesPerStep => training.Trainer.ImagesPerStep;

        public void RunStep()
        {
            if (Step == at && RateScale > above)
            {
                training.Device.CopyIn<float>([float.NaN], training.Store["norm.weight"].Data.Range(0, 1));
                training.Device.CopyIn<float>([float.NaN], training.Store["norm.weight"].Gradient.Range(0, 1));
            }

            if (Step == KilledAt && RateScale < 1)
            {
                throw new IOException("killed");
            }

            training.Trainer.RunStep();
            if (Step == StopAt && RateScale < 1)
            {
                Stop!.Cancel();
            }
        }

        public IReadOnlyList<(string Name, double Value)> TakeMetrics() => training.Trainer.TakeMetrics();

        public TrainingState Capture() => training.Trainer.Capture();

        public void Restore(TrainingState state) => training.Trainer.Restore(state);
    }
}
