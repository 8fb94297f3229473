namespace DPT.Engine.Dpt;

/// <summary>
/// Pictures of one size as squares, the way the official transforms make them: resized until the shorter side is the square's
/// (<see cref="ResampleAxis"/>, a byte after either direction), then the middle is cut out. To the byte what PIL and torchvision give
/// (spec 1.5).
/// </summary>
internal sealed class SquareResizer
{
    private readonly int _width;
    private readonly int _side;
    private readonly ResampleAxis _x;
    private readonly ResampleAxis _y;

    /// <summary>Prepares to resize.</summary>
    /// <param name="width">Width of the pictures.</param>
    /// <param name="height">Height of the pictures.</param>
    /// <param name="side">Side of the squares.</param>
    public SquareResizer(int width, int height, int side)
    {
        (_width, _side) = (width, side);
        var shorter = Math.Min(width, height);
        (_x, _y) = (Axis(width), Axis(height));

        ResampleAxis Axis(int from)
        {
            var to = (int)((double)side * from / shorter);
            return new ResampleAxis(from, to, (int)Math.Round((to - side) / 2.0), side);
        }
    }

    /// <summary>Resizes a channel.</summary>
    /// <param name="plane">[height,width].</param>
    /// <param name="target">[side,side].</param>
    public void Apply(ReadOnlySpan<byte> plane, Span<byte> target)
    {
        if (_width == _side && plane.Length == target.Length)
        {
            // Most pictures are of the right size, and all weights are 1.
            plane.CopyTo(target);
            return;
        }

        var narrowed = new byte[(_y.End - _y.First) * _side];
        for (var y = _y.First; y < _y.End; y++)
        {
            _x.Along(plane.Slice(y * _width, _width), narrowed.AsSpan((y - _y.First) * _side, _side));
        }

        for (var y = 0; y < _side; y++)
        {
            _y.Across(narrowed, y, target.Slice(y * _side, _side));
        }
    }
}
