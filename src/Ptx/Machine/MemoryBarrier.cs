namespace DPT.Engine.Ptx;

/// <summary>
/// An <c>mbarrier</c>: a phase ends when as many have arrived as it was made for, and all bytes that were announced have. Who arrives
/// hands over what he knows, who waits takes it.
/// </summary>
internal sealed class MemoryBarrier : IAwaited
{
    /// <summary>What it writes where it lies: other bytes there mean that somebody has overwritten it.</summary>
    public const ulong Signature = 0x7265_6972_7261_626d;

    private const int MostArrivals = (1 << 20) - 1;
    private const int MostBytes = (1 << 20) - 1;

    private readonly int _count;
    private readonly Knowledge _handed;
    private readonly Knowledge _complete;
    private int _pending;
    private long _bytes;

    public MemoryBarrier(int at, long count, int copies, int agents)
    {
        if (count is < 1 or > MostArrivals)
        {
            throw new SimFault($"makes an mbarrier for {count} arrivals: there are 1 to {MostArrivals}");
        }

        (At, Copies) = (at, copies);
        _pending = _count = (int)count;
        _handed = new Knowledge(agents, hasFences: true);
        _complete = new Knowledge(agents, hasFences: true);
    }

    /// <summary>Where it lies in shared memory.</summary>
    public int At { get; }

    /// <summary>The agent of the bulk copies that tell it that they have arrived.</summary>
    public int Copies { get; }

    /// <summary>Phases that are over.</summary>
    public long Phase { get; private set; }

    /// <summary>Whether bulk copies see that it was made: a fence came behind.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>The warp that made it, and when by its clock.</summary>
    public required (int Warp, uint Moment) Made { get; init; }

    /// <summary>What those that arrive hand over.</summary>
    public Knowledge Handed => _handed;

    /// <summary>What was handed over when the last phase ended.</summary>
    public Knowledge Complete => _complete;

    public string Missing =>
        $"phase {Phase} of the mbarrier at {At} ({_pending} of {_count} arrivals "
        + $"and {Math.Abs(_bytes)} bytes {(_bytes < 0 ? "too many" : "to come")})";

    /// <summary>Announces bytes.</summary>
    public void Expect(long bytes)
    {
        _bytes += bytes;
        if (Math.Abs(_bytes) > MostBytes)
        {
            throw new SimFault($"makes the mbarrier at {At} wait for {_bytes} bytes: it counts to {MostBytes}");
        }
    }

    /// <summary>Somebody arrives.</summary>
    public void Arrive(long times)
    {
        if (times < 1 || times > _pending)
        {
            throw new SimFault($"arrives {times} times at the mbarrier at {At}, which waits for {_pending} of {_count} in phase {Phase}");
        }

        _pending -= (int)times;
    }

    /// <summary>Bytes have arrived.</summary>
    public void Deliver(int bytes) => _bytes -= bytes;

    /// <summary>Ends the phase if nothing is missing; whether it did.</summary>
    public bool TryEndPhase(WarpOrder order)
    {
        if (_pending != 0 || _bytes != 0)
        {
            return false;
        }

        _handed.Learn(Copies, order.Now(Copies));
        _complete.Join(_handed);
        order.Reach(Copies, order.Now(Copies) + 1);
        _pending = _count;
        Phase++;
        return true;
    }
}
