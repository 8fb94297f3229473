using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// A long training holds no more memory at its end than after its first quarter: nothing stays of a step, a line of the log, an evaluation
/// or a checkpoint.
/// </summary>
[NonParallelizable]
public sealed class SoakTests
{
    private const int Steps = 2000;

    /// <summary>What the runtime itself may take on the way.</summary>
    private const long MostManaged = 1 << 10;
    private const long MostResident = 4 << 20;

    [Test]
    public void Memory_OverEveryTraining_StaysFlat()
    {
        using var folder = new TemporaryFolder();
        using var device = new HostDevice(threads: 1);
        var tiny = TinyOptions.Run;
        var options = tiny with
        {
            Stage1 = tiny.Stage1 with { Steps = Steps },
            Diffusion = tiny.Diffusion with { Steps = Steps },
            Stage3 = tiny.Stage3 with { Steps = Steps, ControlSteps = Steps },
            Run = tiny.Run with { CheckpointEvery = Steps / 20, LogEvery = Steps / 40, EvaluationPoints = 20 },
        };
        var samples = new MemorySamples(device.Memory);
        TinyRun.On(device, folder["run"], options, samples, pipeline => pipeline.Run(CancellationToken.None));
        Assert.That(samples.ByTraining, Has.Count.EqualTo(5), "stages and controls");
        foreach (var (training, taken) in samples.ByTraining)
        {
            var (early, late) = (taken.First(sample => sample.Step >= Steps / 4), taken[^1]);
            TestContext.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{training}, steps {early.Step} to {late.Step}: managed {late.Managed - early.Managed:+#;-#;0}, resident "
                + $"{late.Resident - early.Resident:+#;-#;0}, device {late.Device - early.Device:+#;-#;0} bytes"));
            Assert.That(late.Step, Is.EqualTo(Steps), training);
            Assert.That(late.Managed - early.Managed, Is.LessThan(MostManaged), $"{training}: managed bytes");
            Assert.That(late.Resident - early.Resident, Is.LessThan(MostResident), $"{training}: resident bytes");
            Assert.That(late.Device, Is.EqualTo(early.Device), $"{training}: bytes of the device");
        }
    }

    private readonly record struct Sample(long Step, long Managed, long Resident, long Device);

    /// <summary>Looks at the memory whenever a training says how far it is.</summary>
    private sealed class MemorySamples(DeviceMemory memory) : IRunObserver
    {
        public Dictionary<string, List<Sample>> ByTraining { get; } = [];

        public void Message(string text)
        {
        }

        public void Progress(in WorkProgress progress)
        {
            if (progress.Unit == "steps")
            {
                var samples = ByTraining.GetValueOrDefault(progress.Work) ?? (ByTraining[progress.Work] = new List<Sample>(64));
                samples.Add(new Sample(progress.Done, GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet, memory.ReservedBytes));
            }
        }
    }
}
