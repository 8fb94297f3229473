using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Runs whose generator learns and draws latents (spec 4.3, 4.6): what it learns from, what it draws, resumed, read by verbs.</summary>
public sealed class LatentRunTests
{
    private const string Stage2 = "stage-2-diffusion";
    private const int Side = 16;

    private TemporaryFolder _models = null!;
    private DptOptions _options = null!;

    private FinishedRun _run = null!;
    private TemporaryFolder _folder = null!;
    private HostDevice _device = null!;

    private GenerateOptions Thresholded => _options.Generate with { Solver = "unipc-3", Threshold = 0.9 };

    [OneTimeSetUp]
    public void MakeRun()
    {
        _models = new TemporaryFolder();
        using var device = new HostDevice(threads: 1);
        _options = TinyOptions.Run with
        {
            Data = TinyOptions.Run.Data with { LabelsPerClass = 1, TrainLimit = 40, TestLimit = 10 },
            Diffusion = TinyOptions.Run.Diffusion with { Autoencoder = AutoencoderFolder.Make(_models, device), PatchSize = 2 },
            Generate = TinyOptions.Run.Generate with { PerClass = 2 },
            Run = TinyOptions.Run.Run with { EvaluationPoints = 1 },
        };
        _run = new FinishedRun(_options);
    }

    [OneTimeTearDown]
    public void RemoveRun()
    {
        _run.Dispose();
        _models.Dispose();
    }

    [SetUp]
    public void SetUp() => (_folder, _device) = (new TemporaryFolder(), new HostDevice(threads: 1));

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    private RunLayout Layout => new(_run.Path);

    private string Autoencoder => _options.Diffusion.Autoencoder!;

    /// <summary>The training images are encoded as `dpt encode` does it, to the byte; of the test images those that are measured on.</summary>
    [Test]
    public void Moments_AreThoseOfTheRunsImages()
    {
        Assert.That(File.ReadAllBytes(Layout.TrainLatentsPath), Is.EqualTo(File.ReadAllBytes(Encoded(_options))));
        using var test = StoredMoments.Open(Layout.TestLatentsPath);
        Assert.That((test.Count, test.Channels, test.Side), Is.EqualTo((10, 3, 8)));
    }

    /// <summary>Resized as `dpt encode` does it, for all stages; other runs have a classifier's images.</summary>
    [Test]
    public void Images_AreCutAsAdmCutsThem()
    {
        var options = _options with { Data = _options.Data with { ImageSize = 6 } };
        var adm = DatasetCatalog.Load(options.Data with { Crop = ImageCrop.Adm }, options.Seed);
        var plan = DptPlan.Of(options with { Diffusion = options.Diffusion with { PatchSize = 1 }, Classifier = options.Classifier with { PatchSize = 2 } }, _device);
        Assert.That((plan.Data.Train.Hash, plan.Data.Test.Hash), Is.EqualTo((adm.Train.Hash, adm.Test.Hash)));
        var pixels = DatasetCatalog.Load(options with { Diffusion = TinyOptions.Run.Diffusion });
        Assert.That(pixels.Train.Hash, Is.EqualTo(DatasetCatalog.Load(options.Data, options.Seed).Train.Hash).And.Not.EqualTo(adm.Train.Hash));
    }

    /// <summary>16 tokens of 3 channels, and two more; exactly K images of a class, like those of the data.</summary>
    [Test]
    public void Generator_IsOneOfLatents()
    {
        var weights = StateDict.Load(Layout.Round(1).Diffusion.GeneratorPath);
        Assert.That(weights["pos_embed"].Shape.ToArray(), Is.EqualTo(new[] { 1, 18, 16 }));
        Assert.That(weights["patch_embed.proj.weight"].Values, Has.Length.EqualTo(16 * 3 * 2 * 2));
        var images = PseudoImages(_run.Path);
        Assert.That((images.Count, images.Channels, images.ImageSize), Is.EqualTo((20, 1, Side)));
        Assert.That(DptPlan.Of(_options, _device).GeneratorTokens, Is.EqualTo(18));
        Assert.That(_run.Result.Stage3.Top1, Is.Not.Null);
    }

