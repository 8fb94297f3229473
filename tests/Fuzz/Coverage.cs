using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace Fuzz;

/// <summary>
/// Which edges between branches an execution took, and about how often. Instrumented code counts in a map of
/// <see cref="Trace"/>; an execution is news if a count is in a range (1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more)
/// that this edge never had before: the measure of American Fuzzy Lop.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Size = 1 << 16;

    private static readonly byte* _map = Allocate();

    private readonly byte[] _ranges = new byte[Size];

    /// <summary>How many edges were seen so far.</summary>
    public int Edges => Size - _ranges.AsSpan().Count((byte)0);

    /// <summary>Gives instrumented code its map. It must run nothing before.</summary>
    public static void Begin()
    {
        new Span<byte>(_map, Size).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Takes in what was counted since <see cref="Begin"/>, and says whether it is news.</summary>
    public bool Learn()
    {
        var counts = new ReadOnlySpan<byte>(_map, Size);
        var isNews = false;
        for (var at = counts.IndexOfAnyExcept((byte)0); at >= 0;)
        {
            var range = RangeOf(counts[at]);
            isNews |= (_ranges[at] & range) == 0;
            _ranges[at] |= range;
            var next = counts[(at + 1)..].IndexOfAnyExcept((byte)0);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return isNews;
    }

    /// <summary>A bit for each range.</summary>
    private static byte RangeOf(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };

    private static byte* Allocate() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(Size);
}
