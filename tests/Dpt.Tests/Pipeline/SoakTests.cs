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

    /// <summary>Every so many steps all has happened that happens again and again: two lines of the log, an evaluation and a checkpoint.</summary>
    private const int Period = Steps / 20;

    /// <summary>Bytes of the smallest object.</summary>
    private const long MostManaged = 24;

    /// <summary>What the runtime itself may take on the way.</summary>
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
            Run = tiny.Run with { CheckpointEvery = Period, LogEvery = Period / 2, EvaluationPoints = Steps / Period },
        };
        var samples = new MemorySamples(device.Memory);
        TinyRun.On(device, folder["run"], options, samples, pipeline => pipeline.Run(CancellationToken.None));
        Assert.That(samples.ByTraining, Has.Count.EqualTo(5), "stages and controls");
        foreach (var (training, taken) in samples.ByTraining)
        {
            var (early, late) = (taken.First(sample => sample.Step >= Steps / 4), taken[^1]);
            var managed = UsualGrowth([.. taken.Where(sample => sample.Step >= early.Step && sample.Step % Period == 0)]);
            TestContext.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{training}, steps {early.Step} to {late.Step}: managed {late.Managed - early.Managed:+#;-#;0} ({managed:+#;-#;0} in each "
                + $"{Period}), resident {late.Resident - early.Resident:+#;-#;0}, device {late.Device - early.Device:+#;-#;0} bytes"));
            Assert.That(late.Step, Is.EqualTo(Steps), training);
            Assert.That(managed, Is.LessThan(MostManaged), $"{training}: managed bytes in {Period} steps");
            Assert.That(late.Resident - early.Resident, Is.LessThan(MostResident), $"{training}: resident bytes");
            Assert.That(late.Device, Is.EqualTo(early.Device), $"{training}: bytes of the device");
        }
    }

    /// <summary>
    /// What memory grows by in three of four periods at least. A leak shows in each of them; what the runtime takes once, or takes and
    /// gives back, does not.
    /// </summary>
    private static long UsualGrowth(Sample[] samples)
    {
        long[] growths = [.. samples.Zip(samples.Skip(1), (before, after) => after.Managed - before.Managed).Order()];
        Assert.That(growths, Has.Length.GreaterThan(10), "periods");
        return growths[growths.Length / 4];
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
