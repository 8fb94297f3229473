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

    [TestCase(Precision.Fp32, Bound)]
    [TestCase(Precision.Bf16, BoundOfBf16)]
    public void Run_OnTheSimulator_HasTheLossesOfTheHost(Precision precision, double bound)
    {
        using var folders = new TemporaryFolder();
        using var host = new HostDevice(threads: 1, selection: new KernelSelection()) { Precision = precision };
        using var simulator = new SimDevice(selection: new KernelSelection()) { Precision = precision };
        var expected = Losses(folders["host"], host);
        var worst = Compare(expected, Losses(folders["sim"], simulator), bound);
        Assert.That(expected, Has.Count.GreaterThan(15), "steps of three trainings");
        TestContext.Out.WriteLine($"{expected.Count} losses, {simulator.Launches} launches, largest relative difference {worst:g2}");
    }

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
    private static SortedDictionary<string, double> Losses(string folder, Device device)
    {
        TinyRun.On(device, folder, TinyOptions.Run, new SilentObserver(), pipeline => pipeline.Run(default));
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
