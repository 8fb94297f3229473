using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DPT.Engine.Kernels;

/// <summary>Consecutive Philox words, four counters at a time where lanes can multiply 32 x 32 to 64 bits.</summary>
internal static unsafe class PhiloxVectors
{
    /// <summary>Writes the words of <paramref name="blocks"/> consecutive counters, a multiple of four.</summary>
    public static void Fill(ulong seed, uint stream, long sample, uint firstBlock, int blocks, uint* words)
    {
        for (var i = 0; i < blocks; i += 4, words += 16)
        {
            if (Avx2.IsSupported)
            {
                FourBlocks(seed, stream, sample, firstBlock + (uint)i, words);
                continue;
            }

            for (var j = 0; j < 4; j++)
            {
                ((PhiloxBlock*)words)[j] = Philox.Block(seed, stream, sample, firstBlock + (uint)(i + j));
            }
        }
    }

    /// <summary>
    /// One counter per 64-bit lane with a word in its lower half. The upper halves fill with rubbish that the
    /// multiplication ignores, so a round needs no masks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourBlocks(ulong seed, uint stream, long sample, uint firstBlock, uint* words)
    {
        var c0 = Vector256.Create((ulong)firstBlock) + Vector256<ulong>.Indices;
        var c1 = Vector256.Create((ulong)sample);
        var c2 = Vector256.Create((ulong)sample >> 32);
        var c3 = Vector256.Create((ulong)stream);
        var k0 = Vector256.Create((ulong)(uint)seed);
        var k1 = Vector256.Create(seed >> 32);
        var multiplier0 = Vector256.Create((ulong)Philox.Multiplier0).AsUInt32();
        var multiplier1 = Vector256.Create((ulong)Philox.Multiplier1).AsUInt32();
        for (var round = 0; round < Philox.Rounds; round++)
        {
            var p0 = Avx2.Multiply(multiplier0, c0.AsUInt32());
            var p1 = Avx2.Multiply(multiplier1, c2.AsUInt32());
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c1 = p1;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c3 = p0;
            k0 += Vector256.Create((ulong)Philox.KeyStep0);
            k1 += Vector256.Create((ulong)Philox.KeyStep1);
        }

        var lower = Vector256.Create((ulong)uint.MaxValue);
        var first = (c0 & lower) | (c1 << 32);
        var second = (c2 & lower) | (c3 << 32);
        var even = Avx2.UnpackLow(first, second).AsUInt32();
        var odd = Avx2.UnpackHigh(first, second).AsUInt32();
        even.GetLower().Store(words);
        odd.GetLower().Store(words + 4);
        even.GetUpper().Store(words + 8);
        odd.GetUpper().Store(words + 12);
    }
}
