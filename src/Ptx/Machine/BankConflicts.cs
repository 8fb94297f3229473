using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Passes that a request to shared memory takes beyond the fewest: 32 banks of 4 bytes, each gives one word in a pass;
/// lanes that ask for the same word share it. Accesses of 8 and 16 bytes go by half and quarter warps.
/// </summary>
internal static unsafe class BankConflicts
{
    private const int Banks = 32;
    private const int WordBits = 2;

    /// <summary>Passes beyond one for every group of lanes.</summary>
    public static int Count(ulong* addresses, uint mask, int bytes)
    {
        var words = Math.Max(1, bytes >> WordBits);
        if (mask == Lanes.All && AreWithinOneRow(addresses, words))
        {
            return 0;
        }

        var group = Lanes.Count / words;
        var extra = 0;
        for (var first = 0; first < Lanes.Count; first += group)
        {
            var lanes = group == Lanes.Count ? mask : (mask >> first) & ((1u << group) - 1);
            extra += Math.Max(0, Passes(addresses + first, lanes, words) - 1);
        }

        return extra;
    }

    /// <summary>Whether all words lie within as many as there are banks: then no two of them are of one bank.</summary>
    private static bool AreWithinOneRow(ulong* addresses, int words)
    {
        var (least, most) = Lanes.Range(addresses);
        return (most >> WordBits) + (ulong)words - (least >> WordBits) <= Banks;
    }

    private static int Passes(ulong* addresses, uint lanes, int words)
    {
        var held = stackalloc ulong[Banks];
        var taken = 0u;
        for (var rest = lanes; rest != 0; rest &= rest - 1)
        {
            var word = addresses[BitOperations.TrailingZeroCount(rest)] >> WordBits;
            for (var i = 0; i < words; i++, word++)
            {
                var bank = (int)(word % Banks);
                if ((taken >> bank & 1) != 0 && held[bank] != word)
                {
                    return PassesOfConflict(addresses, lanes, words);
                }

                taken |= 1u << bank;
                held[bank] = word;
            }
        }

        return taken == 0 ? 0 : 1;
    }

    private static int PassesOfConflict(ulong* addresses, uint lanes, int words)
    {
        var seen = stackalloc ulong[Banks];
        var perBank = stackalloc int[Banks];
        new Span<int>(perBank, Banks).Clear();
        int count = 0, passes = 0;
        for (var rest = lanes; rest != 0; rest &= rest - 1)
        {
            var word = addresses[BitOperations.TrailingZeroCount(rest)] >> WordBits;
            for (var i = 0; i < words; i++, word++)
            {
                if (!new ReadOnlySpan<ulong>(seen, count).Contains(word))
                {
                    seen[count++] = word;
                    passes = Math.Max(passes, ++perBank[word % Banks]);
                }
            }
        }

        return passes;
    }
}
