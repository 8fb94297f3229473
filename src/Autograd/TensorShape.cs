namespace DPT.Engine.Autograd;

/// <summary>The sizes of a tensor, outermost first, one to four of them; row-major.</summary>
public readonly record struct TensorShape
{
    private readonly int _d0, _d1, _d2, _d3;

    /// <summary>A shape of one to four positive sizes.</summary>
    /// <exception cref="ArgumentException">No size, more than four, or one that is not positive.</exception>
    public TensorShape(params ReadOnlySpan<int> sizes)
    {
        if (sizes.Length is < 1 or > 4)
        {
            throw new ArgumentException($"a tensor has 1 to 4 dimensions, not {sizes.Length}");
        }

        foreach (var size in sizes)
        {
            if (size < 1)
            {
                throw new ArgumentException($"a dimension is {size}, it must be positive");
            }
        }

        Rank = sizes.Length;
        _d0 = sizes[0];
        _d1 = Rank > 1 ? sizes[1] : 1;
        _d2 = Rank > 2 ? sizes[2] : 1;
        _d3 = Rank > 3 ? sizes[3] : 1;
    }

    /// <summary>Number of dimensions, 1 to 4.</summary>
    public int Rank { get; }

    /// <summary>Number of elements.</summary>
    public long Count => (long)_d0 * _d1 * _d2 * _d3;

    /// <summary>The innermost size.</summary>
    public int Last => this[Rank - 1];

    /// <summary>Product of all sizes but the innermost: the rows of the tensor seen as a matrix.</summary>
    public int Rows => checked((int)(Count / Last));

    /// <summary>Size of dimension <paramref name="dimension"/>, from 0.</summary>
    public int this[int dimension] => dimension >= 0 && dimension < Rank
        ? dimension switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 }
        : throw new ArgumentOutOfRangeException(nameof(dimension), $"dimension {dimension} of {this}");

    /// <summary>The same shape with another innermost size.</summary>
    public TensorShape WithLast(int size) => Rank switch
    {
        1 => new(size),
        2 => new(_d0, size),
        3 => new(_d0, _d1, size),
        _ => new(_d0, _d1, _d2, size),
    };

    /// <summary>The same shape with another size of one dimension.</summary>
    public TensorShape With(int dimension, int size)
    {
        var sizes = ToArray();
        sizes[dimension] = size;
        return new(sizes);
    }

    /// <summary>The sizes as an array.</summary>
    public int[] ToArray() => new[] { _d0, _d1, _d2, _d3 }[..Rank];

    /// <summary>For people and error messages: <c>[32, 18, 128]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";
}
