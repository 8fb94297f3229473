using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>One kernel's work, cut into numbered items that may run in any order on any thread.</summary>
/// <remarks>Implemented by structs of pointers and sizes: they live on the caller's stack while the pool runs.</remarks>
public interface IParallelJob
{
    /// <summary>Does item <paramref name="index"/>, from 0. Items may run at the same time and in any order.</summary>
    void Execute(int index);
}

/// <summary>
/// A fixed set of threads for kernels. The caller is the first worker; the others spin for a short while after each
/// job, because the next one usually follows within microseconds, and then sleep.
/// </summary>
/// <remarks>
/// Of every job each thread first does the same share: the items from t/n to (t+1)/n of them. Kernels cut their work
/// along the rows of a batch, so what a thread reads is mostly what it wrote itself in the kernel before and still has in
/// its own cache; a line that another core has written costs as much as memory. Who is done early takes items of others.
///
/// The caller waits only for threads that are inside its job. One that wakes up late finds the job closed and touches
/// nothing of it, so a small job never waits for a sleeper, nor for a thread that has lost its processor.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>About 0.2 milliseconds of looking for the next job.</summary>
    private const int SpinsBeforeSleep = 5000;

    [ThreadStatic]
    private static int _currentWorker;

    private readonly Worker[] _workers;
    private readonly Share[] _shares;
    private delegate*<void*, int, void> _execute;
    private void* _job;
    private int _open;
    private int _inside;
    private int _generation;
    private Exception? _failure;
    private volatile bool _stopping;

    internal WorkerPool(int threads)
    {
        Threads = threads;
        _shares = new Share[threads];
        _workers = new Worker[threads - 1];
        for (var i = 0; i < _workers.Length; i++)
        {
            var worker = new Worker();
            var number = i + 1;
            worker.Thread = new Thread(() => Work(worker, number)) { IsBackground = true, Name = $"dpt-worker-{i + 1}" };
            _workers[i] = worker;
            worker.Thread.Start();
        }
    }

    /// <summary>
    /// Inside an item: which of the pool's threads runs it, 0 to <see cref="Threads"/> - 1; the caller is 0. For scratch
    /// memory only: a result that depends on it depends on the timing.
    /// </summary>
    public static int CurrentWorker => _currentWorker;

    /// <summary>Threads that take part in a job, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Runs items 0 to <paramref name="count"/> - 1 of the job and returns when all are done.</summary>
    /// <param name="count">Number of items; by the shape alone, so that results do not depend on the number of threads.</param>
    /// <param name="job">What an item does.</param>
    /// <exception cref="InvalidOperationException">An item threw; what it threw is inside.</exception>
    /// <remarks>Not reentrant: an item must not start another job, and only one thread may call this.</remarks>
    public void For<TJob>(int count, ref TJob job) where TJob : struct, IParallelJob
    {
        if (count <= 1 || _workers.Length == 0)
        {
            for (var i = 0; i < count; i++)
            {
                job.Execute(i);
            }

            return;
        }

        _execute = &ExecuteItem<TJob>;
        _job = Unsafe.AsPointer(ref job);
        for (var thread = 0; thread < _shares.Length; thread++)
        {
            _shares[thread].Next = (int)((long)count * thread / _shares.Length);
            _shares[thread].End = (int)((long)count * (thread + 1) / _shares.Length);
        }

        _failure = null;
        Volatile.Write(ref _open, 1);
        WakeAll();
        Drain(0);

        // A thread goes inside first and then looks whether the job is open; here it is the other way round. So either
        // it is seen inside and waited for, or it sees that the job is closed.
        Interlocked.Exchange(ref _open, 0);
        var spin = default(SpinWait);
        while (Volatile.Read(ref _inside) > 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        if (_failure is { } failure)
        {
            throw new InvalidOperationException("a worker thread failed: " + failure.Message, failure);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        _stopping = true;
        WakeAll();
        foreach (var worker in _workers)
        {
            worker.Thread!.Join();
            worker.Wake.Dispose();
        }
    }

    private static void ExecuteItem<TJob>(void* job, int index) where TJob : struct, IParallelJob =>
        Unsafe.AsRef<TJob>(job).Execute(index);

    /// <summary>Starts a generation. Each sleeper has a permit of its own: a shared one could wake the wrong thread.</summary>
    private void WakeAll()
    {
        Interlocked.Increment(ref _generation);
        foreach (var worker in _workers)
        {
            if (Interlocked.Exchange(ref worker.Asleep, 0) == 1)
            {
                worker.Wake.Release();
            }
        }
    }

    private void Work(Worker worker, int number)
    {
        _currentWorker = number;
        var seen = 0;
        while (true)
        {
            AwaitGeneration(worker, seen);
            seen = Volatile.Read(ref _generation);
            if (_stopping)
            {
                return;
            }

            Interlocked.Increment(ref _inside);
            if (Volatile.Read(ref _open) == 1)
            {
                Drain(number);
            }

            Interlocked.Decrement(ref _inside);
        }
    }

    private void AwaitGeneration(Worker worker, int seen)
    {
        for (var spin = 0; spin < SpinsBeforeSleep; spin++)
        {
            if (Volatile.Read(ref _generation) != seen)
            {
                return;
            }

            Thread.SpinWait(1);
        }

        Interlocked.Exchange(ref worker.Asleep, 1);
        if (Volatile.Read(ref _generation) != seen && Interlocked.Exchange(ref worker.Asleep, 0) == 1)
        {
            return; // The generation came between the last spin and the flag, and nobody has sent a permit.
        }

        worker.Wake.Wait();
    }

    /// <summary>Does the items of a thread's own share and then what is left of the others'.</summary>
    private void Drain(int thread)
    {
        try
        {
            for (var i = 0; i < _shares.Length; i++)
            {
                Drain(ref _shares[(thread + i) % _shares.Length]);
            }
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, failure, null);
            foreach (ref var share in _shares.AsSpan())
            {
                Volatile.Write(ref share.Next, share.End);
            }
        }
    }

    private void Drain(ref Share share)
    {
        while (Volatile.Read(ref share.Next) < share.End)
        {
            var index = Interlocked.Increment(ref share.Next) - 1;
            if (index < share.End)
            {
                _execute(_job, index);
            }
        }
    }

    /// <summary>The items that one thread does first; alone on two cache lines, which the processor fetches as one.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Share
    {
        public int Next;
        public int End;
    }

    private sealed class Worker
    {
        public readonly SemaphoreSlim Wake = new(0);
        public Thread? Thread;
        public int Asleep;
    }
}
