namespace DPT.Engine.Dpt;

/// <summary>Distance of every pixel to the nearest stroke, from which ink of any width follows, antialiased.</summary>
internal sealed class InkCanvas
{
    private const int PiecesPerCurve = 5;

    /// <summary>Pixels further than this from all strokes are bare: the widest pen has half of it.</summary>
    private const double Reach = 3;

    private readonly int _size;
    private readonly double[] _squares;

    public InkCanvas(int size)
    {
        _size = size;
        _squares = new double[size * size];
        Array.Fill(_squares, Reach * Reach);
    }

    /// <summary>Draws through the points: straight, or as a Catmull-Rom curve. Pixel (x, y) has its centre at +0.5.</summary>
    public void Draw(ReadOnlySpan<StrokePoint> points, bool smooth)
    {
        for (var i = 0; i + 1 < points.Length; i++)
        {
            var from = points[i];
            for (var k = 1; k <= (smooth ? PiecesPerCurve : 1); k++)
            {
                var to = smooth
                    ? OnCurve(points[Math.Max(i - 1, 0)], points[i], points[i + 1], points[Math.Min(i + 2, points.Length - 1)], (double)k / PiecesPerCurve)
                    : points[i + 1];
                DrawSegment(from, to);
                from = to;
            }
        }
    }

    /// <summary>Ink on a pixel, 0..1, for a pen of the given half width in pixels.</summary>
    public double Coverage(int x, int y, double halfWidth) =>
        Math.Clamp(halfWidth + 0.5 - Math.Sqrt(_squares[(y * _size) + x]), 0, 1);

    private void DrawSegment(StrokePoint a, StrokePoint b)
    {
        var (dx, dy) = (b.X - a.X, b.Y - a.Y);
        var scale = 1 / Math.Max((dx * dx) + (dy * dy), 1e-12);
        var (left, right) = Range(a.X, b.X);
        var (top, bottom) = Range(a.Y, b.Y);
        for (var y = top; y <= bottom; y++)
        {
            for (var x = left; x <= right; x++)
            {
                var (px, py) = (x + 0.5 - a.X, y + 0.5 - a.Y);
                var along = Math.Clamp(((px * dx) + (py * dy)) * scale, 0, 1);
                var (ex, ey) = (px - (along * dx), py - (along * dy));
                ref var square = ref _squares[(y * _size) + x];
                square = Math.Min(square, (ex * ex) + (ey * ey));
            }
        }
    }

    private (int First, int Last) Range(double a, double b) =>
        (Math.Max(0, (int)(Math.Min(a, b) - Reach)), Math.Min(_size - 1, (int)(Math.Max(a, b) + Reach)));

    private static StrokePoint OnCurve(StrokePoint p0, StrokePoint p1, StrokePoint p2, StrokePoint p3, double t) =>
        new(OnCurve(p0.X, p1.X, p2.X, p3.X, t), OnCurve(p0.Y, p1.Y, p2.Y, p3.Y, t));

    private static double OnCurve(double p0, double p1, double p2, double p3, double t)
    {
        var tangent1 = (p2 - p0) / 2;
        var tangent2 = (p3 - p1) / 2;
        var rise = p2 - p1;
        var cubic = tangent1 + tangent2 - (2 * rise);
        var square = (3 * rise) - (2 * tangent1) - tangent2;
        return p1 + (t * (tangent1 + (t * (square + (t * cubic)))));
    }
}
