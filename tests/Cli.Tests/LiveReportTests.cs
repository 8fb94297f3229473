using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>Reports on the way: when they are written, and that they fail nothing.</summary>
public sealed class LiveReportTests
{
    private readonly Clock _clock = new();

    [Test]
    public void Report_IsWrittenAtTheFirstProgress_ThenRarely()
    {
        using var run = new ReportFolder(["cat", "dog"]);
        var live = new LiveReport(run.Run, run.Data, new SilentObserver(), _clock);
        live.Message("begins");
        Assert.That(run.Run.ReportPath, Does.Not.Exist, "nothing has been worked yet");
        Assert.That(WritesAt(run, live, 0, 1, 19.9, 20.1, 30, 45), Is.EqualTo(new[] { true, false, false, true, false, true }));
    }

    /// <summary>A report that takes a second is written again after fifty.</summary>
    [Test]
    public void Report_ThatTakesLong_IsWrittenMoreRarely()
    {
        using var run = new ReportFolder(["cat", "dog"]);
        _clock.Step = 1;
        var live = new LiveReport(run.Run, run.Data, new SilentObserver(), _clock);
        Assert.That(WritesAt(run, live, 0, 25, 49, 60), Is.EqualTo(new[] { true, false, false, true }));
    }

    [Test]
    public void Report_ThatCannotBeWritten_IsSaid_AndFailsNothing()
    {
        using var run = new ReportFolder(["cat", "dog"]);
        Directory.CreateDirectory(run.Run.ReportPath);
        var messages = new List<string>();
        var live = new LiveReport(run.Run, run.Data, new Listener(messages), _clock);
        Assert.That(() => live.Progress(new WorkProgress("work", 1, 2, "steps", 1, "")), Throws.Nothing);
        Assert.That(messages, Has.Exactly(1).StartsWith("the report cannot be written: "));
    }

    [Test]
    public void Run_Interrupted_LeavesAReportThatSaysSo()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.Run(["run", "--out", folder.File("run")], new FakeCommands { Work = (_, _) => throw new OperationCanceledException() });
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Interrupted));
        Assert.That(File.ReadAllText(folder.File("run/report.html")), Does.Contain("Not finished"));
    }

    /// <summary>Whether the report was written at the progress that came then.</summary>
    private List<bool> WritesAt(ReportFolder run, LiveReport live, params double[] seconds) => [.. seconds.Select(now =>
    {
        File.Delete(run.Run.ReportPath);
        _clock.Now = now;
        live.Progress(new WorkProgress("work", 1, 2, "steps", 1, ""));
        return File.Exists(run.Run.ReportPath);
    })];

    private sealed class Listener(List<string> messages) : IRunObserver
    {
        public void Message(string text) => messages.Add(text);

        public void Progress(in WorkProgress progress)
        {
        }
    }

    /// <summary>A clock that is set, and goes on by a step each time somebody looks.</summary>
    private sealed class Clock : TimeProvider
    {
        public double Now { get; set; }

        public double Step { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp()
        {
            var now = (long)(1000 * Now);
            Now += Step;
            return now;
        }
    }
}
