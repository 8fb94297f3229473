namespace Kernels.Tests;

/// <summary>Numbers of 16 bits for tests of tensor cores.</summary>
internal static class Bf16
{
    /// <summary>The nearest, ties to even.</summary>
    public static ushort Round(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float Widen(ushort half) => BitConverter.UInt32BitsToSingle((uint)half << 16);

    /// <summary>Random numbers between -1 and 1.</summary>
    public static ushort[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Round((random.NextSingle() * 2) - 1))];
    }
}
