using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A training without labels from settings to a folder: whose weights are in it, what it wants pixels to be, and that it goes on.</summary>
public sealed class MsnPretrainingTests
{
    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => (_device, _folder) = (new HostDevice(threads: 1), new TemporaryFolder());

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>
    /// A probe that is told nothing gets what the average, which is the target, makes of images in ImageNet's scale. The scale is written out
    /// here: a pixel by 255, without 0.485, by 0.229.
    /// </summary>
    [Test]
    public void Folder_HasTheFeaturesOfTheTarget()
    {
        var result = Pretrain("net");
        Assert.That((result.Images, result.Steps, result.Pixels), Is.EqualTo((200, 4, "imagenet")));
        Assert.That(
            Directory.GetFiles(_folder["net"]).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            Is.EqualTo(new[] { "README.md", "config.json", "metrics.jsonl", "model.safetensors" }));
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(1), "nothing of the training is left");
        Assert.That(WeightFile.Read(_folder["net/model.safetensors"]).Keys, Has.None.StartsWith("fc.").And.Member("norm.weight"));

        var images = DatasetCatalog.Load(TinyOptions.Run.Data, TinyOptions.Run.Seed).Train;
        var normalisation = new NormalisationStatistics([0.485f], [0.229f]);
        using var trainer = new MsnTrainer(
            _device, MsnOptions.Of(TinyOptions.Run.Pretrain), images, normalisation, (ulong)TinyOptions.Run.Seed);
        while (trainer.Step < trainer.TotalSteps)
        {
            trainer.RunStep();
        }

        var few = images.Select([.. Enumerable.Range(0, 20)]);
        using var memory = _device.Upload<float>([.. few.Pixels.ToArray().Select(pixel => ((pixel / 255f) - 0.485f) / 0.229f)]);
        using var tape = new Autograd.Tape(_device);
        using var features = FrozenNetwork.Open(new FeatureRecipe(_folder["net"]), few.Form, _device);
        float[] expected;
        using (trainer.Average.Use())
        {
            var x = Autograd.Tape.Constant(new Autograd.TensorShape(20, 1, few.ImageSize, few.ImageSize), memory.Slice);
            expected = _device.Download(tape.WithoutGradient(() => trainer.Encoder.Features(tape, x)).Data);
        }

        tape.Reset();
        Assert.That(features.Features(few, default), Is.EqualTo(expected).Within(1e-4));
        var others = _device.Download(tape.WithoutGradient(() => trainer.Encoder.Features(
            tape, Autograd.Tape.Constant(new Autograd.TensorShape(20, 1, few.ImageSize, few.ImageSize), memory.Slice))).Data);
        Assert.That(others.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.GreaterThan(1e-3), "the network that learns is another");
    }

    /// <summary>Stopped behind the second update, the same command ends as if nothing had been; other settings begin anew.</summary>
    [Test]
    public void Stopped_GoesOn()
    {
        Pretrain("whole");
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Pretrain("net", new StopsAt(source, step: 2), stop: source.Token));
        Assert.That(_folder["net"], Does.Not.Exist);
        var observer = new RecordingObserver();
        var result = Pretrain("net", observer);
        Assert.That(observer.Messages, Has.One.EqualTo("pretrain: continues at step 2 of 4"));
        Assert.That(File.ReadAllBytes(_folder["net/model.safetensors"]), Is.EqualTo(File.ReadAllBytes(_folder["whole/model.safetensors"])));
        Assert.That(File.ReadLines(_folder["net/metrics.jsonl"]).Count(line => !line.Contains("resumed")), Is.EqualTo(File.ReadLines(_folder["whole/metrics.jsonl"]).Count(line => !line.Contains("resumed"))));

        using var again = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Pretrain("other", new StopsAt(again, step: 2), stop: again.Token));
        var anew = new RecordingObserver();
        Pretrain("other", anew, TinyOptions.Run.Pretrain with { PatchDrop = 0.4 });
        Assert.That(anew.Messages, Has.None.Contains("continues"));
        Assert.That(File.ReadAllBytes(_folder["other/model.safetensors"]), Is.Not.EqualTo(File.ReadAllBytes(_folder["whole/model.safetensors"])));
    }

    /// <summary>What cannot be is said before anything is written.</summary>
    [TestCase("pretrain.smallFrom is 0.7, above pretrain.smallTo, 0.6", 0.7, 4)]
    [TestCase("16", 0.3, 16)]
    public void Settings_ThatDoNotFit_AreRefused(string says, double smallFrom, int patch)
    {
        TestImages.Fails(
            FailureKind.Usage,
            () => Pretrain("net", options: TinyOptions.Run.Pretrain with { SmallFrom = smallFrom, PatchSize = patch }),
            says);
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    /// <summary>By hand, of 32 prototypes and 64 images: ln 32 is 3.47, and 3.2 prototypes are a tenth.</summary>
    [TestCase(1.0, 20.0, 100, null)]
    [TestCase(3.3, 3.3, 100, null)]
    [TestCase(1.0, 3.1, 100, "the training has collapsed: 3.1 of 32 prototypes are in use")]
    [TestCase(0.0, 1.0, 100, "the training has collapsed: 1 of 32 prototypes are in use")]
    [TestCase(3.46, 20.0, 100, "nothing is learned: the cross-entropy is 3.46, and ln 32 = 3.47 is what guessing has")]
    [TestCase(3.46, 1.0, 50, null)]
    public void Collapse_IsSaid(double crossEntropy, double used, int step, string? says)
    {
        var options = new MsnOptions { Steps = 100, WarmUp = 10 };
        var said = CollapseSign.Of(options, step, crossEntropy, used);
        Assert.That(said, says is null ? Is.Null : Does.StartWith(says).And.Contain("raise pretrain."));
        Assert.That(CollapseSign.Of(options with { WarmUp = 100 }, step, crossEntropy, used), Is.Null, "while the rate rises");
    }

    private PretrainResult Pretrain(
        string name, IRunObserver? observer = null, PretrainOptions? options = null, CancellationToken stop = default) =>
        MsnPretraining.Run(
            new PretrainRequest(TinyOptions.Run with { Pretrain = options ?? TinyOptions.Run.Pretrain }, _folder[name]),
            _device,
            observer ?? new SilentObserver(),
            stop);

    private sealed class StopsAt(CancellationTokenSource source, int step) : IRunObserver
    {
        public void Message(string text)
        {
        }

        public void Progress(in WorkProgress progress)
        {
            if (progress.Done == step)
            {
                source.Cancel();
            }
        }
    }
}
