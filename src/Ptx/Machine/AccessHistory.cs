using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Who touched which grain of some memory: the last write, and the last read and the last atomic update of every warp.
/// <see cref="WarpOrder"/> says what of it is in the past of an access. Two accesses of which one writes, and of which
/// neither is in the other's past, are a race: they are found whatever the schedule was.
/// </summary>
internal sealed unsafe class AccessHistory : IDisposable
{
    private readonly WarpOrder _order;
    private readonly Func<long, string> _nameOf;
    private readonly int _grainBits;
    private readonly nint _grains;
    private readonly int _warps;
    private readonly bool _spansBlocks;
    private readonly int _planes;
    private readonly Agents _agents;
    private readonly AccessMark* _writes;
    private readonly AccessMark* _reads;
    private readonly AccessMark* _latestReads;
    private readonly AccessMark* _updates;

    // Planes in which there are reads: of many agents few read, and the marks of the others need not be looked at.
    private readonly List<int> _readPlanes = [];
    private readonly bool[] _isRead;
    private readonly List<int> _allPlanes;

    // Where updates were: counters and barriers, a small part of a memory that is looked at grain by grain.
    private long _firstUpdated = long.MaxValue;
    private long _lastUpdated = -1;

    /// <summary>Nobody has touched anything.</summary>
    /// <param name="nameOf">What to call a place in a message.</param>
    /// <param name="bytes">Size of the memory.</param>
    /// <param name="grain">Bytes of a grain, a power of two: the smallest access.</param>
    /// <param name="shape">The blocks that touch it.</param>
    /// <param name="order">Their order.</param>
    /// <param name="spansBlocks">
    /// Whether blocks see each other's accesses, which nothing orders. Then the first read and update are kept as well:
    /// blocks run one after the other, so no later one can do without being seen by them.
    /// </param>
    public AccessHistory(
        Func<long, string> nameOf, long bytes, int grain, BlockShape shape, WarpOrder order, bool spansBlocks)
    {
        _nameOf = nameOf;
        _order = order;
        _warps = shape.Warps;
        _spansBlocks = spansBlocks;
        _agents = new Agents(shape.Warps);
        _planes = spansBlocks ? _warps + 1 : shape.Program.IsAsync ? _agents.Readers : _warps;
        _isRead = new bool[_planes];
        _allPlanes = [.. Enumerable.Range(0, _planes)];
        _grainBits = BitOperations.Log2((uint)grain);
        _grains = (nint)(bytes >> _grainBits) + 1;
        _writes = Allocate(1);
        _reads = Allocate(_planes);
        _latestReads = Allocate(1);
        _updates = shape.Program.HasAtomics || (shape.Program.IsAsync && !spansBlocks) ? Allocate(_planes) : null;
    }

    /// <summary>Whether every byte of the range was written, or is on its way, since a moment.</summary>
    public bool IsWritten(long at, int bytes, uint since)
    {
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            if (_writes[grain].Moment < since)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// So many lanes, from one on, read places side by side, the first at a multiple of the bytes that each reads. False, and nothing has
    /// happened, if they must be looked at one by one: a write is not in the past of them all or, in memory of one block, not all was
    /// written.
    /// </summary>
    public bool TryReadRow(SimWarp warp, long at, int bytes, int lane, int count)
    {
        var row = RowAt(at, bytes, count);
        if (HasUpdates(row) || !AreSettled(_writes, row, warp, _spansBlocks ? 0 : _order.BlockStart))
        {
            return false;
        }

        KeepReads(row, new AccessMark(_order.Now(warp.Number), warp, lane));
        return true;
    }

    /// <summary>The same for writes. False if another access is not in the past of all lanes.</summary>
    public bool TryWriteRow(SimWarp warp, long at, int bytes, int lane, int count)
    {
        var row = RowAt(at, bytes, count);
        if (HasUpdates(row) || !AreSettled(_writes, row, warp, since: 0)
            || (!AreSettled(_latestReads, row, warp, since: 0) && !AreReadsPast(row, warp, Lanes.All)))
        {
            return false;
        }

        KeepRow(_writes, row, new AccessMark(_order.Now(warp.Number), warp, lane));
        return true;
    }

    /// <summary>Lanes read the same place.</summary>
    /// <exception cref="SimFault">Nothing orders this and a write.</exception>
    public void Read(SimWarp warp, long at, int bytes, uint lanes)
    {
        var lane = BitOperations.TrailingZeroCount(lanes);
        var isOne = lanes == 1u << lane;
        var mark = new AccessMark(_order.Now(warp.Number), warp, isOne ? lane : AccessMark.ManyLanes);
        var settled = SettledFor(warp);
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            for (var rest = lanes; rest != 0 && (_writes[grain].Moment > settled || WasUpdated(grain)); rest &= rest - 1)
            {
                RequireReadable(warp, grain, at, BitOperations.TrailingZeroCount(rest));
            }
        }

        KeepReads(PlaceAt(at, bytes), mark);
    }

