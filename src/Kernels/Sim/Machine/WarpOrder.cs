namespace DPT.Engine.Kernels;

/// <summary>
/// Which accesses of which warp happened before now in the eyes of another: time advances at every barrier, and a
/// barrier hands to each warp that waited what all that arrived knew.
/// </summary>
internal sealed class WarpOrder(int warps)
{
    /// <summary>Leaves 32 million barriers to a block before stamps of 26 bits run out.</summary>
    private const uint Late = 1u << 25;

    private readonly uint[] _known = new uint[warps * warps];
    private readonly uint[] _settled = new uint[warps];

    /// <summary>The time of accesses made now.</summary>
    public uint Now { get; private set; } = 1;

    /// <summary>Time at which the block began: earlier stamps are another block's.</summary>
    public uint BlockStart { get; private set; } = 1;

    /// <summary>Whether it is time to <see cref="Reset"/>, between blocks.</summary>
    public bool IsLate => Now > Late;

    /// <summary>Begins a block: what was before is over for all.</summary>
    public void StartBlock()
    {
        Array.Fill(_known, Now);
        Array.Fill(_settled, Now);
        Now++;
        BlockStart = Now;
    }

    /// <summary>Starts time again; stamps must be forgotten.</summary>
    public void Reset() => Now = 1;

    /// <summary>Up to here the accesses of all warps are in the past of this one.</summary>
    public uint SettledFor(int warp) => _settled[warp];

    /// <summary>Whether an access of one warp is in the past of another, or the same one's.</summary>
    public bool IsOrdered(int earlier, uint time, int warp) =>
        earlier == warp || time <= _known[(warp * warps) + earlier];

    /// <summary>A barrier is complete.</summary>
    public void Meet(uint arrived, uint waited)
    {
        var common = new uint[warps];
        for (var other = 0; other < warps; other++)
        {
            for (var warp = 0; warp < warps; warp++)
            {
                if ((arrived >> warp & 1) != 0)
                {
                    common[other] = Math.Max(common[other], warp == other ? Now : _known[(warp * warps) + other]);
                }
            }
        }

        for (var warp = 0; warp < warps; warp++)
        {
            if ((waited >> warp & 1) != 0)
            {
                var known = _known.AsSpan(warp * warps, warps);
                for (var other = 0; other < warps; other++)
                {
                    known[other] = Math.Max(known[other], common[other]);
                }

                _settled[warp] = Now;
                for (var other = 0; other < warps; other++)
                {
                    _settled[warp] = other == warp ? _settled[warp] : Math.Min(_settled[warp], known[other]);
                }
            }
        }

        Now++;
    }
}
