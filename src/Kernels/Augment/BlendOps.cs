namespace DPT.Engine.Kernels;

/// <summary>Operations that blend a degenerate image with the image, as the Python Imaging Library does.</summary>
internal static class BlendOps
{
    /// <summary>Blends the grey image with the image; a grey image stays as it is.</summary>
    public static void Color(ByteImage image, float amount)
    {
        if (image.Channels == 1)
        {
            return;
        }

        var plane = image.Size * image.Size;
        for (var i = 0; i < plane; i++)
        {
            var grey = image.Luminance(i);
            for (var at = i; at < image.Pixels.Length; at += plane)
            {
                image.Pixels[at] = ByteImage.Blend(grey, image.Pixels[at], amount);
            }
        }
    }

    /// <summary>
    /// Blends the smoothed image with the image: (1 1 1, 1 5 1, 1 1 1) / 13, rounded; pixels of the border are not
    /// smoothed. Uses <paramref name="scratch"/> for a copy.
    /// </summary>
    public static void Sharpness(ByteImage image, ByteImage scratch, float amount)
    {
        image.Pixels.CopyTo(scratch.Pixels);
        var size = image.Size;
        for (var c = 0; c < image.Channels; c++)
        {
            var source = scratch.Plane(c);
            var target = image.Plane(c);
            for (var y = 1; y < size - 1; y++)
            {
                for (var x = 1; x < size - 1; x++)
                {
                    var at = (y * size) + x;
                    var sum = Three(source, at - size) + Three(source, at) + Three(source, at + size);
                    target[at] = Sharpened(source[at], sum, amount);
                }
            }
        }
    }

    /// <summary>Blends the smoothed with the sharp byte; <paramref name="sum"/> is that of all nine.</summary>
    public static byte Sharpened(byte centre, int sum, float amount)
    {
        // Thirteenths are never halves, so integers round as the library's floats do.
        var smooth = ((2 * (sum + (4 * centre))) + 13) / 26;
        return ByteImage.Blend(smooth, centre, amount);
    }

    private static int Three(ReadOnlySpan<byte> plane, int at) => plane[at - 1] + plane[at] + plane[at + 1];
}