    /// <summary>Latents drawn from noise, decoded, the mean of the autoencoder's channels, rounded: by hand for images of two classes.</summary>
    [Test]
    public void PseudoImages_AreDecodedSamples()
    {
        var images = PseudoImages(_run.Path);
        using var trained = TrainedGenerator.Open(_device, Layout.Round(1).Diffusion.GeneratorPath);
        Assert.That(trained.Form, Is.EqualTo(new ImageForm(1, Side, 10)));
        var generator = trained.Model;
        using var model = new GeneratorModel(_device, generator.Network, generator.Form, generator.Prediction);
        var generate = _options.Generate;
        var sampler = new Sampler(
            _device, generator.Schedule, SolverCatalog.Find(generate.Solver), generate.Evaluations, new Guidance(generate.Guidance));
        using var network = ForeignAutoencoder.OpenFolder(_device, Autoencoder);
        using var state = _device.Allocate<float>(2 * 3 * 8 * 8);
        foreach (var label in new[] { 0, 7 })
        {
            model.SetLabels(label, 2);
            sampler.Sample(model, 2, new SamplingNoise((3 << 8) + 2, RunStreams.SamplingNoise, (long)label << 32), state.Slice);
            var decoded = network.Decode(new NpyArray<float>([2, 3, 8, 8], _device.Download(state.Slice))).Values;
            for (var image = 0; image < 2; image++)
            {
                var expected = Enumerable.Range(0, Side * Side).Select(i =>
                {
                    var mean = Enumerable.Range(0, 3).Average(c => (double)decoded[(((3 * image) + c) * Side * Side) + i]);
                    return 255 * Math.Clamp((mean + 1) / 2, 0, 1);
                });
                var drawn = images.Image((2 * label) + image).ToArray();
                Assert.That(drawn.Select(pixel => (double)pixel), Is.EqualTo(expected).Within(0.5001), $"image {image} of class {label}");
            }
        }
    }

    /// <summary>The images of a batch, with the noise and the copies of their numbers, however the batch is cut and wherever it begins.</summary>
    [Test]
    public void Batches_HaveTheDrawsOfTheirSamples([Values] bool flip, [Values(1, 3)] int accumulation)
    {
        using var stored = StoredMoments.Open(Layout.TrainLatentsPath);
        var options = _options.Diffusion with { Flip = flip, Accumulation = accumulation };
        using var generator = new ImageGenerator(_device, options, new PixelSpace(new ImageForm(3, 8, 10)), seed: 5);
        using var batches = new DiffusionBatches(generator, options, new LatentExamples(stored), [.. Enumerable.Range(0, 40).Select(i => i % 10)], seed: 9);
        var order = BatchSampler.Shuffled(40, 9, RunStreams.DiffusionDraw);
        var draws = new LatentDraws(stored, flip, seed: 9);
        var (size, indices, latent) = (12 / accumulation, new int[12 / accumulation], new float[stored.Length]);
        foreach (var part in new[] { 0, 1, 2, 7, 8, 3, 3 })
        {
            batches.Draw(part);
            order.Draw(part, indices);
            var clean = _device.Download(batches.Batch.Clean.Data).Chunk(stored.Length).ToList();
            for (var i = 0; i < size; i++)
            {
                draws.Draw(indices[i], (part * size) + i, latent);
                Assert.That(clean[i], Is.EqualTo(latent), $"image {i} of part {part}");
            }
        }
    }

    /// <summary>A part of a set, as the loss takes one: rows are those that were chosen.</summary>
    [Test]
    public void Examples_Selected_AreTheChosen()
    {
        using var stored = StoredMoments.Open(Layout.TrainLatentsPath);
        using var generator = new ImageGenerator(_device, _options.Diffusion, new PixelSpace(new ImageForm(3, 8, 10)), seed: 5);
        var chosen = new LatentExamples(stored).Select([5, 30, 7, 39]).Select([1, 3]);
        Assert.That(chosen.Count, Is.EqualTo(2));
        using var batches = chosen.Batches(generator, flip: false, seed: 4);
        using var memory = _device.Allocate<float>(2 * stored.Length);
        var indices = new int[2];
        batches.Choose(BatchSampler.Shuffled(2, 4, RunStreams.DiffusionDraw), step: 3, indices);
        batches.Draw(memory.Slice, default);
        var latent = new float[stored.Length];
        for (var i = 0; i < 2; i++)
        {
            new LatentDraws(stored, flip: false, seed: 4).Draw(indices[i] == 0 ? 30 : 39, (3 * 2) + i, latent);
            Assert.That(_device.Download(memory.Slice.Range(i * stored.Length, stored.Length)), Is.EqualTo(latent));
        }
    }

