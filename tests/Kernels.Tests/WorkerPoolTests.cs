using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The pool of kernel threads: every piece exactly once, whatever the threads happen to be doing.</summary>
public sealed unsafe class WorkerPoolTests
{
    [Test]
    public void For_ManyJobsOfManySizes_RunsEveryPieceOnce([Values(1, 2, 7)] int threads)
    {
        using var pool = new WorkerPool(threads);
        var counts = new int[64];
        fixed (int* pinned = counts)
        {
            for (var job = 0; job < 2000; job++)
            {
                var pieces = job % 65;
                Array.Clear(counts);
                var count = new Counting { Counts = pinned };
                pool.For(pieces, ref count);
                Assert.That(counts.Take(pieces), Is.All.EqualTo(1), $"job {job}");
                Assert.That(counts.Skip(pieces), Is.All.Zero, $"job {job}");
            }
        }
    }

    [Test]
    public void For_AfterTheWorkersFellAsleep_RunsEveryPieceOnce()
    {
        using var pool = new WorkerPool(4);
        var counts = new int[64];
        fixed (int* pinned = counts)
        {
            var count = new Counting { Counts = pinned };
            for (var round = 1; round <= 10; round++)
            {
                Thread.Sleep(5);
                pool.For(64, ref count);
                Assert.That(counts, Is.All.EqualTo(round));
            }
        }
    }

    [Test]
    public void For_PiecesThatWaitForEachOther_RunOnTheThreadsWhoseShareTheyAre()
    {
        using var pool = new WorkerPool(2);
        var workers = new int[2];
        fixed (int* pinned = workers)
        {
            for (var round = 0; round < 100; round++)
            {
                var arrived = 0;
                var meeting = new Meeting { Arrived = &arrived, Workers = pinned };
                pool.For(2, ref meeting);
                Assert.That(workers, Is.EqualTo(new[] { 0, 1 }));
            }
        }
    }

    [Test]
    public void For_PieceThatThrows_ReportsItAndStaysUsable()
    {
        using var pool = new WorkerPool(3);
        var failing = default(Failing);
        Assert.That(
            () => pool.For(50, ref failing), Throws.InvalidOperationException.With.Message.Contains("no such piece"));

        var counts = new int[50];
        fixed (int* pinned = counts)
        {
            var count = new Counting { Counts = pinned };
            pool.For(50, ref count);
        }

        Assert.That(counts, Is.All.EqualTo(1));
    }

    private struct Counting : IParallelJob
    {
        public int* Counts;

        public readonly void Execute(int index) => Interlocked.Increment(ref Counts[index]);
    }

    private struct Meeting : IParallelJob
    {
        public int* Arrived;
        public int* Workers;

        public readonly void Execute(int index)
        {
            Workers[index] = WorkerPool.CurrentWorker;
            Interlocked.Increment(ref *Arrived);
            while (Volatile.Read(ref *Arrived) < 2)
            {
                Thread.Yield();
            }
        }
    }

    private struct Failing : IParallelJob
    {
        public readonly void Execute(int index)
        {
            if (index >= 13)
            {
                throw new ArgumentException("no such piece");
            }
        }
    }
}
