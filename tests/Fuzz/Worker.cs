using System.Diagnostics;
using DPT.Engine.Dpt.Tests;

namespace Fuzz;

/// <summary>The process that tries one reader.</summary>
internal static class Worker
{
    /// <summary>The name of the verb.</summary>
    public const string Verb = "worker";

    /// <summary>The exit code of one that found something and came to its end.</summary>
    public const int Found = 4;

    /// <summary>The exit code of one that one input kept busy for too long.</summary>
    public const int Hangs = 3;

    /// <summary>As little as a main thread has anywhere: recursion must not count on more.</summary>
    private const int StackBytes = 1 << 20;

    private static readonly TimeSpan _longest = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _longestShrinking = TimeSpan.FromSeconds(10);

    public static int Run(Options options)
    {
        var code = 0;
        var thread = new Thread(() => code = Try(options), StackBytes);
        thread.Start();
        thread.Join();
        return code;
    }

    private static int Try(Options options)
    {
        // Before anything that is instrumented: it counts from its first branch on.
        Coverage.Begin();
        using var target = new ReaderTarget(HostileReader.All.Single(reader => reader.Name == options.Only));
        using var watch = new Watch();
        var campaign = new Campaign(
            input =>
            {
                watch.Begin();
                return target.Try(input);
            },
            options.Seed);
        var clock = Stopwatch.StartNew();
        campaign.Run(target.Seeds, () => clock.Elapsed.TotalSeconds >= options.Seconds || campaign.Executions >= options.Runs);
        foreach (var (input, fault) in campaign.Findings)
        {
            clock.Restart();
            Finding.Keep(options, campaign.Shrink(input, fault, () => clock.Elapsed > _longestShrinking), fault);
        }

        Console.WriteLine(new Counts(campaign.Executions, campaign.Edges, campaign.Kept, campaign.Findings.Count));
        return campaign.Findings.Count > 0 ? Found : 0;
    }

    /// <summary>Ends the process if an input keeps it busy for too long; the input lies where it was read from.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly Timer _timer;
        private TimeSpan _begun;

        public Watch() => _timer = new Timer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        public void Begin() => _begun = Environment.CpuUsage.TotalTime;

        public void Dispose() => _timer.Dispose();

        private void Look()
        {
            if (Environment.CpuUsage.TotalTime - _begun > _longest)
            {
                Environment.Exit(Hangs);
            }
        }
    }
}
