namespace DPT.Engine.Ptx;

/// <summary>
/// Which accesses happened before which, whatever the schedule was: every warp has a clock that goes on where it meets
/// others, and knows up to where by each other warp's clock that warp's accesses are in its own past. A barrier hands to
/// each warp that waits what all that arrived knew.
/// </summary>
/// <remarks>
/// Lanes of a warp run in lockstep here and need not on a card, so an access of another lane is in the past only if the
/// clock of the warp has gone on since: at a barrier of the block or of the warp.
/// </remarks>
internal sealed class WarpOrder(int warps, int barriers)
{
    /// <summary>No block goes through as many moments as are left behind this one.</summary>
    private const uint Late = 1u << 31;

    private readonly uint[] _clocks = new uint[warps];
    private readonly uint[] _known = new uint[warps * warps];
    private readonly uint[] _others = new uint[warps];
    private readonly uint[] _handed = new uint[warps * barriers];

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
        Array.Fill(_known, end);
        Array.Fill(_others, end);
        Array.Clear(_handed);
    }

    /// <summary>Starts time again; marks must be forgotten.</summary>
    public void Reset()
    {
        BlockStart = 1;
        Array.Clear(_clocks);
    }

    /// <summary>The moment of accesses that a warp makes now.</summary>
    public uint Now(int warp) => _clocks[warp];

    /// <summary>Accesses up to this moment, of whatever warp and lane, are in the past of all lanes of the warp.</summary>
    public uint SettledFor(int warp) => Math.Min(_others[warp], _clocks[warp] - 1);

    /// <summary>Accesses of the earlier warp up to this moment are in the past of the later one.</summary>
    public uint Known(int later, int earlier) =>
        later == earlier ? _clocks[later] - 1 : _known[(later * warps) + earlier];

    /// <summary>The lanes of a warp have met.</summary>
    public void MeetLanes(int warp) => _clocks[warp]++;

    /// <summary>A warp comes to a barrier and hands over what it knows.</summary>
    public void Arrive(int warp, int barrier)
    {
        Hand(warp, barrier);
        _clocks[warp]++;
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

        var handed = _handed.AsSpan(barrier * warps, warps);
        for (var warp = 0; warp < warps; warp++)
        {
            if ((waited >> warp & 1) != 0)
            {
                Take(warp, handed, now, waited | ended);
            }
        }

        handed.Clear();
    }

    private void Hand(int warp, int barrier)
    {
        var handed = _handed.AsSpan(barrier * warps, warps);
        for (var other = 0; other < warps; other++)
        {
            handed[other] = Math.Max(handed[other], other == warp ? _clocks[warp] : _known[(warp * warps) + other]);
        }
    }

    /// <summary>
    /// The clocks of warps that wait together go on together, and those of ended ones stand still, so what is known of
    /// them reaches to the moment before; or further, where the lanes of an ended one had met more often.
    /// </summary>
    private void Take(int warp, ReadOnlySpan<uint> handed, uint now, uint still)
    {
        var known = _known.AsSpan(warp * warps, warps);
        _clocks[warp] = now;
        _others[warp] = uint.MaxValue;
        for (var other = 0; other < warps; other++)
        {
            known[other] = Math.Max((still >> other & 1) != 0 ? now - 1 : known[other], handed[other]);
            _others[warp] = other == warp ? _others[warp] : Math.Min(_others[warp], known[other]);
        }
    }
}
