using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>Which registers are read, before they are written, behind each instruction of a function.</summary>
internal sealed class PtxLiveness
{
    private readonly ulong[][] _after;
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _names = [];

    public PtxLiveness(PtxFlow flow, PtxRegisterTypes types)
    {
        var code = flow.Instructions;
        Reads = [.. code.Select(i => Numbers(PtxBody.Reads(i), types))];
        Writes = [.. code.Select(i => Numbers(PtxBody.Writes(i), types))];
        var words = (_names.Count + 63) / 64;
        _after = [.. code.Select(_ => new ulong[words])];
        var before = code.Select(_ => new ulong[words]).ToArray();
        var open = new SortedSet<int>(Enumerable.Range(0, code.Count));
        var live = new ulong[words];
        while (open.Count > 0)
        {
            var at = open.Max;
            open.Remove(at);
            Gather(flow.Next(at).Select(next => before[next]), _after[at]);
            _after[at].CopyTo(live, 0);
            foreach (var register in code[at].Guard is null ? Writes[at] : [])
            {
                live[register >> 6] &= ~(1UL << (register & 63));
            }

            foreach (var register in Reads[at])
            {
                live[register >> 6] |= 1UL << (register & 63);
            }

            if (!live.AsSpan().SequenceEqual(before[at]))
            {
                live.CopyTo(before[at], 0);
                open.UnionWith(flow.Previous(at));
            }
        }
    }

    /// <summary>The registers, by number.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>What each instruction reads.</summary>
    public IReadOnlyList<int[]> Reads { get; }

    /// <summary>What each instruction writes.</summary>
    public IReadOnlyList<int[]> Writes { get; }

    /// <summary>The number of a register; null for what is none.</summary>
    public int? Find(string name) => _numbers.TryGetValue(name, out var number) ? number : null;

    /// <summary>The registers that are live behind an instruction.</summary>
    public IEnumerable<int> After(int at)
    {
        for (var word = 0; word < _after[at].Length; word++)
        {
            for (var bits = _after[at][word]; bits != 0; bits &= bits - 1)
            {
                yield return (word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }
    }

    private static void Gather(IEnumerable<ulong[]> from, ulong[] to)
    {
        Array.Clear(to);
        foreach (var set in from)
        {
            for (var word = 0; word < to.Length; word++)
            {
                to[word] |= set[word];
            }
        }
    }

    private int[] Numbers(IEnumerable<string> names, PtxRegisterTypes types) =>
        [.. names.Where(n => types[n].Length > 0).Select(Number)];

    private int Number(string name)
    {
        if (!_numbers.TryGetValue(name, out var number))
        {
            _numbers[name] = number = _names.Count;
            _names.Add(name);
        }

        return number;
    }
}
