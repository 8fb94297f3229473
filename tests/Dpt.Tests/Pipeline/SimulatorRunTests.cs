using System.Text.Json;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// A whole run in miniature on the simulator, which executes the PTX that a GPU would: every logged loss against the
/// host's, step by step.
/// </summary>
public sealed class SimulatorRunTests
{
    /// <summary>
    /// Relative difference of two losses. The kernels sum in other orders; over these few steps that came to 5e-8. A wrong
    /// kernel is off by per cents at once.
    /// </summary>
    private const double Bound = 1e-5;

    [Test]
    public void Run_OnTheSimulator_HasTheLossesOfTheHost()
    {
        using var folders = new TemporaryFolder();
        using var host = new HostDevice(threads: 1, selection: new KernelSelection());
        using var simulator = new SimDevice(selection: new KernelSelection());
        var expected = Losses(folders["host"], host);
        var actual = Losses(folders["sim"], simulator);
        Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
        Assert.That(expected, Has.Count.GreaterThan(15), "steps of three trainings");
        var worst = expected.Max(e => Math.Abs((actual[e.Key] - e.Value) / e.Value));
        TestContext.Out.WriteLine($"{expected.Count} losses, {simulator.Launches} launches, largest relative difference {worst:g2}");
        Assert.Multiple(() =>
        {
            foreach (var (step, loss) in expected)
            {
                Assert.That(actual[step], Is.EqualTo(loss).Within(Bound * Math.Abs(loss)), step);
            }
        });
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
