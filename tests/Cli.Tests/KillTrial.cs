using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>
/// A run that is killed at random moments, as a process of its own, and continued: it ends with the files of a run that
/// nobody disturbed, and leaves nothing half-written.
/// </summary>
public sealed class KillTrial
{
    private const int MostKillsOfARun = 12;

    private static readonly string[] _tiny =
    [
        "--preset", "digits-smoke",
        "--device", "host",
        "--set", "data.trainLimit=100,data.testLimit=40,run.checkpointEvery=1,run.logEvery=1",
        "--set", "stage1.steps=5,diffusion.steps=5,stage3.steps=5,generate.perClass=3,generate.evaluations=3",
    ];

    private static int Kills => Trials.Long ? 135 : 4;

    [Test]
    public void Run_KilledAtRandomMoments_EndsAsIfNothingHadHappened()
    {
        using var folder = new TemporaryFolder();
        var whole = folder.File("whole");
        var clock = Stopwatch.StartNew();
        Assert.That(Start(["run", .. _tiny, "--out", whole], Timeout.InfiniteTimeSpan).Code, Is.Zero);
        var duration = clock.Elapsed;
        var (random, kills, runs) = (new Random(1), 0, 0);
        while (kills < Kills)
        {
            kills += Disturb(folder.File($"run-{++runs}"), whole, duration, random, Math.Min(MostKillsOfARun, Kills - kills));
        }

        TestContext.Out.WriteLine($"{kills} kills of {runs} runs of {duration.TotalSeconds:0.0} s: every outcome the same");
    }

    /// <summary>Kills a run again and again, lets it end, and compares. Returns the number of kills.</summary>
    private static int Disturb(string path, string whole, TimeSpan duration, Random random, int mostKills)
    {
        for (var kills = 0; ; kills++)
        {
            // Where nothing has been written that can be resumed, the same command works again.
            string[] words = File.Exists(Path.Combine(path, "config.resolved.json"))
                ? ["run", "--resume", path]
                : ["run", .. _tiny, "--out", path];
            var patience = kills < mostKills ? random.NextDouble() * duration : Timeout.InfiniteTimeSpan;
            var (code, errors) = Start(words, patience);
            if (code is null)
            {
                continue;
            }

            Assert.That(code, Is.Zero, errors);
            Assert.That(Outcome(path), Is.EqualTo(Outcome(whole)), $"after {kills} kills");
            Assert.That(
                Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories)
                    .Select(Path.GetFileName)
                    .Where(name => name!.EndsWith(".tmp", StringComparison.Ordinal)
                        || name.StartsWith("tmp-", StringComparison.Ordinal)
                        || name.StartsWith("old-", StringComparison.Ordinal)),
                Is.Empty);
            return kills;
        }
    }

    /// <summary>Runs a command line as a process; null if it was killed before it ended.</summary>
    private static (int? Code, string Errors) Start(string[] words, TimeSpan patience)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(Application).Assembly.Location, .. words])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var (errors, _) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        if (process.WaitForExit(patience))
        {
            return (process.ExitCode, errors.GetAwaiter().GetResult());
        }

        process.Kill();
        process.WaitForExit();
        return (null, "");
    }

    /// <summary>Every file that must not depend on interruptions, by path; of JSON, what is not of the clock.</summary>
    private static Dictionary<string, string> Outcome(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith("checkpoints", StringComparison.Ordinal))
            .Where(path => Path.GetExtension(path) is ".safetensors" or ".csv" or ".png"
                || Path.GetFileName(path) is "confusion.json" or "shards.json" or "result.json")
            .ToDictionary(path => Path.GetRelativePath(folder, path), path => Path.GetFileName(path) == "result.json"
                ? Timeless(JsonNode.Parse(File.ReadAllText(path))!)
                : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));

    private static string Timeless(JsonNode node)
    {
        foreach (var (name, value) in node.AsObject().ToList())
        {
            if (name is "seconds" or "totalSeconds" or "imagesPerSecond" or "peakMemoryBytes")
            {
                node.AsObject().Remove(name);
            }
            else if (value is JsonObject)
            {
                Timeless(value);
            }
        }

        return node.ToJsonString();
    }
}
