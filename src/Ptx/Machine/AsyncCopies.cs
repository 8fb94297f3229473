using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// The <c>cp.async</c> of one warp that nobody has waited for: each lane has groups of its own. The data are taken when
/// the copy begins and put down when it is waited for, so reading too early is always seen.
/// </summary>
internal sealed class AsyncCopies
{
    private readonly List<Copy> _pending = [];
    private readonly int[] _committed = new int[Lanes.Count];

    /// <summary>Forgets what a block that has ended did not wait for.</summary>
    public void Abandon(SharedSpace shared)
    {
        foreach (var copy in _pending)
        {
            shared.AbandonCopy(copy.At, copy.Bytes);
        }

        _pending.Clear();
        Array.Clear(_committed);
    }

    /// <summary>A lane starts a copy to that place of shared memory.</summary>
    public void Begin(int lane, int at, ReadOnlySpan<byte> data)
    {
        var copy = new Copy { Lane = lane, Group = _committed[lane], At = at, Bytes = data.Length };
        data.CopyTo(copy.Data);
        _pending.Add(copy);
    }

    /// <summary>The lanes close their group.</summary>
    public void Commit(uint mask)
    {
        for (var lane = 0; lane < Lanes.Count; lane++)
        {
            _committed[lane] += (int)(mask >> lane & 1);
        }
    }

    /// <summary>The lanes wait until at most that many of their newest groups are under way.</summary>
    public void Wait(SimWarp warp, uint mask, int groups) =>
        Complete(warp, copy => (mask >> copy.Lane & 1) != 0 && copy.Group < _committed[copy.Lane] - groups);

    /// <summary>The lanes wait for all of their copies.</summary>
    public void WaitAll(SimWarp warp, uint mask) => Complete(warp, copy => (mask >> copy.Lane & 1) != 0);

    private void Complete(SimWarp warp, Func<Copy, bool> isAwaited)
    {
        var kept = 0;
        foreach (ref var copy in CollectionsMarshal.AsSpan(_pending))
        {
            if (isAwaited(copy))
            {
                warp.Block.Shared.EndCopy(warp, copy.At, ((ReadOnlySpan<byte>)copy.Data)[..copy.Bytes], copy.Lane);
            }
            else
            {
                _pending[kept++] = copy;
            }
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
    }

    private struct Copy
    {
        public int Lane;
        public int Group;
        public int At;
        public int Bytes;
        public Line Data;
    }

    [InlineArray(16)]
    private struct Line
    {
        private byte _first;
    }
}