    /// <summary>A lane writes.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access.</exception>
    public void Write(SimWarp warp, long at, int bytes, int lane)
    {
        Require(warp, at, bytes, lane, AccessKind.Store);
        Set(at, bytes, new AccessMark(_order.Now(warp.Number), warp, lane));
    }

    /// <summary>A lane begins a copy: until it ends, every other access is a fault.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access.</exception>
    public void BeginCopy(SimWarp warp, long at, int bytes, int lane)
    {
        Require(warp, at, bytes, lane, AccessKind.Store);
        Set(at, bytes, new AccessMark(AccessMark.InFlight, warp, lane));
    }

    /// <summary>The copy that a lane waits for has arrived: this is when it writes.</summary>
    public void EndCopy(SimWarp warp, long at, int bytes, int lane) =>
        Set(at, bytes, new AccessMark(_order.Now(warp.Number), warp, lane));

    /// <summary>A copy that nobody has waited for when its block ended.</summary>
    public void AbandonCopy(long at, int bytes) => Set(at, bytes, default);

    /// <summary>Tensor cores or a bulk store read what lanes of the warp tell them to.</summary>
    /// <exception cref="SimFault">Nothing orders this and a write, or no fence makes it seen.</exception>
    public void ReadInBackground(SimWarp warp, uint lanes, long at, int bytes, AccessMark mark)
    {
        var last = (at + bytes - 1) >> _grainBits;
        var seen = default(AccessMark);
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            if (_writes[grain] != seen)
            {
                seen = _writes[grain];
                RequireSeen(seen, AccessKind.Store, warp, lanes, AccessKind.Load, at);
            }

            RequireUpdatesSeen(grain, warp, lanes, AccessKind.Load, at);
        }

