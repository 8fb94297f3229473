using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Runs blocks one after the other: their warps take turns in a random order and for random times, so that what is not
/// ordered by a barrier happens in any order. One object for every thread of this machine.
/// </summary>
internal sealed unsafe class BlockMachine : IDisposable
{
    private const int LongestQuantum = 200;
    private const int BarrierCount = 16;

    private readonly SimWarp[] _warps;
    private readonly WarpOrder _order;
    private readonly Barrier[] _barriers = new Barrier[BarrierCount];
    private RunningLaunch _launch = null!;

    public BlockMachine(BlockShape shape)
    {
        Shape = shape;
        _order = new WarpOrder(shape.Warps, BarrierCount);
        Counters = new InstructionCounter[shape.Program.Code.Length];
        Shared = new SharedSpace(shape, _order);
        Global = new GlobalSpace(shape, _order);
        Local = new LocalSpace(shape.Program.LocalBytes);
        Generic = new GenericSpace(Global, Shared, Local);
        _warps = [.. Enumerable.Range(0, shape.Warps).Select(i => new SimWarp(this, shape, i))];
    }

    public BlockShape Shape { get; }

    /// <summary>Counters by instruction.</summary>
    public InstructionCounter[] Counters { get; }

    /// <summary>Barriers that all of their warps have passed.</summary>
    public long Barriers { get; private set; }

    public SharedSpace Shared { get; }

    public GlobalSpace Global { get; }

    public LocalSpace Local { get; }

    public GenericSpace Generic { get; }

    /// <summary>The parameters' bytes.</summary>
    public byte[] Arguments => _launch.Arguments;

    /// <summary>From now on blocks are of that launch, and counters count it.</summary>
    public void Begin(RunningLaunch launch)
    {
        _launch = launch;
        Barriers = 0;
        Array.Clear(Counters);
        if (_order.IsLate)
        {
            Shared.Forget();
            _order.Reset();
        }

        Global.Begin(launch.Buffers, launch.IsWatched);
    }

    /// <summary>The launch is over.</summary>
    public void End() => Global.End();

    /// <summary>Runs a block to its end.</summary>
    /// <exception cref="PtxException">A thread did something wrong; the message says which, what and where.</exception>
    public void Run(long index)
    {
        var block = _launch.Block(index);
        var order = new SplitMix(_launch.Seed + (ulong)index);
        Array.Clear(_barriers);
        _order.StartBlock();
        foreach (var warp in _warps)
        {
            warp.Start(_launch.Grid, block);
        }

        SimWarp? running = null;
        try
        {
            while (TryPick(ref order, out running))
            {
                running.Run(1 + order.Below(LongestQuantum));
                if (running.HasEnded)
                {
                    ReleaseComplete();
                }
            }

            running = Array.Find(_warps, w => !w.HasEnded);
            if (running is not null)
            {
                throw new SimFault(
                    $"waits for ever, as {_warps.Count(w => w.IsWaiting)} of {_warps.Length} warps do (a deadlock)");
            }
        }
        catch (SimFault fault)
        {
            throw _launch.Explain(fault, running!, block);
        }
    }

    /// <summary>A warp comes to a barrier.</summary>
    public void Arrive(SimWarp warp, int id, int threads, bool waits)
    {
        if ((uint)id >= BarrierCount || threads % Lanes.Count != 0)
        {
            throw new SimFault($"uses barrier {id} for {threads} threads: there are {BarrierCount}, for whole warps");
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
        _order.Arrive(warp.Number, id);
        ReleaseComplete();
    }

    /// <summary>The lanes of a warp meet.</summary>
    public void MeetLanes(SimWarp warp)
    {
        warp.LastBarrier = warp.Current;
        _order.MeetLanes(warp.Number);
    }

    public void Dispose()
    {
        Shared.Dispose();
        foreach (var warp in _warps)
        {
            warp.Dispose();
        }
    }

    /// <summary>One of the warps that can run; false if there is none.</summary>
    private bool TryPick(ref SplitMix order, [NotNullWhen(true)] out SimWarp? warp)
    {
        var ready = 0;
        foreach (var candidate in _warps)
        {
            ready += CanRun(candidate) ? 1 : 0;
        }

        var chosen = ready == 0 ? 0 : order.Below(ready);
        warp = null;
        foreach (var candidate in _warps)
        {
            if (CanRun(candidate) && chosen-- == 0)
            {
                warp = candidate;
            }
        }

        return warp is not null;

        static bool CanRun(SimWarp warp) => !warp.IsWaiting && !warp.HasEnded;
    }

    /// <summary>Lets the warps go on at barriers where all have come; one that has ended counts as having come.</summary>
    private void ReleaseComplete()
    {
        var ended = 0u;
        foreach (var warp in _warps)
        {
            ended |= warp.HasEnded ? 1u << warp.Number : 0;
        }

        var all = _warps.Length == Lanes.Count ? Lanes.All : (1u << _warps.Length) - 1;
        for (var id = 0; id < BarrierCount; id++)
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
            _order.Meet(id, barrier.Waiting, arrived & ~barrier.Arrived);
            foreach (var warp in _warps)
            {
                warp.IsWaiting &= (barrier.Waiting >> warp.Number & 1) == 0;
            }

            barrier = default;
            Barriers++;
        }
    }

    private struct Barrier
    {
        public uint Arrived;
        public uint Waiting;
        public int Threads;
    }
}
