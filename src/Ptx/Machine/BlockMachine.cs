using System.Diagnostics.CodeAnalysis;

namespace DPT.Engine.Ptx;

/// <summary>
/// Runs blocks one after the other: their warps take turns in a random order and for random times, so that what is not
/// ordered by a barrier happens in any order. One object for every thread of this machine.
/// </summary>
internal sealed unsafe class BlockMachine : IDisposable
{
    private const int LongestQuantum = 200;
    /// <summary>Times that warps may look at their mbarriers again with nothing else to do: some only ask and go on.</summary>
    private const int MostIdleRounds = 1000;

    private readonly SimWarp[] _warps;
    private readonly WarpOrder _order;
    private readonly SimWarpGroup[] _groups;
    private RunningLaunch _launch = null!;
    private SplitMix _schedule;
    private int _idleRounds;

    public BlockMachine(BlockShape shape)
    {
        Shape = shape;
        var agents = new Agents(shape.Warps);
        _order = new WarpOrder(shape.Warps, BlockBarriers.Count, shape.Program.IsAsync ? Agents.Most : shape.Warps);
        Counters = new InstructionCounter[shape.Program.Code.Length];
        Shared = new SharedSpace(shape, _order);
        Global = new GlobalSpace(shape, _order);
        Local = new LocalSpace(shape.Program.LocalBytes);
        Generic = new GenericSpace(Global, Shared, Local);
        Mbarriers = new MemoryBarriers(this, _order, agents);
        Copies = new BulkCopies(this, _order);
        _warps = [.. Enumerable.Range(0, shape.Warps).Select(i => new SimWarp(this, shape, i, _order, agents))];
        Barriers = new BlockBarriers(_warps, _order);
        _groups = [.. _warps.Chunk(Agents.WarpsOfAGroup).Select(w => new SimWarpGroup(w, agents.GroupOf(w[0].Number)))];
    }

    public BlockShape Shape { get; }

    /// <summary>Counters by instruction.</summary>
    public InstructionCounter[] Counters { get; }

    /// <summary>Barriers that have numbers.</summary>
    public BlockBarriers Barriers { get; }

    public SharedSpace Shared { get; }

    public GlobalSpace Global { get; }

    public LocalSpace Local { get; }

    public GenericSpace Generic { get; }

    /// <summary>Barriers that lie in shared memory.</summary>
    public MemoryBarriers Mbarriers { get; }

    /// <summary>Bulk copies to shared memory.</summary>
    public BulkCopies Copies { get; }

    /// <summary>What orders accesses.</summary>
    public WarpOrder Order => _order;

    /// <summary>The parameters' bytes.</summary>
    public byte[] Arguments => _launch.Arguments;

    /// <summary>From now on blocks are of that launch, and counters count it.</summary>
    public void Begin(RunningLaunch launch)
    {
        _launch = launch;
        Barriers.Forget();
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
        _schedule = new SplitMix(_launch.Seed + (ulong)index);
        Start(block);
        SimWarp? running = null;
        try
        {
            while (TryPick(out running) || TryGoOn())
            {
                if (running is null)
                {
                    continue;
                }

                running.Run(1 + _schedule.Below(LongestQuantum));
                if (running.HasEnded)
                {
                    running.RequireNothingUnderWay();
                    Barriers.ReleaseComplete();
                }

                if (Copies.Count > 0 && _schedule.Below(2) == 0)
                {
                    Copies.Deliver(_schedule.Below(Copies.Count));
                }
            }

            running = Array.Find(_warps, w => !w.HasEnded);
            if (running is not null)
            {
                throw Deadlock();
            }

            running = Array.Find(_groups, g => g.Behind() is not null)?.Behind() ?? _warps[0];
            RequireNothingUnderWay();
        }
        catch (SimFault fault)
        {
            // Of copies that were under way there are marks, and they will never arrive.
            Shared.Forget();
            throw _launch.Explain(fault, running!, block);
        }
    }

