using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>The barriers of a block that have numbers, for all of its threads or for some of its warps.</summary>
internal sealed class BlockBarriers(SimWarp[] warps, WarpOrder order)
{
    /// <summary>How many there are.</summary>
    public const int Count = 16;

    private readonly Barrier[] _barriers = new Barrier[Count];

    /// <summary>Barriers that all of their warps have passed, in all blocks since <see cref="Forget"/>.</summary>
    public long Passed { get; private set; }

    /// <summary>A launch begins.</summary>
    public void Forget() => Passed = 0;

    /// <summary>A block begins.</summary>
    public void Clear() => Array.Clear(_barriers);

    /// <summary>The barrier that a warp waits at.</summary>
    public int NumberOf(SimWarp warp) => Array.FindIndex(_barriers, b => (b.Waiting >> warp.Number & 1) != 0);

    /// <summary>A warp comes to a barrier.</summary>
    public void Arrive(SimWarp warp, int id, int threads, bool waits)
    {
        if ((uint)id >= Count || threads % Lanes.Count != 0)
        {
            throw new SimFault($"uses barrier {id} for {threads} threads: there are {Count}, for whole warps");
        }

        ref var barrier = ref _barriers[id];
        if (barrier.Arrived != 0 && barrier.Threads != threads)
        {
            throw new SimFault($"expects {threads} threads at barrier {id}, others expect {barrier.Threads}");
        }

        barrier.Threads = threads;
        barrier.Arrived |= 1u << warp.Number;
        barrier.Waiting |= waits ? 1u << warp.Number : 0;
        warp.IsWaiting = waits;
        warp.LastBarrier = warp.Current;
        warp.Touched = 0;
        order.Arrive(warp.Number, id);
        ReleaseComplete();
    }

    /// <summary>Lets the warps go on at barriers where all have come; one that has ended counts as having come.</summary>
    public void ReleaseComplete()
    {
        var ended = 0u;
        foreach (var warp in warps)
        {
            ended |= warp.HasEnded ? 1u << warp.Number : 0;
        }

        var all = warps.Length == Lanes.Count ? Lanes.All : (1u << warps.Length) - 1;
        for (var id = 0; id < Count; id++)
        {
            ref var barrier = ref _barriers[id];
            var arrived = barrier.Threads == 0 ? barrier.Arrived | ended : barrier.Arrived;
            var isComplete = barrier.Threads == 0
                ? arrived == all
                : BitOperations.PopCount(arrived) * Lanes.Count >= barrier.Threads;
            if (barrier.Arrived == 0 || !isComplete)
            {
                continue;
            }

            // Not those that came and then ended: what they did behind their arrival is in nobody's past.
            order.Meet(id, barrier.Waiting, arrived & ~barrier.Arrived);
            foreach (var warp in warps)
            {
                warp.IsWaiting &= (barrier.Waiting >> warp.Number & 1) == 0;
            }

            barrier = default;
            Passed++;
        }
    }

    private struct Barrier
    {
        public uint Arrived;
        public uint Waiting;
        public int Threads;
    }
}
