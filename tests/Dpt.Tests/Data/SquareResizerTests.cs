using System.Globalization;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Resizing against Pillow, to the byte, and against what is plain.</summary>
public sealed class SquareResizerTests
{
    private static IEnumerable<string> Cases => Pillow("resized", archive => archive.Names.ToList());

    private static IEnumerable<string> AdmCases => Pillow("resized-adm", archive => archive.Names.ToList());

    /// <summary>Oblong and square pictures, shrunk, grown and cut (make-resized-images.py).</summary>
    [TestCaseSource(nameof(Cases))]
    public void Picture_IsWhatPillowMakesOfIt(string name) => RequireSame("resized", name, ImageCrop.Middle);

    /// <summary>The same halved first, once and several times, of odd sides too; where it is cut between two pixels and where the longer side is rounded.</summary>
    [TestCaseSource(nameof(AdmCases))]
    public void Picture_CutAsByAdm_IsWhatPillowMakesOfIt(string name) => RequireSame("resized-adm", name, ImageCrop.Adm);

    private static void RequireSame(string file, string name, ImageCrop crop)
    {
        var numbers = Array.ConvertAll(name.Split('x', '-'), number => int.Parse(number, CultureInfo.InvariantCulture));
        var (width, height, side) = (numbers[0], numbers[1], numbers[2]);
        var plane = new byte[width * height];
        for (var i = 0; i < plane.Length; i++)
        {
            var (y, x) = Math.DivRem(i, width);
            plane[i] = (byte)((x * 37) + (y * 91) + (x * y * 13));
        }

        var square = new byte[side * side];
        new SquareResizer(width, height, side, crop).Apply(plane, square);
        Assert.That(square, Is.EqualTo(Pillow(file, archive => archive.Bytes(name)).Values));
    }

    [Test]
    public void Halving_WeighsLikeATriangleOfTwoPixels()
    {
        // One row of weights for a factor of 2 inside the image is (1, 3, 3, 1) / 8.
        var source = new byte[64];
        for (var y = 0; y < 8; y++)
        {
            source[(8 * y) + 3] = 160;
        }

        var target = new byte[16];
        new SquareResizer(8, 8, 4).Apply(source, target);
        Assert.That(target[4..8], Is.EqualTo([0, 60, 20, 0]));
    }

    [TestCase(1, 1, 5)]
    [TestCase(5, 9, 1)]
    [TestCase(7, 3, 3)]
    [TestCase(3, 16384, 7)]
    [TestCase(16384, 1, 1)]
    [TestCase(16, 16, 15)]
    public void ConstantPicture_StaysConstant(int width, int height, int side)
    {
        var source = new byte[width * height];
        Array.Fill(source, (byte)77);
        var target = new byte[side * side];
        foreach (var crop in Enum.GetValues<ImageCrop>())
        {
            new SquareResizer(width, height, side, crop).Apply(source, target);
            Assert.That(target, Is.All.EqualTo(77), $"{crop}");
        }
    }

    [Test]
    public void SameSize_ChangesNothing()
    {
        var source = TestImages.Ramp(1, 6, 6);
        var target = new byte[36];
        new SquareResizer(6, 6, 6).Apply(source, target);
        Assert.That(target, Is.EqualTo(source));
    }

    private static T Pillow<T>(string file, Func<NpzArchive, T> read) => DataFile.ReadSeekable(DataFiles.PathOf($"{file}.npz"), stream =>
    {
        using var archive = new NpzArchive(stream);
        return read(archive);
    });
}
