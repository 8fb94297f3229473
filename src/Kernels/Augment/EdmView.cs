using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// How the output of an image of <see cref="AugmentEdmCall"/> finds its input: mirrors, the map, and what lies outside. Raised numbers
/// are counted from the image's own first pixel, which is raised number 0; its surroundings have negative ones. A view that is made of
/// one row of maps and labels is the same for hosts and GPUs: coordinates are of single precision, and have the same bits everywhere.
/// </summary>
internal readonly struct EdmView
{
    /// <summary>Numbers of a row of maps.</summary>
    public const int MapLength = 6;

    /// <summary>Numbers of a row of labels.</summary>
    public const int LabelLength = 9;

    private readonly int _size;
    private readonly int _mirrored;
    private readonly int _turned;
    private readonly float _xx;
    private readonly float _xy;
    private readonly float _x0;
    private readonly float _yx;
    private readonly float _yy;
    private readonly float _y0;

    /// <summary>The view of an image.</summary>
    /// <param name="size">Side of the image.</param>
    /// <param name="mirrored">The first label: 1 if columns run backwards.</param>
    /// <param name="turned">The second label: 1 if rows run backwards.</param>
    /// <param name="xx">First number of the map.</param>
    /// <param name="xy">Second number.</param>
    /// <param name="x0">Third number.</param>
    /// <param name="yx">Fourth number.</param>
    /// <param name="yy">Fifth number.</param>
    /// <param name="y0">Sixth number.</param>
    public EdmView(int size, float mirrored, float turned, float xx, float xy, float x0, float yx, float yy, float y0)
    {
        _size = size;
        _mirrored = Scalar.IsLess(0.5f, mirrored) ? 1 : 0;
        _turned = Scalar.IsLess(0.5f, turned) ? 1 : 0;
        (_xx, _xy, _x0, _yx, _yy, _y0) = (xx, xy, x0, yx, yy, y0);
    }

    /// <summary>Whether the map moves nothing: then the image is not resampled, as sym6 would give it back.</summary>
    public bool IsStill => _xx == 1 && _xy == 0 && _x0 == 0 && _yx == 0 && _yy == 1 && _y0 == 0;

    /// <summary>First raised number that the surroundings reach to: they are the image reflected, all of it but its border.</summary>
    public int Least => -2 * (_size - 1);

    /// <summary>Last raised number.</summary>
    public int Most => (4 * _size) - 3;

    /// <summary>Raised column that sample (column, row) of the output lies on; outside of all if it is far away.</summary>
    public float X(int column, int row) => Coordinate(_xx, _xy, _x0, column, row);

    /// <summary>Raised row.</summary>
    public float Y(int column, int row) => Coordinate(_yx, _yy, _y0, column, row);

    /// <summary>Whether there is a column or row in that place: one of the image, or one that is reflected.</summary>
    public bool IsThere(int at) => at >= 1 - _size && at <= 2 * (_size - 1);

    /// <summary>The image's column in a place; the nearest place where nothing is there.</summary>
    public int Column(int at) => Place(at, _mirrored);

    /// <summary>The image's row in a place; the nearest place where nothing is there.</summary>
    public int Row(int at) => Place(at, _turned);

    /// <summary>The largest integer that is not above, for a coordinate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Floor(float coordinate)
    {
        var whole = (int)coordinate;
        return Scalar.IsLess(coordinate, whole) ? whole - 1 : whole;
    }

    private float Coordinate(float byColumn, float byRow, float start, int column, int row)
    {
        // Output samples are raised too, with a border of 12: half a pixel apart, the middle of the image between the middle two.
        var middle = _size + 5;
        var at = Scalar.Fma(byColumn, column - middle, Scalar.Fma(byRow, row - middle, (2 * start) + (_size - 1)));
        float low = Least - 2;
        float high = Most + 2;
        return Scalar.IsLess(at, low) ? low : Scalar.IsLess(high, at) ? high : at;
    }

    /// <summary>Without a branch: a thread looks up 144 places for a sample.</summary>
    private int Place(int at, int isBackwards)
    {
        var last = _size - 1;
        var reflected = last - Math.Abs(Math.Abs(Math.Min(Math.Max(at, -last), 2 * last)) - last);
        return (isBackwards * last) + ((1 - (2 * isBackwards)) * reflected);
    }
}
