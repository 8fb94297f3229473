using System.Diagnostics;
using System.Globalization;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>
/// What it costs to hand a job to the pool and to get it back, one after the other as the kernels of a network do: for an
/// empty job, which the caller mostly does alone, and for one in which all threads must have met.
/// </summary>
internal static class DispatchCost
{
    private const int Rounds = 5000;

    /// <summary>Measures it, and the same job given to the threads of .NET; about a tenth of a second.</summary>
    public static string Describe(HostDevice device)
    {
        var pieces = 2 * device.Threads;
        var options = new ParallelOptions { MaxDegreeOfParallelism = device.Threads };
        var ours = MedianMicroseconds(() => OnPool(device.Workers, pieces));
        var meeting = MedianMicroseconds(() => MeetOnPool(device.Workers));
        var theirs = MedianMicroseconds(() => Parallel.For(0, pieces, options, static _ => { }));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"An empty job of {pieces} pieces: {ours:f2} us on the pool, {theirs:f2} us by Parallel.For; all threads met in {meeting:f2} us (medians).");
    }

    private static void OnPool(WorkerPool pool, int pieces)
    {
        var job = default(Empty);
        pool.For(pieces, ref job);
    }

    private static unsafe void MeetOnPool(WorkerPool pool)
    {
        var arrived = 0;
        var job = new Meeting { Arrived = &arrived, Threads = pool.Threads };
        pool.For(pool.Threads, ref job);
    }

    private static double MedianMicroseconds(Action run)
    {
        // In ticks of the clock: a TimeSpan counts no less than 0.1 us.
        var times = new long[Rounds];
        foreach (ref var time in times.AsSpan())
        {
            var start = Stopwatch.GetTimestamp();
            run();
            time = Stopwatch.GetTimestamp() - start;
        }

        Array.Sort(times);
        return 1e6 * times[Rounds / 2] / Stopwatch.Frequency;
    }

    private unsafe struct Meeting : IParallelJob
    {
        public int* Arrived;
        public int Threads;

        public readonly void Execute(int index)
        {
            Interlocked.Increment(ref *Arrived);
            while (Volatile.Read(ref *Arrived) < Threads)
            {
                Thread.SpinWait(1);
            }
        }
    }

    private struct Empty : IParallelJob
    {
        public readonly void Execute(int index)
        {
            // The cost is all there is.
        }
    }
}
