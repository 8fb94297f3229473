namespace DPT.Engine.Dpt;

/// <summary>Pictures of one size at another, or a part of that, as PIL makes them (<see cref="ResampleAxis"/>): along lines, then across them, a byte after either.</summary>
/// <param name="width">Width of the pictures.</param>
/// <param name="x">The columns of the result.</param>
/// <param name="y">Its lines.</param>
internal sealed class PlaneResampler(int width, ResampleAxis x, ResampleAxis y)
{
    /// <summary>Numbers of the result.</summary>
    public int Length => x.Count * y.Count;

    /// <summary>Resizes a channel.</summary>
    /// <param name="plane">[height,width].</param>
    /// <param name="target">[lines,columns].</param>
    public void Apply(ReadOnlySpan<byte> plane, Span<byte> target)
    {
        var columns = x.Count;
        var narrowed = new byte[(y.End - y.First) * columns];
        for (var line = y.First; line < y.End; line++)
        {
            x.Along(plane.Slice(line * width, width), narrowed.AsSpan((line - y.First) * columns, columns));
        }

        for (var line = 0; line < y.Count; line++)
        {
            y.Across(narrowed, line, target.Slice(line * columns, columns));
        }
    }
}
