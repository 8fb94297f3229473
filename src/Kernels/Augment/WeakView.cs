namespace DPT.Engine.Kernels;

/// <summary>
/// A random mirror image, then a random crop after reflection padding, as one map from output to input coordinates.
/// Draws: mirror, row, column; the mirror's word is drawn even where mirroring is not allowed.
/// </summary>
internal readonly struct WeakView
{
    private readonly int _size;
    private readonly bool _mirror;
    private readonly int _down;
    private readonly int _right;

    public WeakView(int size, bool mirror, int down, int right)
    {
        _size = size;
        _mirror = mirror;
        _down = down;
        _right = right;
    }

    public static WeakView Draw(int size, bool allowMirror, int padding, ref PhiloxStream random)
    {
        var mirror = random.NextUniform() < 0.5f && allowMirror;
        var down = random.NextInt((2 * padding) + 1) - padding;
        var right = random.NextInt((2 * padding) + 1) - padding;
        return new WeakView(size, mirror, down, right);
    }

    /// <summary>The row that output row <paramref name="y"/> comes from.</summary>
    public int Row(int y) => Reflect(y + _down);

    /// <summary>The column that output column <paramref name="x"/> comes from.</summary>
    public int Column(int x)
    {
        var column = Reflect(x + _right);
        return _mirror ? _size - 1 - column : column;
    }

    /// <summary>Reflection at the centres of the border pixels, which are not repeated.</summary>
    private int Reflect(int i) => i < 0 ? -i : i >= _size ? (2 * (_size - 1)) - i : i;
}
