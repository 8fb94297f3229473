using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>What an elementwise kernel does to one vector of elements: pointers and factors, nothing else.</summary>
/// <typeparam name="V">The vector.</typeparam>
public interface IElementStep<V> where V : struct, ISimd<V>
{
    /// <summary>Computes elements <paramref name="at"/> to <paramref name="at"/> + <paramref name="count"/> - 1.</summary>
    void Apply<L>(long at, int count) where L : struct, ILanes<V>;
}

/// <summary>Runs a step over an array, in fixed chunks that stay in the first-level cache's reach.</summary>
public static class HostElementwise
{
    /// <summary>Elements of a chunk, one work item: some microseconds, far above the cost of handing it out.</summary>
    public const int Chunk = 16 * 1024;

    /// <summary>Number of chunks in <paramref name="count"/> elements.</summary>
    public static int Chunks(long count) => checked((int)((count + Chunk - 1) / Chunk));

    /// <summary>Applies the step to elements 0 to <paramref name="count"/> - 1.</summary>
    public static void Run<V, TStep>(HostDevice device, long count, TStep step)
        where V : struct, ISimd<V>
        where TStep : struct, IElementStep<V>
    {
        var job = new Job<V, TStep> { Count = count, Step = step };
        device.Workers.For(Chunks(count), ref job);
    }

    /// <summary>Applies the step to elements <paramref name="start"/> to <paramref name="end"/> - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Range<V, TStep>(ref TStep step, long start, long end)
        where V : struct, ISimd<V>
        where TStep : struct, IElementStep<V>
    {
        var at = start;
        for (; at <= end - V.Count; at += V.Count)
        {
            step.Apply<AllLanes<V>>(at, V.Count);
        }

        if (at < end)
        {
            // A copy, so that the step itself, whose address nobody takes, stays in registers.
            var rest = step;
            Tail<V, TStep>(ref rest, at, (int)(end - at));
            step = rest;
        }
    }

    /// <summary>By itself: a second copy of a long step in one method may be more than the JIT inlines.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tail<V, TStep>(ref TStep step, long at, int count)
        where V : struct, ISimd<V>
        where TStep : struct, IElementStep<V> => step.Apply<FirstLanes<V>>(at, count);

    private struct Job<V, TStep> : IParallelJob
        where V : struct, ISimd<V>
        where TStep : struct, IElementStep<V>
    {
        public long Count;
        public TStep Step;

        // Never inlined: how much the JIT inlines grows with the size of the method that it starts from, and the few
        // lines that hand out work are too few to take in a long step: GELU became calls for every vector.
        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Execute(int index)
        {
            var step = Step;
            var start = (long)index * Chunk;
            Range<V, TStep>(ref step, start, Math.Min(Count, start + Chunk));
        }
    }
}
