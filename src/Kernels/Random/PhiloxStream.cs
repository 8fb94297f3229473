namespace DPT.Engine.Kernels;

/// <summary>
/// The random words of one sample of one stream, drawn one after the other: the sequence that a
/// <see cref="RandomCall"/> of the same address fills from. A mutable struct: pass it by reference.
/// </summary>
public struct PhiloxStream
{
    private readonly ulong _seed;
    private readonly uint _stream;
    private readonly long _sample;
    private PhiloxBlock _block;

    /// <summary>Starts before the first word.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="stream">The purpose of the numbers.</param>
    /// <param name="sample">The sample they belong to.</param>
    public PhiloxStream(ulong seed, uint stream, long sample)
    {
        _seed = seed;
        _stream = stream;
        _sample = sample;
    }

    /// <summary>Words drawn so far; at most 2^34 can be.</summary>
    public long Position { get; private set; }

    /// <summary>The next word.</summary>
    /// <exception cref="OverflowException">All 2^34 words were drawn.</exception>
    public uint NextUInt32()
    {
        if (Position % 4 == 0)
        {
            _block = Philox.Block(_seed, _stream, _sample, checked((uint)(Position / 4)));
        }

        return _block[Position++];
    }

    /// <summary>Uniform in [0, 1), from one word.</summary>
    public float NextUniform() => Philox.Uniform(NextUInt32());

    /// <summary>Standard normal, from two words: the cosine of the Box-Muller pair.</summary>
    public float NextNormal()
    {
        var radius = MathF.Sqrt(-2 * MathF.Log(Philox.PositiveUniform(NextUInt32())));
        return radius * MathF.Cos(2 * MathF.PI * NextUniform());
    }

    /// <summary>Uniform in 0..<paramref name="bound"/>-1 without bias, from one word, seldom more.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    /// <remarks>Lemire, "Fast random integer generation in an interval", 2019.</remarks>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var unfair = (uint)((1UL << 32) % (uint)bound);
        ulong product;
        do
        {
            product = (ulong)NextUInt32() * (uint)bound;
        }
        while ((uint)product < unfair);
        return (int)(product >> 32);
    }
}
