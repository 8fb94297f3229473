namespace DPT.Engine.Dpt;

/// <summary>
/// Pictures of one size as squares, the way the official transforms make them: resized until the shorter side is the square's, then the
/// middle is cut out. To the byte what PIL gives (spec 1.5).
/// </summary>
internal sealed class SquareResizer
{
    private readonly bool _isSquare;
    private readonly List<PlaneResampler> _steps = [];

    /// <summary>Prepares to resize.</summary>
    /// <param name="width">Width of the pictures.</param>
    /// <param name="height">Height of the pictures.</param>
    /// <param name="side">Side of the squares.</param>
    /// <param name="crop">How.</param>
    public SquareResizer(int width, int height, int side, ImageCrop crop = ImageCrop.Middle)
    {
        _isSquare = width == side && height == side;
        while (crop == ImageCrop.Adm && Math.Min(width, height) >= 2 * side)
        {
            var (oldWidth, oldHeight) = (width, height);
            (width, height) = (width / 2, height / 2);
            _steps.Add(new PlaneResampler(
                oldWidth,
                new ResampleAxis(ResampleFilter.Box, oldWidth, width, start: 0, width),
                new ResampleAxis(ResampleFilter.Box, oldHeight, height, start: 0, height)));
        }

        var shorter = Math.Min(width, height);
        _steps.Add(new PlaneResampler(width, Axis(width), Axis(height)));

        ResampleAxis Axis(int from) => crop == ImageCrop.Adm ? AdmAxis(from, side, shorter) : MiddleAxis(from, side, shorter);
    }

    /// <summary>Resizes a channel.</summary>
    /// <param name="plane">[height,width].</param>
    /// <param name="target">[side,side].</param>
    public void Apply(ReadOnlySpan<byte> plane, Span<byte> target)
    {
        if (_isSquare)
        {
            // Most pictures are of the right size, and all weights are 1.
            plane.CopyTo(target);
            return;
        }

        foreach (var step in _steps[..^1])
        {
            var halved = new byte[step.Length];
            step.Apply(plane, halved);
            plane = halved;
        }

        _steps[^1].Apply(plane, target);
    }

    /// <summary>torchvision cuts off the longer side and rounds where the middle begins.</summary>
    private static ResampleAxis MiddleAxis(int from, int side, int shorter)
    {
        var to = (int)((double)side * from / shorter);
        return new ResampleAxis(ResampleFilter.Bilinear, from, to, (int)Math.Round((to - side) / 2.0), side);
    }

    /// <summary>ADM rounds the longer side and cuts off where the middle begins.</summary>
    private static ResampleAxis AdmAxis(int from, int side, int shorter)
    {
        var to = (int)Math.Round(from * ((double)side / shorter));
        return new ResampleAxis(ResampleFilter.Bicubic, from, to, (to - side) / 2, side);
    }
}
