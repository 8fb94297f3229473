using System.Runtime.InteropServices;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A training of a tiny network on noise, with a device of its own.</summary>
internal sealed class TinyTraining : IDisposable
{
    private readonly HostDevice _device;
    private readonly IDisposable? _network;

    private TinyTraining(HostDevice device, IDisposable? network, ParameterStore store, ITrainer trainer)
    {
        _device = device;
        Store = store;
        _network = network;
        Trainer = trainer;
    }

    public ITrainer Trainer { get; }

    public Device Device => _device;

    /// <summary>The weights in training.</summary>
    public ParameterStore Store { get; }

    /// <summary>The device's memory.</summary>
    public DeviceMemory Memory => _device.Memory;

    public static TinyTraining Classifier(
        SemiSupervisedOptions? options = null, int threads = 1, ImageDataset? unlabelled = null, ClassifierOptions? network = null)
    {
        var device = new HostDevice(threads, selection: new KernelSelection());
        var labelled = TestImages.Noise(10, classes: 3, imageSize: 8);
        var classifier = new ImageClassifier(
            device, network ?? TinyOptions.Run.Classifier, labelled, NormalisationStatistics.Of(labelled), seed: 5);
        var trainer = new SemiSupervisedTrainer(
            classifier,
            options ?? TinyOptions.Run.Stage1,
            LabelledImages.Of(labelled),
            unlabelled ?? TestImages.Noise(40, classes: 3, imageSize: 8),
            seed: 5);
        return new TinyTraining(device, classifier, classifier.Store, trainer);
    }

    public static TinyTraining Generator(
        DiffusionOptions? options = null, int threads = 1, ImageDataset? images = null, int[]? labels = null)
    {
        var device = new HostDevice(threads, selection: new KernelSelection());
        images ??= TestImages.Noise(40, classes: 3, imageSize: 8);
        options ??= TinyOptions.Run.Diffusion;
        var generator = new ImageGenerator(device, options, new PixelSpace(images.Form), seed: 5);
        labels ??= [.. Enumerable.Range(0, images.Count).Select(i => i % images.Classes)];
        return new TinyTraining(
            device, generator, generator.Store, new DiffusionTrainer(generator, options, new PixelExamples(images), labels, seed: 5));
    }

    public static TinyTraining Msn(int threads = 1, MsnOptions? options = null)
    {
        var device = new HostDevice(threads, selection: new KernelSelection());
        var images = TestImages.Noise(40, classes: 3, imageSize: 8);
        var trainer = new MsnTrainer(device, options ?? TinyOptions.Msn, images, NormalisationStatistics.Of(images), seed: 5);
        return new TinyTraining(device, network: null, trainer.Store, trainer);
    }

    /// <summary>Trains so many steps and captures the state.</summary>
    public TrainingState Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Trainer.RunStep();
        }

        return Trainer.Capture();
    }

    public void Dispose()
    {
        ((IDisposable)Trainer).Dispose();
        _network?.Dispose();
        _device.Dispose();
    }

    /// <summary>Every bit of two states is the same.</summary>
    public static void RequireSame(TrainingState actual, TrainingState expected)
    {
        Assert.That(actual.Step, Is.EqualTo(expected.Step));
        Assert.That(actual.State.ToJsonString(), Is.EqualTo(expected.State.ToJsonString()));
        Assert.That(actual.Tensors.Keys, Is.EquivalentTo(expected.Tensors.Keys));
        foreach (var (file, tensors) in expected.Tensors)
        {
            foreach (var (name, (_, values)) in tensors)
            {
                Assert.That(values, Has.All.Matches<float>(float.IsFinite), $"{file}: {name}");
                Assert.That(SameBits(actual.Tensors[file][name].Values, values), $"{file}: {name} differs");
            }
        }
    }

    public static bool SameBits(float[] a, float[] b) =>
        MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(b.AsSpan()));
}
