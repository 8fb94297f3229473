namespace DPT.Engine.Ptx;

/// <summary>
/// Which accesses happened before which, whatever the schedule was: every warp has a clock that goes on where it meets
/// others, and knows up to where by each other warp's clock that warp's accesses are in its own past. A barrier hands to
/// each warp that waits what all that arrived knew.
/// </summary>
/// <remarks>
/// Lanes of a warp run in lockstep here and need not on a card, so an access of another lane is in the past only if the lanes
/// have met since: at a barrier of the block or of the warp. What single lanes learn, from an <c>mbarrier</c> that they wait for,
/// the others know when they have met. Agents behind the warps are what works for them in the background: each has a clock
/// of its own too (<see cref="Agents"/>).
/// </remarks>
/// <param name="warps">Warps of a block.</param>
/// <param name="barriers">Barriers that have numbers.</param>
/// <param name="agents">Warps and all others that access memory; at least <paramref name="warps"/>.</param>
internal sealed class WarpOrder(int warps, int barriers, int agents)
{
    /// <summary>No block goes through as many moments as are left behind this one.</summary>
    private const uint Late = 1u << 31;

    private readonly uint[] _clocks = new uint[agents];
    private readonly uint[] _met = new uint[warps];
    private readonly uint[] _others = new uint[warps];
    private readonly Knowledge[] _known = Create(warps, agents, agents > warps);
    private readonly Knowledge[] _handed = Create(barriers, agents, agents > warps);
    private readonly LaneKnowledge[] _ofLanes = [.. Enumerable.Range(0, warps).Select(_ => new LaneKnowledge(agents))];

    /// <summary>Moment at which the block began: marks before it are of another block.</summary>
    public uint BlockStart { get; private set; } = 1;

    /// <summary>Whether it is time to <see cref="Reset"/>, between launches.</summary>
    public bool IsLate => BlockStart > Late;

    /// <summary>Begins a block: all before it is over.</summary>
    public void StartBlock()
    {
        var end = BlockStart;
        foreach (var clock in _clocks)
        {
            end = Math.Max(end, clock);
        }

        BlockStart = end + 1;
        Array.Fill(_clocks, BlockStart);
        Array.Fill(_met, end);
        Array.Fill(_others, end);
        for (var warp = 0; warp < warps; warp++)
        {
            _known[warp].Reset(end);
            _ofLanes[warp].Clear();
        }

        foreach (var handed in _handed)
        {
            handed.Reset(0);
        }
    }

    /// <summary>Starts time again; marks must be forgotten.</summary>
    public void Reset()
    {
        BlockStart = 1;
        Array.Clear(_clocks);
    }

    /// <summary>The moment of accesses that an agent makes now.</summary>
    public uint Now(int agent) => _clocks[agent];

    /// <summary>The clock of an agent that is no warp has reached this moment at least.</summary>
    public void Reach(int agent, uint moment) => _clocks[agent] = Math.Max(_clocks[agent], moment);

    /// <summary>Accesses up to this moment, of whatever agent and lane, are in the past of all lanes of the warp.</summary>
    public uint SettledFor(int warp) => Math.Min(_others[warp], _met[warp]);

    /// <summary>Accesses of the earlier agent up to this moment are in the past of all lanes of the later warp.</summary>
    public uint Known(int later, int earlier) => later == earlier ? _met[later] : _known[later].Past[earlier];

    /// <summary>Accesses of the earlier agent up to this moment are in the past of those lanes of the later warp.</summary>
    public uint Known(int later, uint lanes, int earlier) =>
        Math.Max(Known(later, earlier), _ofLanes[later].Past(lanes, earlier));

    /// <summary>Accesses of the earlier warp up to this moment are seen by what those lanes start in the background.</summary>
    public uint Fenced(int later, uint lanes, int earlier) =>
        Math.Max(_known[later].Fenced[earlier], _ofLanes[later].Fenced(lanes, earlier));

    /// <summary>The lanes of a warp have met.</summary>
    public void MeetLanes(int warp)
    {
        if (_ofLanes[warp].TryTake(_known[warp]))
        {
            SettleOthers(warp);
        }

        _met[warp] = _clocks[warp]++;
    }

    /// <summary>A warp comes to a barrier and hands over what it knows.</summary>
    public void Arrive(int warp, int barrier)
    {
        _ofLanes[warp].TryTake(_known[warp]);
        Hand(warp, barrier);
        _met[warp] = _clocks[warp]++;
    }

