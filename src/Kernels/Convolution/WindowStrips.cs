using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Windows of images as the left factor of a packed product. Of the output pixels of a work item, each line's lie in one strip: as
/// many lines of the image as the block of K has taps for, with their zeros at the border written out. Neighbouring windows overlap
/// in a strip as they do in the image, so a pixel is copied once a line of the filter and not once a tap, and every window is read
/// by the same table of distances.
/// </summary>
/// <remarks>Packed: where each row's window begins, then the strips.</remarks>
internal readonly unsafe struct WindowStrips
{
    private const int Alignment = 32;
    private const int FloatsOfPlace = 2;

    private readonly float* _x;
    private readonly WindowMap _map;
    private readonly nint* _distances;
    private readonly int _lineFloats;

    /// <param name="x">The first number of the first pixel.</param>
    /// <param name="map">The windows.</param>
    /// <param name="distances">Room for a number for each element of a window, which is filled.</param>
    public WindowStrips(float* x, in WindowMap map, nint* distances)
    {
        _x = x;
        _map = map;
        _distances = distances;
        _lineFloats = checked((((Math.Min(map.X.Outputs, GemmBlocking.MaxMc) - 1) * map.X.Step) + map.X.Taps) * map.Channels);
        var line = LineElements;
        for (var k = 0; k < map.Elements; k++)
        {
            distances[k] = ((nint)(k / line) * _lineFloats) + (k % line);
        }
    }

    /// <summary>Elements of a line of a window, side by side in a strip.</summary>
    private int LineElements => _map.X.Taps * _map.Channels;

    /// <inheritdoc cref="IGemmFactors{TLeft}.LeftFloats"/>
    public long Floats(int rows, int kc)
    {
        var strips = ((rows + _map.X.Outputs - 2) / _map.X.Outputs) + 1;
        var lines = Math.Min(_map.Y.Taps, ((kc - 1) / LineElements) + 2);
        return FloatsOfPlaces(rows) + ((long)strips * lines * _lineFloats);
    }

    /// <inheritdoc cref="IGemmFactors{TLeft}.PackLeft"/>
    public void Pack(in GemmBlock block, float* packed)
    {
        var (firstTap, endTap) = (block.FirstK / LineElements, ((block.FirstK + block.Kc - 1) / LineElements) + 1);
        var places = (nint*)packed;
        var strips = packed + FloatsOfPlaces(block.Rows);
        HostBounds.Check(places, block.Rows);
        var to = strips;
        for (var row = 0; row < block.Rows;)
        {
            var (line, first) = Math.DivRem(block.FirstRow + row, _map.X.Outputs);
            var (image, output) = Math.DivRem(line, _map.Y.Outputs);
            var count = Math.Min(block.Rows - row, _map.X.Outputs - first);
            for (var i = 0; i < count; i++)
            {
                places[row++] = (nint)(to - strips) + ((nint)i * _map.X.Step * _map.Channels);
            }

            var pixels = ((count - 1) * _map.X.Step) + _map.X.Taps;
            for (var tap = firstTap; tap < endTap; tap++, to += _lineFloats)
            {
                CopyLine(image, _map.Y.At(_map.Y.First(output) + tap), _map.X.First(first), pixels, to);
            }
        }
    }

    /// <inheritdoc cref="IGemmFactors{TLeft}.Left"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScatteredLeft Tile(in GemmBlock block, int row, int rows, float* packed)
    {
        var firstTap = block.FirstK / LineElements;
        var origin = packed + FloatsOfPlaces(block.Rows) - ((nint)firstTap * _lineFloats);
        return new ScatteredLeft(origin, (nint*)packed + row, rows, _distances + block.FirstK);
    }

    private static int FloatsOfPlaces(int rows) => ((rows * FloatsOfPlace) + Alignment - 1) / Alignment * Alignment;

    /// <summary>Pixels of a line from a place on; the line is -1 where there is none.</summary>
    private void CopyLine(int image, int line, int place, int pixels, float* to)
    {
        var channels = _map.Channels;
        if (line < 0)
        {
            Clear(to, pixels * channels);
            return;
        }

        var from = _x + (((((nint)image * _map.Y.Source) + line) * _map.X.Source) * _map.Stride);
        if (_map.X.Spread == 1 && channels == _map.Stride)
        {
            var before = Math.Clamp(-place, 0, pixels);
            var end = Math.Clamp(_map.X.Source - place, before, pixels);
            Clear(to, before * channels);
            Copy(from + ((nint)(place + before) * channels), to + (before * channels), (end - before) * channels);
            Clear(to + (end * channels), (pixels - end) * channels);
            return;
        }

        for (var i = 0; i < pixels; i++, to += channels)
        {
            var pixel = _map.X.At(place + i);
            if (pixel < 0)
            {
                Clear(to, channels);
            }
            else
            {
                Copy(from + ((nint)pixel * _map.Stride), to, channels);
            }
        }
    }

    private static void Copy(float* from, float* to, int count)
    {
        HostBounds.Check(from, count);
        HostBounds.Check(to, count);
        Unsafe.CopyBlockUnaligned(to, from, (uint)count * sizeof(float));
    }

    private static void Clear(float* to, int count)
    {
        HostBounds.Check(to, count);
        Unsafe.InitBlockUnaligned(to, 0, (uint)count * sizeof(float));
    }
}
