using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// Where the random numbers of a batch begin, for work that is captured: what differs from replay to replay waits in device memory,
/// as <see cref="Words"/> integers that are written before each. The stream stays with the call.
/// </summary>
/// <param name="Seed">The seed of the run.</param>
/// <param name="FirstSample">Number of the first sample, counted over the whole training; the others follow.</param>
public readonly record struct DrawAddress(ulong Seed, long FirstSample)
{
    /// <summary>Integers of an address: seed, then first sample, low word first.</summary>
    public const int Words = 4;

    /// <summary>Writes the integers that go to the device.</summary>
    /// <param name="words">Receives them, <see cref="Words"/>.</param>
    public void WriteTo(Span<int> words)
    {
        words[0] = (int)Seed;
        words[1] = (int)(Seed >> 32);
        words[2] = (int)FirstSample;
        words[3] = (int)(FirstSample >> 32);
    }

    internal static unsafe DrawAddress Read(Slice<int> words)
    {
        var at = (int*)words.Address;
        HostBounds.Check(at, Words);
        return new DrawAddress(Join(at[0], at[1]), (long)Join(at[2], at[3]));
    }

    internal static DrawAddress Read(ArrayView<int> words) =>
        new(Join(words[0], words[1]), (long)Join(words[2], words[3]));

    private static ulong Join(int low, int high) => ((ulong)(uint)high << 32) | (uint)low;
}
