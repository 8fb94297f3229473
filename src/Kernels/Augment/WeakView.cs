namespace DPT.Engine.Kernels;

/// <summary>
/// A random mirror image, then a random crop after reflection padding, as one map from output to input coordinates.
/// Draws: mirror, row, column; the mirror's word is drawn even where mirroring is not allowed.
/// </summary>
internal readonly struct WeakView
{
    private readonly int _size;

    public WeakView(int size, bool mirror, int down, int right)
    {
        _size = size;
        IsMirrored = mirror;
        Down = down;
        Right = right;
    }

    /// <summary>Whether columns run backwards.</summary>
    public bool IsMirrored { get; }

    /// <summary>Pixels that the view has moved down.</summary>
    public int Down { get; }

    /// <summary>Pixels that the view has moved right, before it is mirrored.</summary>
    public int Right { get; }

    /// <summary>Draws the view of a row of the call's batch; without a policy it is the image itself.</summary>
    public static WeakView Sample(in AugmentCall call, ref PhiloxStream random)
    {
        if (call.Policy == AugmentPolicy.None)
        {
            return new WeakView(call.ImageSize, mirror: false, 0, 0);
        }

        var mirror = random.NextUniform() < 0.5f && call.Flip;
        var down = random.NextInt((2 * call.CropPadding) + 1) - call.CropPadding;
        var right = random.NextInt((2 * call.CropPadding) + 1) - call.CropPadding;
        return new WeakView(call.ImageSize, mirror, down, right);
    }

    /// <summary>The row that output row <paramref name="y"/> comes from.</summary>
    public int Row(int y) => Reflect(y + Down);

    /// <summary>The column that output column <paramref name="x"/> comes from.</summary>
    public int Column(int x)
    {
        var column = Reflect(x + Right);
        return IsMirrored ? _size - 1 - column : column;
    }

    /// <summary>Reflection at the centres of the border pixels, which are not repeated.</summary>
    private int Reflect(int i) => i < 0 ? -i : i >= _size ? (2 * (_size - 1)) - i : i;
}