    /// <summary>Interrupted while images are encoded, in training and in drawing, it ends where the whole run did.</summary>
    [TestCase("encode", 20)]
    [TestCase("stage-2-diffusion", 3)]
    [TestCase("stage-2-diffusion: draw", 6)]
    public void Interrupted_EndsWhereTheWholeRunDid(string work, long done)
    {
        var path = _folder["run"];
        TinyRun.Interrupted(path, work, done, _options);
        Assert.That(File.Exists(new RunLayout(path).TrainLatentsPath), Is.EqualTo(work != "encode"));
        var resumed = TinyRun.In(path, _options);
        Assert.That(TinyRun.Outcome(path), Is.EqualTo(_run.Outcome));
        Assert.That(resumed.Works.Contains("encode"), Is.EqualTo(work == "encode"), "what is encoded stays");
    }

    /// <summary>The paper's ImageNet recipe in miniature: features of a frozen network, and a generator of latents.</summary>
    [Test]
    public void Recipe_WithFrozenFeatures_RunsToItsEnd()
    {
        var recipe = _options with
        {
            Probe = TinyOptions.Run.Probe with { Features = OnnxModel.Write(_folder["m.onnx"], [-1, 1, Side, Side], ("y", ["Flatten"])) },
        };
        var result = TinyRun.In(_folder["run"], recipe).Result!;
        Assert.That(result.Stage3.Top1, Is.Not.Null);
        Assert.That(result.Stage2.FrechetDistance.Features, Does.StartWith("m.onnx ("));
        var images = PseudoImages(_folder["run"]);
        Assert.That((images.Count, images.Form), Is.EqualTo((20, new ImageForm(1, Side, 10))));
        Assert.That(TinyRun.In(_folder["run"], recipe).Messages, Has.Exactly(3).Contains("finished before"));
    }

    /// <summary>A set that was encoded before takes the place of encoding, of a run that is there too; batches of drawing change nothing.</summary>
    [Test]
    public void Latents_EncodedBefore_GiveTheSameRun()
    {
        var given = _options with
        {
            Diffusion = _options.Diffusion with { Latents = Encoded(_options) }, Generate = _options.Generate with { Batch = 3 },
        };
        TinyRun.In(_folder["run"], given);
        var layout = new RunLayout(_folder["run"]);
        Assert.That(File.Exists(layout.TrainLatentsPath), Is.False);
        var train = Path.GetRelativePath(_run.Path, Layout.TrainLatentsPath);
        Assert.That(TinyRun.Outcome(_folder["run"]), Is.EqualTo(_run.Outcome.Where(file => file.Key != train)));
        Assert.That(TinyRun.In(_run.Copy(), given).Messages, Has.Exactly(3).Contains("finished before"));
    }

    /// <summary>The same autoencoder elsewhere is the same; another makes stage 2 stale, and its moments are made anew.</summary>
    [Test]
    public void Resume_KnowsTheAutoencoderByItsContent()
    {
        var copy = _run.Copy();
        var moved = AutoencoderFolder.Make(_models, _device);
        Assert.That(TinyRun.In(copy, With(moved)).Messages, Has.Exactly(3).Contains("finished before"));
        var other = With(Another());
        var refused = TestImages.Fails(
            FailureKind.Usage, () => TinyRun.In(copy, other), $"{Stage2} was made with other settings or data: diffusion.autoencoder ");
        Assert.That(refused.Message, Does.Contain(" -> ").And.Not.Contain("stage-1"));
        var again = TinyRun.In(copy, other, overwrite: true);
        Assert.That(again.Works, Does.Contain("encode"));
        Assert.That(File.ReadAllBytes(new RunLayout(copy).TrainLatentsPath), Is.EqualTo(File.ReadAllBytes(Encoded(other))));
    }

