using System.Globalization;
using System.Text.Json;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// A whole run in miniature on the simulator, which executes the PTX that a GPU would: every logged loss against the
/// host's, step by step.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed class SimulatorRunTests
{
    /// <summary>
    /// Relative difference of two losses. The kernels sum in other orders; over these few steps that came to 5e-8. A wrong
    /// kernel is off by per cents at once.
    /// </summary>
    private const double Bound = 1e-5;

    /// <summary>The same in bf16: a hidden value between two roundings may become one or the other.</summary>
    private const double BoundOfBf16 = 5e-3;

    /// <summary>
    /// Few images: what a run computes of images without learning from them (labels, curves, drawing) takes the simulator most of its
    /// time and is the same work over and over.
    /// </summary>
    private static readonly DptOptions _fewImages = TinyOptions.Run with
    {
        Data = TinyOptions.Run.Data with { TrainLimit = 60, TestLimit = 10 },
        Generate = TinyOptions.Run.Generate with { PerClass = 1 },
        Run = TinyOptions.Run.Run with { EvaluationPoints = 1 },
    };

    [TestCase(Precision.Fp32, Bound)]
    [TestCase(Precision.Bf16, BoundOfBf16)]
    public void Run_OnTheSimulator_HasTheLossesOfTheHost(Precision precision, double bound)
    {
        using var folders = new TemporaryFolder();
        using var host = new HostDevice(threads: 1, selection: new KernelSelection()) { Precision = precision };
        using var simulator = new SimDevice(selection: new KernelSelection()) { Precision = precision };
        var expected = Losses(folders["host"], host, _fewImages);
        var worst = Compare(expected, Losses(folders["sim"], simulator, _fewImages), bound);
        Assert.That(expected, Has.Count.GreaterThan(15), "steps of three trainings");
        TestContext.Out.WriteLine($"{expected.Count} losses, {simulator.Launches} launches, largest relative difference {worst:g2}");
    }

    /// <summary>
    /// A longer run on the host, whose roundings are those of the simulator: training in bf16 goes where that in fp32 goes. Single steps
    /// drift apart as they do between any two orders of a sum; means of fifty of them may differ by 2 %, of the last ones too. Without
    /// unlabelled images, which thresholds choose: there a rounding decides which image is learned from, and labels of stage 1 decide
    /// about stage 3.
    /// </summary>
    [TestCase("vit")]
    [TestCase("resnet")]
    public void Run_InBf16_LearnsAsInFp32(string network)
    {
        using var folders = new TemporaryFolder();
        using var floats = new HostDevice(threads: 2, selection: new KernelSelection());
        using var halves = new HostDevice(threads: 2, selection: new KernelSelection()) { Precision = Precision.Bf16 };
        var options = TinyOptions.Run;
        options = options with
        {
            Classifier = options.Classifier with { Network = network },
            Stage1 = options.Stage1 with { Steps = 100, UnlabelledBatch = 0 },
            Diffusion = options.Diffusion with { Steps = 500 },
            Run = options.Run with { CheckpointEvery = 500 },
        };
        var expected = Means(Losses(folders["fp32"], floats, options));
        var actual = Means(Losses(folders["bf16"], halves, options));
        Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
        var generator = expected.Keys.Single(k => k.EndsWith(" 450", StringComparison.Ordinal))[..^" 450".Length];
        Assert.That(expected[$"{generator} 450"], Is.LessThan(0.8 * expected[$"{generator} 0"]), "something is learned");
        var worst = expected.MaxBy(e => Math.Abs((actual[e.Key] - e.Value) / e.Value));
        TestContext.Out.WriteLine($"{expected.Count} means, largest difference at {worst.Key}: {worst.Value:g4} and {actual[worst.Key]:g4}");
        Assert.Multiple(() =>
        {
            foreach (var (window, loss) in expected)
            {
                Assert.That(actual[window], Is.EqualTo(loss).Within(0.02 * Math.Abs(loss)), window);
            }
        });
    }

    /// <summary>Of the minimised losses of stages 1 and 2, over fifty steps each.</summary>
    private static SortedDictionary<string, double> Means(SortedDictionary<string, double> losses) => new(
        losses.Select(l => (Words: l.Key.Split(' '), Loss: l.Value))
            .Where(l => l.Words[2] == "train/loss" && !l.Words[0].StartsWith("stage-3", StringComparison.Ordinal))
            .GroupBy(l => $"{l.Words[0]} {l.Words[2]} {(int.Parse(l.Words[1], CultureInfo.InvariantCulture) - 1) / 50 * 50}")
            .ToDictionary(g => g.Key, g => g.Average(l => l.Loss)));

    private static double Compare(SortedDictionary<string, double> expected, SortedDictionary<string, double> actual, double bound)
    {
        Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
        Assert.Multiple(() =>
        {
            foreach (var (step, loss) in expected)
            {
                Assert.That(actual[step], Is.EqualTo(loss).Within(bound * Math.Abs(loss)), step);
            }
        });
        return expected.Max(e => Math.Abs((actual[e.Key] - e.Value) / e.Value));
    }

    /// <summary>Every loss that a run logs, by stage, step and name.</summary>
    private static SortedDictionary<string, double> Losses(string folder, Device device, DptOptions options)
    {
        TinyRun.On(device, folder, options, new SilentObserver(), pipeline => pipeline.Run(default));
        var losses = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Combine(folder, "metrics.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            foreach (var value in json.RootElement.EnumerateObject().Where(p => p.Name.Contains("loss", StringComparison.OrdinalIgnoreCase)))
            {
                losses[$"{json.RootElement.GetProperty("stage")} {json.RootElement.GetProperty("step")} {value.Name}"] =
                    value.Value.GetDouble();
            }
        }

        return losses;
    }
}
