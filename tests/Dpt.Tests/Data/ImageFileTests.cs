using System.Buffers.Binary;
using SkiaSharp;

namespace DPT.Engine.Dpt.Tests;

/// <summary>What pixels an image file gives, against values worked out by hand.</summary>
public class ImageFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    /// <summary>
    /// The picture stored is A B over C D. EXIF says where its first row and column belong; the eight results are those of its
    /// specification (tag 0x0112).
    /// </summary>
    [TestCase(1, "AB/CD")]
    [TestCase(2, "BA/DC")]
    [TestCase(3, "DC/BA")]
    [TestCase(4, "CD/AB")]
    [TestCase(5, "AC/BD")]
    [TestCase(6, "CA/DB")]
    [TestCase(7, "DB/CA")]
    [TestCase(8, "BD/AC")]
    public void Decode_OrientationMark_IsFollowed(int mark, string expected)
    {
        const string Names = "ABCD";
        byte[] values = [10, 90, 160, 240];
        var path = _folder.Write("turned.jpg", WithExif(Jpeg(16, 16, (x, y) => values[(x / 8) + (2 * (y / 8))]), mark));
        var pixels = new byte[16 * 16];
        ImageFile.Decode(ImageFile.Read(path), 1, 16, pixels);
        var quarters = new[] { (4, 4), (4, 12), (12, 4), (12, 12) }.Select(at => pixels[(16 * at.Item1) + at.Item2]);
        var nearest = string.Concat(quarters.Select(value => Names[Array.FindIndex(values, v => Math.Abs(v - value) < 8)]));
        Assert.That(nearest.Insert(2, "/"), Is.EqualTo(expected));
    }

    [TestCase(1, 24, 8)]
    [TestCase(3, 24, 8)]
    [TestCase(6, 8, 24)]
    [TestCase(8, 8, 24)]
    public void ReadHeader_OrientationMark_TurnsTheSizes(int mark, int width, int height)
    {
        var path = _folder.Write("turned.jpg", WithExif(Jpeg(24, 8, (_, _) => 0), mark));
        var header = ImageFile.ReadHeader(ImageFile.Read(path));
        Assert.That((header.Width, header.Height), Is.EqualTo((width, height)));
    }

    /// <summary>The middle square of a turned picture: the crop follows the turn.</summary>
    [TestCase(1)]
    [TestCase(6)]
    public void Decode_TurnedOblongImage_KeepsItsMiddle(int mark)
    {
        var path = _folder.Write("turned.jpg", WithExif(Jpeg(24, 8, (x, _) => (byte)(x is >= 8 and < 16 ? 200 : 0)), mark));
        var pixels = new byte[8 * 8];
        ImageFile.Decode(ImageFile.Read(path), 1, 8, pixels);
        Assert.That(pixels, Is.All.InRange(190, 210));
    }

    /// <summary>Colour times opacity, rounded: 200 * 128 / 255 = 100.39, 255 * 127 / 255 = 127, 3 * 127 / 255 = 1.49.</summary>
    [TestCase("png")]
    [TestCase("webp")]
    public void Decode_TransparentParts_LieOnBlack(string kind)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(2, 2, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.SetPixel(0, 0, new SKColor(200, 100, 50, 128));
        bitmap.SetPixel(1, 0, new SKColor(255, 1, 3, 127));
        bitmap.SetPixel(0, 1, new SKColor(255, 255, 255, 0));
        bitmap.SetPixel(1, 1, new SKColor(7, 8, 9, 255));
        var pixels = Decode(Encode(bitmap, kind), 3, 2);
        Assert.That(pixels, Is.EqualTo([100, 127, 0, 7, 50, 0, 0, 8, 25, 1, 0, 9]));
    }

    [Test]
    public void Decode_Bmp_GivesItsPixels() => Assert.That(
        Decode(DataFiles.Bmp(3, 3, (x, y) => ((byte)((10 * y) + x), (byte)(40 + (10 * y) + x), (byte)(80 + (10 * y) + x))), 3, 3),
        Is.EqualTo(TestImages.Ramp(3, 3, 3)));

    [Test]
    public void Decode_LosslessWebP_GivesItsPixels()
    {
        using var bitmap = SKBitmap.Decode(TestImages.Png(3, 5, 5));
        Assert.That(Decode(Encode(bitmap, "webp"), 3, 5), Is.EqualTo(TestImages.Ramp(3, 5, 5)));
    }

    [Test]
    public void Decode_MovingGif_GivesTheFirstFrame() =>
        Assert.That(Decode(DataFiles.TwoFrameGif, 3, 2), Is.EqualTo((byte[])[255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]));

    /// <summary>Headers of a few bytes that promise gigabytes.</summary>
    [TestCase(16385, 1)]
    [TestCase(16384, 16384)]
    [TestCase(int.MaxValue, int.MaxValue)]
    public void ReadHeader_TooManyPixels_IsRefused(int width, int height)
    {
        var bitmap = DataFiles.Bmp(1, 1, (_, _) => (0, 0, 0));
        BinaryPrimitives.WriteInt32LittleEndian(bitmap.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(bitmap.AsSpan(22), height);
        var path = _folder.Write("huge.bmp", bitmap);
        Assert.That(() => ImageFile.ReadHeader(ImageFile.Read(path)), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void ReadHeader_FileLargerThanAnyImage_IsRefusedBeforeReading()
    {
        using (var file = File.Create(_folder["huge.png"]))
        {
            file.Write(TestImages.Png(1, 2, 2));
            file.SetLength(1L << 40);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => ImageFile.ReadHeader(ImageFile.Read(_folder["huge.png"])), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("the limit is"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_000_000));
    }

    private byte[] Decode(byte[] file, int channels, int size)
    {
        var pixels = new byte[channels * size * size];
        ImageFile.Decode(ImageFile.Read(_folder.Write("image", file)), channels, size, pixels);
        return pixels;
    }

    private static byte[] Encode(SKBitmap bitmap, string kind)
    {
        using var map = bitmap.PeekPixels();
        using var data = kind == "png"
            ? map.Encode(SKPngEncoderOptions.Default)
            : map.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100));
        return data!.ToArray();
    }

    private static byte[] Jpeg(int width, int height, Func<int, int, byte> value)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                bitmap.GetPixelSpan()[(y * bitmap.RowBytes) + x] = value(x, y);
            }
        }

        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 100);
        return data.ToArray();
    }

    /// <summary>The file with an EXIF segment of one entry behind its first marker.</summary>
    private static byte[] WithExif(byte[] jpeg, int orientation)
    {
        byte[] tiff = [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        byte[] content = [.. "Exif"u8, 0, 0, .. tiff];
        return [.. jpeg[..2], 0xff, 0xe1, 0, (byte)(content.Length + 2), .. content, .. jpeg[2..]];
    }
}