    /// <summary>What is damaged in the cache is made again, and said.</summary>
    [Test]
    public void Moments_ThatAreDamaged_AreMadeAgain()
    {
        var copy = _run.Copy();
        var path = new RunLayout(copy).TestLatentsPath;
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^9]);
        File.Delete(new RunLayout(copy).Round(1).Diffusion.ManifestPath);
        Assert.That(TinyRun.In(copy, _options).Messages, Has.One.StartsWith("encoded again: ").And.Contains("test.safetensors"));
        Assert.That(TinyRun.Outcome(copy), Is.EqualTo(_run.Outcome));
    }

    /// <summary>A generator that has moved finds its autoencoder where it is told to, and takes no other.</summary>
    [Test]
    public void Samples_NeedTheirAutoencoder()
    {
        var (autoencoder, file) = (AutoencoderFolder.Make(_folder, _device), _folder["generator.safetensors"]);
        var (options, train) = (With(autoencoder).Diffusion, DatasetCatalog.Load(_options).Train);
        using (var model = new ImageGenerator(_device, options, ImageSpaces.Of(_device, autoencoder, train.Form), seed: 1))
        {
            TrainedGenerator.Save(file, model, options, train, LatentSpace.HashOf(autoencoder));
        }

        var images = Draw(null);
        Assert.That(images, Has.Length.EqualTo(3 * Side * Side));
        using (var generator = TrainedGenerator.Open(_device, file))
        {
            TestImages.Fails(FailureKind.Usage, () => generator.Draw(label: 2, count: 3, Thresholded, seed: 1), "generate.threshold 0.9 is for pixels");
        }

        Directory.Delete(autoencoder, recursive: true);
        Assert.That(TestImages.Fails(FailureKind.Check, () => Draw(null), "no generator that can be used: ").Message, Does.Contain(autoencoder));
        TestImages.Fails(FailureKind.Check, () => Draw(Another()), "it draws latents of another autoencoder than that in '");
        Assert.That(Draw(Autoencoder), Is.EqualTo(images));

        byte[] Draw(string? folder)
        {
            using var generator = TrainedGenerator.Open(_device, file, folder);
            return generator.Draw(label: 2, count: 3, _options.Generate, seed: 1);
        }
    }

    /// <summary>An autoencoder that would decode nothing is not passed by.</summary>
    [Test]
    public void SamplesOfPixels_TakeNoAutoencoder()
    {
        var (options, train, file) = (_options.Diffusion with { Autoencoder = null }, DatasetCatalog.Load(_options).Train, _folder["pixels.safetensors"]);
        using (var model = new ImageGenerator(_device, options, ImageSpaces.Of(_device, null, train.Form), seed: 1))
        {
            TrainedGenerator.Save(file, model, options, train, autoencoder: null);
        }

        using var generator = TrainedGenerator.Open(_device, file);
        TestImages.Fails(FailureKind.Check, () => TrainedGenerator.Open(_device, file, Autoencoder), "it draws pixels, which the autoencoder in '");
    }

    /// <summary>`dpt sample` on a run: images like those of the data, from an autoencoder that lies elsewhere now.</summary>
    [Test]
    public void Sample_OfARun_GivesImages()
    {
        var moved = AutoencoderFolder.Make(_folder, _device);
        var request = new SampleRequest(Class: null, PerClass: 2, Seed: 5, _options.Generate, moved);
        var samples = Samples.Of(Layout, request, _device, new SilentObserver(), default).Images;
        Assert.That((samples.Count, samples.Form), Is.EqualTo((20, new ImageForm(1, Side, 10))));
        Assert.That(Samples.Of(Layout, request with { Autoencoder = null }, _device, new SilentObserver(), default).Images.Hash, Is.EqualTo(samples.Hash));
    }

    [Test]
    public void WhatCannotBe_IsRefused()
    {
        Refused(_options with { Diffusion = _options.Diffusion with { Schedule = "edm" } }, "diffusion.schedule=edm is for pixels");
        Refused(_options with { Diffusion = _options.Diffusion with { Augment = 0.1 } }, "diffusion.augment 0.1 is for pixels");
        Refused(_options with { Generate = Thresholded }, "generate.threshold 0.9 is for pixels: latents have no range");
        Refused(_options with { Diffusion = _options.Diffusion with { PatchSize = 16 } }, "diffusion.patchSize 16 does not divide");
        Refused(_options with { Data = _options.Data with { ImageSize = 15 } }, "the images have 15 pixels a side, the autoencoder takes multiples of 2");
        var latents = Encoded(_options);
        Refused(Given(TinyOptions.Run), "name it with diffusion.autoencoder");
        Refused(Given(_options with { Seed = 4 }), "are of other images than the run has: `dpt encode` makes them");
        Refused(Given(With(Another())), "were made by another autoencoder than diffusion.autoencoder names");
        TestImages.Fails(FailureKind.Environment, () => DptPlan.Of(With(_folder["none"]) with { Probe = _options.Probe with { Features = "no.onnx" } }, _device),
            $"probe.features 'no.onnx' is not there: `dpt import FILE --as vit --heads N --features --out DIR` makes a folder, or name an .onnx file; "
            + $"diffusion.autoencoder '{_folder["none"]}' is not there: `dpt import FILE --as autoencoder --out DIR` makes it");
        TestImages.Fails(
            FailureKind.Usage, () => RunPlanner.Plan(_options, _ => _options, Budget.Parse("20m", "--budget"), _device), "a budget plans a generator of pixels");

        DptOptions Given(DptOptions options) => options with { Diffusion = options.Diffusion with { Latents = latents } };
        void Refused(DptOptions options, string says) => TestImages.Fails(FailureKind.Usage, () => DptPlan.Of(options, _device), says);
    }

    /// <summary>Images that nothing learns from pixel by pixel may be larger than augmentation takes.</summary>
    [Test]
    public void LargeImages_AreForFeaturesAndLatentsAlone()
    {
        var large = TestImages.Noise(4, classes: 2, imageSize: 512);
        var features = TinyOptions.Run.Probe with { Features = "m" };
        SettingChecks.Require(_options with { Probe = features }, large, new ImageForm(3, 8, 2));
        Refused(_options);
        Refused(TinyOptions.Run with { Probe = features });

        void Refused(DptOptions options) => TestImages.Fails(
            FailureKind.Usage, () => SettingChecks.Require(options, large, new ImageForm(3, 8, 2)), "images of 512 pixels are too large, the limit is 256 unless");
    }

    /// <summary>The estimates against what the run really took: where the autoencoder is most of it, and where the generator is.</summary>
    [TestCase(16, 12)]
    [TestCase(64, 160)]
    public void Estimates_OfARun_AreWhatItTakes(int width, int batch)
    {
        var options = _options with { Diffusion = _options.Diffusion with { Width = width, Batch = batch, Steps = 1 } };
        var plan = DptPlan.Of(options, _device);
        var taken = TinyRun.In(_folder["run"], options).Result!.PeakMemoryBytes;
        TestContext.Out.WriteLine($"memory: estimated {plan.MemoryBytes:n0}, taken {taken:n0}, ratio {plan.MemoryBytes / (double)taken:f2}");
        Assert.That(plan.MemoryBytes / (double)taken, Is.InRange(0.9, 1.5));
        var files = new FileInfo(new RunLayout(_folder["run"]).TrainLatentsPath).Length + new FileInfo(new RunLayout(_folder["run"]).TestLatentsPath).Length;
        var without = DptPlan.Of(options with { Diffusion = options.Diffusion with { Latents = Encoded(options) } }, _device).DiskBytes;
        Assert.That(plan.DiskBytes - without, Is.EqualTo(40 * 2 * 6 * 8 * 8 * 4));
        Assert.That(files, Is.InRange(50 * 2 * 6 * 8 * 8 * 4, (50 * 2 * 6 * 8 * 8 * 4) + 4000));
    }

    private DptOptions With(string autoencoder) => _options with { Diffusion = _options.Diffusion with { Autoencoder = autoencoder } };

    private string Another() => AutoencoderFolder.Make(_models, _device, weights => weights["quant_conv.bias"].Values[0] += 1);

    /// <summary>The file that <c>dpt encode</c> makes of a run's images.</summary>
    private string Encoded(DptOptions options)
    {
        var file = _folder[$"{Guid.NewGuid():n}.safetensors"];
        LatentExtraction.Of(new EncodeRequest(options.Data, options.Seed, options.Diffusion.Autoencoder!, file), _device, new SilentObserver(), default);
        return file;
    }

    private static ImageDataset PseudoImages(string run) =>
        ImageShards.Open(new RunLayout(run).Round(1).Diffusion.PseudoImagesPath).Load("pseudo-images", [.. Enumerable.Range(0, 10).Select(i => $"{i}")]);
}