        KeepReads(PlaceAt(at, bytes), mark);
    }

    /// <summary>A bulk copy begins, for a lane: until it ends, every other access is a fault.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access, or no fence makes a write seen.</exception>
    public void BeginInBackground(SimWarp warp, int lane, long at, int bytes, AccessMark mark)
    {
        var last = (at + bytes - 1) >> _grainBits;
        var seen = default(AccessMark);
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            if (_writes[grain] != seen)
            {
                seen = _writes[grain];
                RequireSeen(seen, AccessKind.Store, warp, 1u << lane, AccessKind.Store, at);
            }

            RequireUpdatesSeen(grain, warp, 1u << lane, AccessKind.Store, at);
        }

        RequireReadsPast(warp, at, bytes, lane, AccessKind.Store);

        Set(at, bytes, mark);
    }

    /// <summary>A copy in the background has arrived.</summary>
    public void EndInBackground(long at, int bytes, AccessMark mark) => Set(at, bytes, mark);

    /// <summary>A lane updates atomically.</summary>
    /// <exception cref="SimFault">Nothing orders this and another access that is not atomic.</exception>
    public void Update(SimWarp warp, long at, int bytes, int lane)
    {
        var mark = new AccessMark(_order.Now(warp.Number), warp, lane);
        Require(warp, at, bytes, lane, AccessKind.Atomic);
        var last = (at + bytes - 1) >> _grainBits;
        (_firstUpdated, _lastUpdated) = (Math.Min(_firstUpdated, at >> _grainBits), Math.Max(_lastUpdated, last));
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            Keep(_updates, grain, mark);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Forget()
    {
        Clear(_writes, 1);
        Clear(_reads, _planes);
        Clear(_latestReads, 1);
        Clear(_updates, _updates == null ? 0 : _planes);
        (_firstUpdated, _lastUpdated) = (long.MaxValue, -1);
        _readPlanes.Clear();
        Array.Clear(_isRead);
    }

    public void Dispose()
    {
        NativeMemory.Free(_writes);
        NativeMemory.Free(_reads);
        NativeMemory.Free(_latestReads);
        NativeMemory.Free(_updates);
    }

    /// <summary>Rows are read and written by eight marks, those behind their end as they are.</summary>
    private AccessMark* Allocate(int planes) =>
        (AccessMark*)NativeMemory.AllocZeroed(((nuint)planes * (nuint)_grains) + (nuint)Vector512<ulong>.Count, (nuint)sizeof(AccessMark));

    private void Clear(AccessMark* marks, int planes) =>
        NativeMemory.Clear(marks, (nuint)planes * (nuint)_grains * (nuint)sizeof(AccessMark));

    /// <summary>Up to here everything is in the past of the warp.</summary>
    private uint SettledFor(SimWarp warp) => _spansBlocks ? 0 : _order.SettledFor(warp.Number);

    /// <summary>Of all reads the latest is kept as well: mostly it is in the past, and then none need be looked at.</summary>
    private void KeepReads(Row row, AccessMark ofFirst)
    {
        NoteReader(ofFirst.Agent);
        if (row.Count == 1)
        {
            Keep(_reads, row.First, ofFirst);
            ref var latest = ref _latestReads[row.First];
            latest = ofFirst.Bits > latest.Bits ? ofFirst : latest;
            return;
        }

        KeepRow(_reads + (ofFirst.Agent * _grains), row, ofFirst);
        KeepLatestRow(row, ofFirst);
        if (_spansBlocks)
        {
            KeepFirstRow(row, ofFirst);
        }
    }

    private void Keep(AccessMark* marks, long grain, AccessMark mark)
    {
        ref var last = ref marks[(mark.Agent * _grains) + grain];
        last = mark.After(last);
        if (_spansBlocks)
        {
            ref var first = ref marks[(_warps * _grains) + grain];
            first = first == default ? mark : first;
        }
    }

    private void NoteReader(int plane)
    {
        if (_isRead[plane])
        {
            return;
        }

        _isRead[plane] = true;
        _readPlanes.Add(plane);
        if (_spansBlocks)
        {
            NoteReader(_warps);
        }
    }

    private void Set(long at, int bytes, AccessMark mark)
    {
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            _writes[grain] = mark;
        }
    }

    /// <summary>Throws unless all accesses that a read conflicts with are in its past.</summary>
    private void RequireReadable(SimWarp warp, long grain, long at, int lane)
    {
        if (_writes[grain].Moment > SettledFor(warp))
        {
            RequirePast(_writes[grain], AccessKind.Store, warp, AccessKind.Load, at, lane);
        }

        if (WasUpdated(grain))
        {
            RequireAllPast(_updates, _allPlanes, grain, AccessKind.Atomic, warp, AccessKind.Load, at, lane);
        }
    }

    /// <summary>Throws unless all accesses that a write conflicts with are in its past.</summary>
    private void Require(SimWarp warp, long at, int bytes, int lane, AccessKind kind)
    {
        var settled = SettledFor(warp);
        var last = (at + bytes - 1) >> _grainBits;
        for (var grain = at >> _grainBits; grain <= last; grain++)
        {
            if (_writes[grain].Moment > settled)
            {
                RequirePast(_writes[grain], AccessKind.Store, warp, kind, at, lane);
            }

            if (kind != AccessKind.Atomic && WasUpdated(grain))
            {
                RequireAllPast(_updates, _allPlanes, grain, AccessKind.Atomic, warp, kind, at, lane);
            }
        }

        RequireReadsPast(warp, at, bytes, lane, kind);
    }

    /// <summary>Throws unless all reads of a place are in the past of a lane.</summary>
    private void RequireReadsPast(SimWarp warp, long at, int bytes, int lane, AccessKind kind)
    {
        var row = PlaceAt(at, bytes);
        if (AreSettled(_latestReads, row, warp, since: 0) || AreReadsPast(row, warp, 1u << lane))
        {
            return;
        }

        for (var i = 0; i < row.Count; i++)
        {
            RequireAllPast(_reads, _readPlanes, row.First + i, AccessKind.Load, warp, kind, at, lane);
        }
    }

    private void RequireAllPast(
        AccessMark* marks, List<int> planes, long grain, AccessKind earlier, SimWarp warp, AccessKind kind, long at, int lane)
    {
        var settled = SettledFor(warp);
        foreach (var plane in planes)
        {
            var mark = marks[(plane * _grains) + grain];
            if (mark.Moment > settled)
            {
                RequirePast(mark, earlier, warp, kind, at, lane);
            }
        }
    }

    private void RequirePast(AccessMark mark, AccessKind earlier, SimWarp warp, AccessKind kind, long at, int lane)
    {
        RequireArrived(mark, warp, kind, at, lane);
        var isSameLane = mark.Agent == warp.Number && mark.Lane == lane && mark.Moment >= _order.BlockStart;
        var known = _order.Known(warp.Number, 1u << lane, mark.Agent);
        if (!isSameLane && mark.Moment > known | mark.Moment < _order.BlockStart)
        {
            throw Race.Between(mark, earlier, warp, kind, _nameOf(at), lane, mark.Moment < _order.BlockStart);
        }
    }

    /// <summary>The grains that lanes side by side access.</summary>
    private Row RowAt(long at, int bytes, int lanes) => new(
        (nint)(at >> _grainBits), (lanes * bytes) >> _grainBits, BitOperations.Log2((uint)bytes) - _grainBits);

    /// <summary>The grains of one place.</summary>
    private Row PlaceAt(long at, int bytes)
    {
        const int OfOneLane = 63;
        var first = (nint)(at >> _grainBits);
        return new Row(first, (int)(((at + bytes - 1) >> _grainBits) - first) + 1, OfOneLane);
    }

    private bool HasUpdates(Row row) => row.First <= _lastUpdated && row.First + row.Count > _firstUpdated;

    /// <summary>Whether the marks of a row are of a moment or later ones, and in the past of all lanes of the warp.</summary>
    private bool AreSettled(AccessMark* marks, Row row, SimWarp warp, uint since)
    {
        var early = Vector512.Create((ulong)since << 32);
        var late = Vector512.Create(((ulong)SettledFor(warp) << 32) | uint.MaxValue);
        var bad = Vector512<ulong>.Zero;
        for (var i = 0; i < row.Count; i += Vector512<ulong>.Count)
        {
            var bits = Vector512.Load((ulong*)(marks + row.First + i));
            bad |= (Vector512.LessThan(bits, early) | Vector512.GreaterThan(bits, late)) & row.Inside(i);
        }

        return bad == Vector512<ulong>.Zero;
    }

    /// <summary>Whether all reads of a row, in memory of one block, are in the past of lanes, whoever read.</summary>
    private bool AreReadsPast(Row row, SimWarp warp, uint lanes)
    {
        if (_spansBlocks)
        {
            return false;
        }

        var bad = Vector512<ulong>.Zero;
        foreach (var agent in _readPlanes)
        {
            var late = Vector512.Create(((ulong)_order.Known(warp.Number, lanes, agent) << 32) | uint.MaxValue);
            for (var i = 0; i < row.Count; i += Vector512<ulong>.Count)
            {
                bad |= Vector512.GreaterThan(Vector512.Load((ulong*)(_reads + (agent * _grains) + row.First + i)), late) & row.Inside(i);
            }
        }

        return bad == Vector512<ulong>.Zero;
    }

    /// <summary>Each lane of a row leaves its mark; <see cref="AccessMark.After"/> of eight marks at once.</summary>
    private static void KeepRow(AccessMark* marks, Row row, AccessMark ofFirst)
    {
        var lanes = Vector512.Create((ulong)AccessMark.LaneMask);
        for (var i = 0; i < row.Count; i += Vector512<ulong>.Count)
        {
            var place = (ulong*)(marks + row.First + i);
            var before = Vector512.Load(place);
            var mark = row.Marks(ofFirst, i);
            var change = before ^ mark;
            var isOfMany = Vector512.Equals(change >> 32, Vector512<ulong>.Zero) & ~Vector512.Equals(change & lanes, Vector512<ulong>.Zero);
            var many = (mark & ~lanes) | Vector512.Create((ulong)AccessMark.ManyLanes);
            var after = Vector512.ConditionalSelect(isOfMany, many, mark);
            Vector512.ConditionalSelect(row.Inside(i), after, before).Store(place);
        }
    }

    private void KeepLatestRow(Row row, AccessMark mark)
    {
        for (var i = 0; i < row.Count; i += Vector512<ulong>.Count)
        {
            var place = (ulong*)(_latestReads + row.First + i);
            Vector512.Max(Vector512.Load(place), Vector512.Create(mark.Bits) & row.Inside(i)).Store(place);
        }
    }

    /// <summary>Where nobody has read before, each lane of a row leaves its mark as the first.</summary>
    private void KeepFirstRow(Row row, AccessMark ofFirst)
    {
        for (var i = 0; i < row.Count; i += Vector512<ulong>.Count)
        {
            var place = (ulong*)(_reads + (_warps * _grains) + row.First + i);
            var before = Vector512.Load(place);
            var isFirst = Vector512.Equals(before, Vector512<ulong>.Zero) & row.Inside(i);
            Vector512.ConditionalSelect(isFirst, row.Marks(ofFirst, i), before).Store(place);
        }
    }

    private bool WasUpdated(long grain) => grain >= _firstUpdated && grain <= _lastUpdated;

    private void RequireUpdatesSeen(long grain, SimWarp warp, uint lanes, AccessKind kind, long at)
    {
        for (var plane = 0; plane < _warps && WasUpdated(grain); plane++)
        {
            RequireSeen(_updates[(plane * _grains) + grain], AccessKind.Atomic, warp, lanes, kind, at);
        }
    }

    /// <summary>
    /// Throws unless what those lanes start in the background sees the access. What warps wrote it sees behind a fence alone; what was
    /// copied in the background itself, as soon as it has arrived and somebody has waited for it.
    /// </summary>
    private void RequireSeen(AccessMark mark, AccessKind earlier, SimWarp warp, uint lanes, AccessKind kind, long at)
    {
        if (mark.Moment < _order.BlockStart)
        {
            return;
        }

        var lane = BitOperations.TrailingZeroCount(lanes);
        RequireArrived(mark, warp, kind, at, lane);
        var isPast = mark.Agent == warp.Number || mark.Moment <= _order.Known(warp.Number, lanes, mark.Agent);
        if (!isPast)
        {
            throw Race.Between(mark, earlier, warp, kind, _nameOf(at), lane, isOfAnotherBlock: false);
        }

        if (mark.Agent < _warps && mark.Moment > _order.Fenced(warp.Number, lanes, mark.Agent))
        {
            throw Race.Unfenced(mark, earlier, warp, kind, _nameOf(at), lane);
        }
    }

    private void RequireArrived(AccessMark mark, SimWarp warp, AccessKind kind, long at, int lane)
    {
        if (mark.IsInFlight)
        {
            throw Race.WithCopy(mark, warp, kind, _nameOf(at), lane);
        }
    }

    /// <summary>Grains side by side, of which each lane has 2 to some power.</summary>
    private readonly record struct Row(nint First, int Count, int GrainsOfALaneBits)
    {
        /// <summary>Ones in those of eight grains, from the i-th on, that are of the row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<ulong> Inside(int i) => Vector512.LessThan(Grains(i), Vector512.Create((ulong)Count));

        /// <summary>The marks of eight grains, from the i-th on, when the lanes after the first one have marks like its own.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<ulong> Marks(AccessMark ofFirst, int i) => Vector512.Create(ofFirst.Bits) + (Grains(i) >> GrainsOfALaneBits);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<ulong> Grains(int i) => Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7) + Vector512.Create((ulong)i);
    }
}
