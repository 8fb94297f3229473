using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Four random words: what one counter gives.</summary>
/// <param name="W0">First word.</param>
/// <param name="W1">Second word.</param>
/// <param name="W2">Third word.</param>
/// <param name="W3">Fourth word.</param>
public readonly record struct PhiloxBlock(uint W0, uint W1, uint W2, uint W3)
{
    /// <summary>Word <paramref name="index"/> mod 4.</summary>
    public uint this[long index] => (index & 3) switch { 0 => W0, 1 => W1, 2 => W2, _ => W3 };
}

/// <summary>
/// Philox4x32-10: a bijection of 128-bit counters under a 64-bit key whose outputs pass the tests of randomness.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
/// </summary>
public static class Philox
{
    internal const int Rounds = 10;
    internal const uint Multiplier0 = 0xD2511F53;
    internal const uint Multiplier1 = 0xCD9E8D57;
    internal const uint KeyStep0 = 0x9E3779B9;
    internal const uint KeyStep1 = 0xBB67AE85;

    /// <summary>The four words of a counter (c0, c1, c2, c3) under the key (k0, k1).</summary>
    public static PhiloxBlock Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += KeyStep0;
            k1 += KeyStep1;
        }

        return new PhiloxBlock(c0, c1, c2, c3);
    }

    /// <summary>Words 4 <paramref name="block"/> to 4 block + 3 of a sample of a stream.</summary>
    public static PhiloxBlock Block(ulong seed, uint stream, long sample, uint block) =>
        Block(block, (uint)sample, (uint)(sample >> 32), stream, (uint)seed, (uint)(seed >> 32));

    /// <summary>Uniform in [0, 1) from a word: its upper 24 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(uint word) => Scalar.FromUInt32(word >> 8) * (1f / (1 << 24));

    /// <summary>Uniform in [0, 1) from each word of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Float4 Uniform(PhiloxBlock words) =>
        new() { X = Uniform(words.W0), Y = Uniform(words.W1), Z = Uniform(words.W2), W = Uniform(words.W3) };

    /// <summary>Uniform in [2^-33, 1] from a word: an argument for a logarithm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float PositiveUniform(uint word) =>
        (Scalar.FromUInt32(word) * (1f / (1L << 32))) + (1f / (1L << 33));
}
