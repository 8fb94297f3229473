using System.Diagnostics;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>A run as a process of its own that is asked to stop: it saves, says how to go on, and goes on from there.</summary>
[Platform(Exclude = "Win", Reason = "signals are of POSIX")]
public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>More steps than anybody waits for, and no checkpoint but the one that the signal asks for.</summary>
    private static readonly string[] _endless =
    [
        "--preset", "digits-smoke",
        "--device", "host",
        "--set", "data.trainLimit=100,data.testLimit=40,run.checkpointEvery=1000000,run.logEvery=1,stage1.steps=1000000",
    ];

    [TestCase("TERM", 15)]
    [TestCase("HUP", 1)]
    public void Run_AskedToStop_SavesAndSaysHowToGoOn(string signal, int number)
    {
        Assume.That(!IsIgnored(number), "whoever starts the tests with nohup wants a run not to stop, and it does not");
        using var folder = new TemporaryFolder();
        var path = folder.File("run");
        using var run = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(Application).Assembly.Location, "run", .. _endless, "--out", path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var (errors, output) = (run.StandardError.ReadToEndAsync(), run.StandardOutput.ReadToEndAsync());
        try
        {
            WaitForSteps(run, path);
            using var kill = Process.Start("kill", [$"-{signal}", $"{run.Id}"]);
            Assert.That(run.WaitForExit(Patience), "it ends");
        }
        finally
        {
            run.Kill();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Interrupted));
            Assert.That(output.Result, Is.Empty);
            Assert.That(errors.Result, Does.Contain("stopping as soon as the work is safe").And.Contain($"dpt run --resume {path}"));
            Assert.That(Directory.GetDirectories(Path.Combine(path, "stage-1-classifier/checkpoints")), Has.Length.EqualTo(1));
        }
    }

    /// <summary>Processes inherit which signals are ignored; other systems than Linux do not tell.</summary>
    private static bool IsIgnored(int signal)
    {
        const string Field = "SigIgn:", Status = "/proc/self/status";
        var line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal)) : null;
        return line is not null && (Convert.ToUInt64(line[Field.Length..].Trim(), 16) >> (signal - 1) & 1) != 0;
    }

    private static void WaitForSteps(Process run, string path)
    {
        var (clock, metrics) = (Stopwatch.StartNew(), Path.Combine(path, "metrics.jsonl"));
        while (!File.Exists(metrics) || new FileInfo(metrics).Length == 0)
        {
            Assert.That(!run.HasExited && clock.Elapsed < Patience, "it begins to train");
            Thread.Sleep(20);
        }
    }
}
