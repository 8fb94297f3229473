namespace DPT.Engine.Ptx;

/// <summary>The registers that one instruction reads and writes, by number.</summary>
internal sealed class RegisterUses
{
    public HashSet<int> Reads { get; } = [];

    public HashSet<int> Writes { get; } = [];

    /// <summary>Registers that are held in the background after the instruction.</summary>
    public HashSet<int> Watched { get; } = [];
}

/// <summary>
/// Gives registers that are never needed at the same time the same place. PTX has a new register for every value, some
/// thousand in a large kernel; what is in use at once fits into a cache.
/// </summary>
/// <remarks>
/// A register keeps its place from the first to the last instruction at which it holds something that may still be read,
/// in the order of the text; the whole of that stretch is its own, so an instruction never writes what it reads. Lanes
/// that wait elsewhere keep what they hold, as an instruction writes only the elements of its own lanes: so only
/// registers of one element size share, and predicates, whose elements are bits, share with predicates alone.
/// </remarks>
internal static class RegisterAllocation
{
    /// <summary>The place of every register; -1 for those that no instruction names.</summary>
    /// <param name="file">Where places are made.</param>
    /// <param name="sizes">Bytes of an element of each register; 1 for a predicate.</param>
    /// <param name="uses">What each instruction reads and writes.</param>
    /// <param name="successors">What may come after each instruction.</param>
    public static int[] Assign(
        RegisterFile file, IReadOnlyList<int> sizes, IReadOnlyList<(RegisterUses Uses, bool IsGuarded)> uses, int[][] successors)
    {
        var (first, last) = Stretches(sizes.Count, uses, successors);
        var places = new int[sizes.Count];
        Array.Fill(places, -1);
        var free = new Dictionary<int, Stack<int>>();
        var ending = Enumerable.Range(0, sizes.Count).Where(r => last[r] >= 0).ToLookup(r => last[r]);
        var starting = Enumerable.Range(0, sizes.Count).Where(r => last[r] >= 0).ToLookup(r => first[r]);
        for (var i = 0; i < uses.Count; i++)
        {
            foreach (var register in starting[i])
            {
                places[register] = free.TryGetValue(sizes[register], out var idle) && idle.TryPop(out var place)
                    ? place
                    : file.Allocate(sizes[register]);
            }

            foreach (var register in ending[i])
            {
                if (!free.TryGetValue(sizes[register], out var idle))
                {
                    free[sizes[register]] = idle = new Stack<int>();
                }

                idle.Push(places[register]);
            }
        }

        return places;
    }

    /// <summary>The first and the last instruction at which each register is named, or holds what may still be read.</summary>
    private static (int[] First, int[] Last) Stretches(
        int registers, IReadOnlyList<(RegisterUses Uses, bool IsGuarded)> uses, int[][] successors)
    {
        var first = new int[registers];
        var last = new int[registers];
        Array.Fill(first, int.MaxValue);
        Array.Fill(last, -1);
        var live = Liveness(registers, uses, successors);
        for (var i = 0; i < uses.Count; i++)
        {
            foreach (var register in uses[i].Uses.Reads.Concat(uses[i].Uses.Writes))
            {
                Extend(register, i);
            }

            for (var word = 0; word < live[i].Length; word++)
            {
                for (var bits = live[i][word]; bits != 0; bits &= bits - 1)
                {
                    Extend((64 * word) + System.Numerics.BitOperations.TrailingZeroCount(bits), i);
                }
            }
        }

        return (first, last);

        void Extend(int register, int at)
        {
            first[register] = Math.Min(first[register], at);
            last[register] = Math.Max(last[register], at);
        }
    }

    /// <summary>Before each instruction, the registers that may be read before they are written: a bit for each.</summary>
    private static ulong[][] Liveness(
        int registers, IReadOnlyList<(RegisterUses Uses, bool IsGuarded)> uses, int[][] successors)
    {
        var live = Enumerable.Range(0, uses.Count).Select(_ => new ulong[(registers + 63) / 64]).ToArray();
        var after = new ulong[(registers + 63) / 64];
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = uses.Count - 1; i >= 0; i--)
            {
                Array.Clear(after);
                foreach (var next in successors[i].Where(s => s < uses.Count))
                {
                    for (var word = 0; word < after.Length; word++)
                    {
                        after[word] |= live[next][word];
                    }
                }

                // What a guarded instruction writes, it may as well not write.
                foreach (var register in uses[i].IsGuarded ? [] : uses[i].Uses.Writes)
                {
                    after[register / 64] &= ~(1UL << register);
                }

                foreach (var register in uses[i].Uses.Reads)
                {
                    after[register / 64] |= 1UL << register;
                }

                if (!after.AsSpan().SequenceEqual(live[i]))
                {
                    after.CopyTo(live[i], 0);
                    changed = true;
                }
            }
        }

        return live;
    }
}
