using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Images that a run's generator draws from its file are those that the run drew, by seed, class and number.</summary>
public sealed class DrawnSampleTests : FinishedRunTests
{
    /// <summary>The seed of stage 2, as it is made of the run's.</summary>
    private const ulong StageSeed = (3 << 8) + 2;

    private static readonly GenerateOptions _drawing = TinyOptions.Run.Generate;

    private string GeneratorPath => new RunLayout(Run.Path).Round(1).Diffusion.GeneratorPath;

    /// <summary>The file alone is enough: no run folder, no data.</summary>
    [Test]
    public void Draw_WithTheSeedOfTheStage_GivesThePseudoImages()
    {
        var file = Folder["somewhere.safetensors"];
        File.Copy(GeneratorPath, file);
        var drawn = ImageShards.Open(new RunLayout(Run.Path).Round(1).Diffusion.PseudoImagesPath).Load("drawn", [.. Enumerable.Range(0, 10).Select(c => $"{c}")]);
        using var generator = TrainedGenerator.Open(Device, file);
        Assert.That((generator.Form, generator.ClassNames), Is.EqualTo((drawn.Form, drawn.ClassNames)));
        foreach (var label in new[] { 0, 7 })
        {
            byte[] expected = [.. Enumerable.Range(0, drawn.Count).Where(i => drawn.Labels[i] == label).SelectMany(i => drawn.Image(i).ToArray())];
            Assert.That(generator.Draw(label, 4, _drawing, StageSeed), Is.EqualTo(expected));
            Assert.That(generator.Draw(label, 40, _drawing, StageSeed)[..expected.Length], Is.EqualTo(expected), "whatever is drawn beside it");
        }

        Assert.That(() => generator.Draw(10, 1, _drawing, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => generator.Draw(0, 0, _drawing, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Of_ARun_DrawsWhatIsAskedFor_AndChangesNothing()
    {
        var before = FinishedRun.Everything(Run.Path);
        var all = Draw(new SampleRequest(null, 2, 5, _drawing));
        Assert.That(all.Labels, Is.EqualTo(Enumerable.Range(0, 20).Select(i => i / 2)));
        var sevens = Draw(new SampleRequest("7", 2, 5, _drawing));
        Assert.That(sevens.Labels, Is.EqualTo([7, 7]));
        Assert.That(sevens.Pixels, Is.EqualTo(all.Select([14, 15]).Pixels));
        Assert.That(sevens.Image(0).SequenceEqual(sevens.Image(1)), Is.False);
        Assert.That(Draw(new SampleRequest("7", 2, 6, _drawing)).Pixels, Is.Not.EqualTo(sevens.Pixels), "another seed");
        foreach (var other in new[] { _drawing with { Guidance = 3 }, _drawing with { Solver = "unipc-2" }, _drawing with { Evaluations = 6 } })
        {
            Assert.That(Draw(new SampleRequest("7", 2, 5, other)).Pixels, Is.Not.EqualTo(sevens.Pixels), "drawn in another way");
        }

        var images = _drawing with { Solver = "unipc-2" };
        Assert.That(
            Draw(new SampleRequest("7", 2, 5, images with { Threshold = 0.5 })).Pixels,
            Is.Not.EqualTo(Draw(new SampleRequest("7", 2, 5, images)).Pixels), "thresholded");
        TestImages.Fails(FailureKind.Usage, () => Draw(new SampleRequest("7", 2, 5, _drawing with { Threshold = 0.5 })), "works on noise");
        Assert.That(FinishedRun.Everything(Run.Path), Is.EqualTo(before), "of the run nothing changes");
    }

    [Test]
    public void Of_WhatIsNotThere_SaysSo()
    {
        TestImages.Fails(FailureKind.Usage, () => Draw(new SampleRequest("ten", 1, 1, _drawing)), "there is no class 'ten'");
        var begun = Folder["begun"];
        TinyRun.Interrupted(begun, "stage-2-diffusion", 2);
        TestImages.Fails(
            FailureKind.Usage,
            () => Samples.Of(new RunLayout(begun), new SampleRequest(null, 1, 1, _drawing), Device, new RecordingObserver(), default),
            $"no generator of '{begun}' is finished");
        var copy = Run.Copy();
        var file = new RunLayout(copy).Round(1).Diffusion.GeneratorPath;
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        TestImages.Fails(
            FailureKind.Check,
            () => Samples.Of(new RunLayout(copy), new SampleRequest(null, 1, 1, _drawing), Device, new RecordingObserver(), default),
            $"'{file}' has changed since it was made");
    }

    [TestCase(null, "it does not say what it is for")]
    [TestCase("{\"network\":null}", "is no generator that can be used")]
    [TestCase("\"channels\":1", "\"channels\":2", "what it says of its images contradicts itself")]
    [TestCase("\"imageSize\":16", "\"imageSize\":1600000", "is no generator that can be used")]
    [TestCase("\"depth\":2,", "\"depth\":1000000000,", "tensors for 1000000000 blocks")]
    [TestCase("\"width\":16", "\"width\":1600000", "is no generator that can be used")]
    [TestCase("\"0\",\"1\"", "\"1\",\"1\"", "what it says of its images contradicts itself")]
    [TestCase("\"prediction\":\"velocity\"", "\"prediction\":\"vector\"", "vector")]
    public void Open_OfAFileThatSaysSomethingElse_IsRefused(params string?[] edit)
    {
        var file = Folder["other.safetensors"];
        using (var reader = new SafeTensorsReader(GeneratorPath))
        {
            var text = edit.Length == 3 ? reader.Metadata["generator"].Replace(edit[0]!, edit[1], StringComparison.Ordinal) : edit[0];
            Assert.That(text, Is.Not.EqualTo(reader.Metadata["generator"]), "nothing was changed");
            StateDict.Save(file, StateDict.Load(GeneratorPath), text is null ? null : new Dictionary<string, string> { ["generator"] = text });
        }

        TestImages.Fails(FailureKind.Check, () => TrainedGenerator.Open(Device, file).Dispose(), edit[^1]!);
    }

    private ImageDataset Draw(SampleRequest request) =>
        Samples.Of(new RunLayout(Run.Path), request, Device, new RecordingObserver(), default).Images;
}
