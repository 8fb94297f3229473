namespace DPT.Engine.Dpt;

/// <summary>
/// MT19937 (Matsumoto and Nishimura 1998) seeded and used as NumPy's legacy generator does, so that our labelled
/// subsets are those of the published experiments (spec 1.3). For nothing else: new draws use Philox.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Words = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Words];
    private int _next = Words;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var k = 1u; k < Words; k++)
        {
            var last = _state[k - 1];
            _state[k] = (1812433253u * (last ^ (last >> 30))) + k;
        }
    }

    public uint NextUInt32()
    {
        if (_next == Words)
        {
            Twist();
        }

        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>A permutation of 0..n-1: swaps from the end, partners by masked rejection.</summary>
    public int[] Permutation(int n)
    {
        var order = Enumerable.Range(0, n).ToArray();
        for (var i = n - 1; i > 0; i--)
        {
            var mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount((uint)i);
            uint j;
            do
            {
                j = NextUInt32() & mask;
            }
            while (j > i);

            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    private void Twist()
    {
        for (var k = 0; k < Words; k++)
        {
            var y = (_state[k] & 0x80000000u) | (_state[(k + 1) % Words] & 0x7fffffffu);
            _state[k] = _state[(k + Shift) % Words] ^ (y >> 1) ^ ((y & 1) * 0x9908b0dfu);
        }

        _next = 0;
    }
}
