using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// The built-in data set <c>digits</c>: 12,000 training and 2,000 test images of 16x16 grey pixels, the same in every
/// run and on every machine. Each is a style of its digit with shaken points, a random pose, pen and paper.
/// </summary>
/// <remarks>
/// The digits are easy to tell by eye and for a classifier with all labels, but differ enough that two labels per
/// class say little: what semi-supervised learning is for.
/// </remarks>
public static class ProceduralDigits
{
    private const ulong Seed = 20_230_610;
    private const int Classes = 10;
    private const int TrainImages = 12_000;
    private const int TestImages = 2_000;
    private const int Size = 16;

    /// <summary>Draws both sets.</summary>
    public static DatasetPair Create() => new(Draw(0, TrainImages), Draw(TrainImages, TestImages));

    private static ImageDataset Draw(int first, int count)
    {
        var pixels = new byte[count * Size * Size];
        var labels = new int[count];
        Parallel.For(0, count, i =>
        {
            labels[i] = (first + i) % Classes;
            var random = new PhiloxStream(Seed, stream: 0, sample: first + i);
            DrawImage(ref random, labels[i], pixels.AsSpan(i * Size * Size, Size * Size));
        });
        return new ImageDataset("digits", [.. Enumerable.Range(0, Classes).Select(c => $"{c}")], 1, Size, pixels, labels);
    }

    private static void DrawImage(ref PhiloxStream random, int digit, Span<byte> image)
    {
        var ink = new InkCanvas(Size);
        var pose = Pose.Draw(ref random);
        var halfWidth = Between(ref random, 0.6, 1.05);
        var styles = DigitStrokes.Styles[digit];
        foreach (var stroke in styles[random.NextInt(styles.Length)])
        {
            DrawStroke(ref random, ink, stroke, pose);
        }

        var specks = new InkCanvas(Size);
        for (var i = random.NextInt(3); i > 0; i--)
        {
            DrawSpeck(ref random, specks);
        }

        Develop(ref random, ink, halfWidth, specks, image);
    }

    private static void DrawStroke(ref PhiloxStream random, InkCanvas ink, Stroke stroke, in Pose pose)
    {
        const double Shake = 0.06;
        Span<StrokePoint> points = stackalloc StrokePoint[stroke.Points.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var (x, y) = stroke.Points[i];
            points[i] = pose.Apply(x + Between(ref random, -Shake, Shake), y + Between(ref random, -Shake, Shake));
        }

        ink.Draw(points, stroke.Smooth);
    }

    /// <summary>A short scratch somewhere on the paper.</summary>
    private static void DrawSpeck(ref PhiloxStream random, InkCanvas specks)
    {
        const double Longest = 1.5;
        var (x, y) = (Between(ref random, 0, Size), Between(ref random, 0, Size));
        specks.Draw(
            [new(x, y), new(x + Between(ref random, -Longest, Longest), y + Between(ref random, -Longest, Longest))], smooth: false);
    }

    /// <summary>Ink on uneven paper, with noise.</summary>
    private static void Develop(ref PhiloxStream random, InkCanvas ink, double halfWidth, InkCanvas specks, Span<byte> image)
    {
        var paper = Between(ref random, 0, 20);
        var contrast = Between(ref random, 170, 230);
        var (slopeX, slopeY) = (Between(ref random, -0.5, 0.5), Between(ref random, -0.5, 0.5));
        var speck = Between(ref random, 0.3, 0.8);
        var noise = Between(ref random, 4, 12);
        for (var y = 0; y < Size; y++)
        {
            for (var x = 0; x < Size; x++)
            {
                var shade = Math.Max(ink.Coverage(x, y, halfWidth), speck * specks.Coverage(x, y, 0.4));
                var tilt = (slopeX * (x - (Size / 2))) + (slopeY * (y - (Size / 2)));
                var value = paper + tilt + (contrast * shade) + (noise * Noise(random.NextUInt32()));
                image[(y * Size) + x] = (byte)Math.Clamp(value + 0.5, 0, 255);
            }
        }
    }

    /// <summary>Nearly normal with deviation 1: the sum of a word's four bytes. Exact, so the same on every machine.</summary>
    private static double Noise(uint word)
    {
        var sum = (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + (word >> 24);
        return (sum - 510.0) / 147.8;
    }

    private static double Between(ref PhiloxStream random, double low, double high) =>
        low + ((high - low) * random.NextUniform());

    /// <summary>Where a digit's points go on the canvas: scale, shear, turn, shift.</summary>
    private readonly struct Pose
    {
        private readonly double _xx, _xy, _yx, _yy, _x, _y;

        private Pose(double scaleX, double scaleY, double shear, double angle, double x, double y)
        {
            var (sin, cos) = (Math.Sin(angle), Math.Cos(angle));
            (_xx, _xy) = (cos * scaleX, ((cos * shear) - sin) * scaleY);
            (_yx, _yy) = (sin * scaleX, ((sin * shear) + cos) * scaleY);
            (_x, _y) = (x, y);
        }

        public static Pose Draw(ref PhiloxStream random)
        {
            const double HalfHeight = 5.6;
            const double Turn = Math.PI / 180 * 10;
            var size = HalfHeight * Between(ref random, 0.9, 1.08);
            return new Pose(
                size * Between(ref random, 0.9, 1.1),
                size,
                Between(ref random, -0.15, 0.15),
                Between(ref random, -Turn, Turn),
                (Size / 2) + Between(ref random, -0.7, 0.7),
                (Size / 2) + Between(ref random, -0.7, 0.7));
        }

        public StrokePoint Apply(double x, double y) => new((_xx * x) + (_xy * y) + _x, (_yx * x) + (_yy * y) + _y);
    }
}
