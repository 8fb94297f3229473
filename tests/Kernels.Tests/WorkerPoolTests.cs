using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed unsafe class WorkerPoolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private int* _runs;

    [SetUp]
    public void AllocateCounters() => _runs = (int*)NativeMemory.AllocZeroed(10_000, sizeof(int));

    [TearDown]
    public void FreeCounters() => NativeMemory.Free(_runs);

    [Test]
    public void For_AnyNumberOfPieces_RunsEachOnce([Values(1, 2, 7)] int threads) => Bounded(() =>
    {
        using var pool = new WorkerPool(threads);
        foreach (var count in new[] { 0, 1, 2, 3, 7, 100, 10_000 })
        {
            Run(pool, count);
            ExpectRuns(count, 1);
        }
    });

    /// <summary>Pauses between dispatches let the workers fall asleep, which is when a wake-up can be lost.</summary>
    [Test]
    public void For_DispatchesWithPauses_LosesNoWakeUp([Values(1, 2, 7)] int threads) => Bounded(() =>
    {
        using var pool = new WorkerPool(threads);
        const int Pieces = 16;
        for (var dispatch = 0; dispatch < 120; dispatch++)
        {
            Run(pool, Pieces);
            ExpectRuns(Pieces, 1);
            if (dispatch % 3 == 0)
            {
                Thread.Sleep(dispatch % 2);
            }
            else
            {
                Thread.SpinWait(dispatch * 100);
            }
        }
    });

    [Test]
    public void For_ManyDispatchesInARow_RunsEachPieceOnce([Values(1, 2, 7)] int threads) => Bounded(() =>
    {
        using var pool = new WorkerPool(threads);
        const int Pieces = 9;
        const int Dispatches = 300;
        for (var dispatch = 0; dispatch < Dispatches; dispatch++)
        {
            var job = new Count { Runs = _runs };
            pool.For(Pieces, ref job);
        }

        ExpectRuns(Pieces, Dispatches);
    });

    [Test]
    public void For_APieceFails_ThrowsAndThePoolSurvives([Values(1, 2, 7)] int threads, [Values] bool everyPiece) =>
        Bounded(() =>
        {
            using var pool = new WorkerPool(threads);
            for (var attempt = 0; attempt < 20; attempt++)
            {
                var job = new Fail { At = everyPiece ? -1 : 3 };
                Exception? failure = null;
                try
                {
                    pool.For(50, ref job);
                }
                catch (Exception caught)
                {
                    failure = caught;
                }

                Assert.That(failure?.Message, Does.Contain("this piece fails"));
                Run(pool, 50);
                ExpectRuns(50, 1);
            }
        });

    [Test]
    public void Dispose_RightAfterCreation_EndsTheThreads([Values(1, 2, 7)] int threads) => Bounded(() =>
    {
        for (var i = 0; i < 20; i++)
        {
            new WorkerPool(threads).Dispose();
        }
    });

    private void Run(WorkerPool pool, int count)
    {
        new Span<int>(_runs, 10_000).Clear();
        var job = new Count { Runs = _runs };
        pool.For(count, ref job);
    }

    private void ExpectRuns(int count, int times)
    {
        var runs = new ReadOnlySpan<int>(_runs, 10_000);
        Assert.That(runs[..count].ContainsAnyExcept(times), Is.False, "a piece was left out or run again");
        Assert.That(runs[count..].ContainsAnyExcept(0), Is.False, "a piece beyond the last was run");
    }

    /// <summary>A lost wake-up would wait for ever: the test must end all the same.</summary>
    private static void Bounded(Action body) => Assert.That(Task.Run(body).Wait(Patience), Is.True, "the pool hangs");

    private struct Count : IParallelJob
    {
        public int* Runs;

        public readonly void Execute(int index) => Interlocked.Increment(ref Runs[index]);
    }

    private struct Fail : IParallelJob
    {
        public int At;

        public readonly void Execute(int index)
        {
            if (At < 0 || index == At)
            {
                throw new ArithmeticException("this piece fails");
            }
        }
    }
}