    /// <summary>Registers that all warpgroups have asked for, a lane; null while some have not.</summary>
    public int? AskedRegisters => Array.TrueForAll(_groups, g => g.Registers > 0) ? _groups.Sum(g => g.Registers) : null;

    /// <summary>The group of four warps that a warp multiplies with.</summary>
    public SimWarpGroup GroupOf(SimWarp warp) => _groups[warp.Number / Agents.WarpsOfAGroup];

    /// <summary>The warp stops until somebody wakes those that wait for this.</summary>
    public static void Await(SimWarp warp, IAwaited awaited)
    {
        warp.Awaited = awaited;
        warp.IsWaiting = true;
    }

    /// <summary>Something happened that warps may wait for.</summary>
    public void Wake(IAwaited awaited)
    {
        _idleRounds = 0;
        foreach (var warp in _warps)
        {
            if (warp.Awaited == awaited)
            {
                warp.Awaited = null;
                warp.IsWaiting = false;
            }
        }
    }

    /// <summary>The lanes of a warp meet.</summary>
    public void MeetLanes(SimWarp warp)
    {
        warp.LastBarrier = warp.Current;
        warp.Touched = 0;
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

    private void Start((int X, int Y, int Z) block)
    {
        Barriers.Clear();
        _order.StartBlock();
        _idleRounds = 0;
        Mbarriers.Clear();
        Copies.Clear();
        foreach (var group in _groups)
        {
            group.Clear();
        }

        foreach (var warp in _warps)
        {
            warp.Start(_launch.Grid, block);
        }
    }

    /// <summary>One of the warps that can run; false if there is none.</summary>
    private bool TryPick([NotNullWhen(true)] out SimWarp? warp)
    {
        var ready = 0;
        foreach (var candidate in _warps)
        {
            ready += CanRun(candidate) ? 1 : 0;
        }

        var chosen = ready == 0 ? 0 : _schedule.Below(ready);
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

    /// <summary>No warp can run: a copy arrives, or those that asked for a phase of an mbarrier go on without it.</summary>
    private bool TryGoOn()
    {
        if (Array.TrueForAll(_warps, w => w.HasEnded))
        {
            return false;
        }

        if (Copies.Count > 0)
        {
            Copies.Deliver(_schedule.Below(Copies.Count));
            return true;
        }

        if (_idleRounds++ == MostIdleRounds)
        {
            return false;
        }

        var isAnyAwake = false;
        foreach (var warp in _warps)
        {
            if (warp is { HasEnded: false, Awaited: MemoryBarrier })
            {
                warp.IsWaiting = false;
                isAnyAwake = true;
            }
        }

        return isAnyAwake;
    }

    private SimFault Deadlock()
    {
        var waiting = _warps.Where(w => w.IsWaiting).ToList();
        var what = waiting.GroupBy(Missing).Select(g =>
            $"{(g.Count() == 1 ? "warp" : "warps")} {string.Join(", ", g.Select(w => w.Number))} for {g.Key}");
        return new SimFault(
            $"waits for ever, as {waiting.Count} of {_warps.Length} warps do (a deadlock): {string.Join("; ", what)}");

        string Missing(SimWarp warp)
        {
            var missing = warp.Awaited?.Missing
                ?? $"barrier {Barriers.NumberOf(warp)}";
            return $"{missing} at {Shape.Program.Code[warp.Current].Source.Place}";
        }
    }

    /// <summary>Throws if a block ends before all that it has begun.</summary>
    private void RequireNothingUnderWay()
    {
        if (Copies.Count > 0)
        {
            throw new SimFault($"ends while the bulk copy at {Copies.Last} is under way");
        }

        if (Array.Exists(_groups, g => g.Behind() is not null))
        {
            throw new SimFault("ends without having done all that another warp of its warpgroup has");
        }
    }
}