    /// <summary>A barrier is complete: those that waited go on.</summary>
    /// <param name="barrier">Which.</param>
    /// <param name="waited">Warps that waited.</param>
    /// <param name="ended">Warps that have not come and count as if, because they have ended.</param>
    public void Meet(int barrier, uint waited, uint ended)
    {
        var now = 0u;
        for (var warp = 0; warp < warps; warp++)
        {
            if ((ended >> warp & 1) != 0)
            {
                Hand(warp, barrier);
            }

            now = (waited >> warp & 1) != 0 ? Math.Max(now, _clocks[warp]) : now;
        }

        for (var warp = 0; warp < warps; warp++)
        {
            if ((waited >> warp & 1) != 0)
            {
                Take(warp, _handed[barrier], now, waited | ended);
            }
        }

        _handed[barrier].Reset(0);
    }

    /// <summary>Lanes hand over what they know.</summary>
    /// <param name="warp">Their warp.</param>
    /// <param name="lanes">The lanes.</param>
    /// <param name="areAlone">Whether no other lane of the warp has accessed anything since the lanes met.</param>
    /// <param name="to">Where to.</param>
    public void Release(int warp, uint lanes, bool areAlone, Knowledge to)
    {
        to.Join(_known[warp]);
        _ofLanes[warp].CopyTo(lanes, to);
        to.Learn(warp, OwnPast(warp, areAlone));
    }

    /// <summary>Lanes learn what was handed over.</summary>
    /// <param name="warp">Their warp.</param>
    /// <param name="lanes">The lanes.</param>
    /// <param name="areAll">Whether they are all lanes of the warp.</param>
    /// <param name="from">What was handed over.</param>
    public void Acquire(int warp, uint lanes, bool areAll, Knowledge from)
    {
        if (!areAll)
        {
            _ofLanes[warp].Of(lanes).Join(from);
            return;
        }

        _known[warp].Join(from);
        _met[warp] = Math.Max(_met[warp], from.Past[warp]);
        SettleOthers(warp);
    }

    /// <summary>Lanes learn how far an agent has come.</summary>
    public void Learn(int warp, uint lanes, bool areAll, int agent, uint moment)
    {
        var known = areAll ? _known[warp] : _ofLanes[warp].Of(lanes);
        known.Learn(agent, moment);
        SettleOthers(warp);
    }

    /// <summary>What lanes know, what they start in the background sees from now on: <c>fence.proxy.async</c>.</summary>
    public void FenceProxy(int warp, uint lanes, bool areAlone, bool areAll)
    {
        var own = OwnPast(warp, areAlone);
        var known = areAll ? _known[warp] : _ofLanes[warp].Of(lanes);
        if (!areAll)
        {
            known.Join(_known[warp]);
        }

        known.Past.CopyTo(known.Fenced, 0);
        known.Fenced[warp] = Math.Max(known.Fenced[warp], own);
    }

    private static Knowledge[] Create(int count, int agents, bool hasFences) =>
        [.. Enumerable.Range(0, count).Select(_ => new Knowledge(agents, hasFences))];

    /// <summary>What lanes can say of their own warp: all so far if they alone did anything since the lanes met.</summary>
    private uint OwnPast(int warp, bool areAlone) => areAlone ? _clocks[warp]++ : _clocks[warp] - 1;

    private void Hand(int warp, int barrier)
    {
        _handed[barrier].Join(_known[warp]);
        _handed[barrier].Learn(warp, _clocks[warp]);
    }

    /// <summary>
    /// The clocks of warps that wait together go on together, and those of ended ones stand still, so what is known of
    /// them reaches to the moment before; or further, where the lanes of an ended one had met more often.
    /// </summary>
    private void Take(int warp, Knowledge handed, uint now, uint still)
    {
        var known = _known[warp];
        known.Join(handed);
        _clocks[warp] = now;
        _met[warp] = now - 1;
        for (var other = 0; other < warps; other++)
        {
            if ((still >> other & 1) != 0)
            {
                known.Learn(other, now - 1);
            }
        }

        SettleOthers(warp);
    }

    private void SettleOthers(int warp)
    {
        var past = _known[warp].Past;
        var least = uint.MaxValue;
        for (var other = 0; other < past.Length; other++)
        {
            least = other == warp ? least : Math.Min(least, past[other]);
        }

        _others[warp] = least;
    }
}
