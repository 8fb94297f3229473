namespace DPT.Engine.Kernels;

/// <summary>
/// Operations that map each byte through a table of 256, in place, with the arithmetic of the Python Imaging Library
/// to the last bit.
/// </summary>
internal static class PointOps
{
    /// <summary>Stretches each channel so that its darkest byte becomes 0 and its brightest 255.</summary>
    public static void AutoContrast(ByteImage image)
    {
        Span<byte> table = stackalloc byte[256];
        for (var c = 0; c < image.Channels; c++)
        {
            var plane = image.Plane(c);
            int low = 255, high = 0;
            foreach (var value in plane)
            {
                low = Math.Min(low, value);
                high = Math.Max(high, value);
            }

            if (high <= low)
            {
                continue;
            }

            var scale = 255.0 / (high - low);
            var offset = -low * scale;
            for (var i = 0; i < 256; i++)
            {
                table[i] = (byte)Math.Clamp((int)((i * scale) + offset), 0, 255);
            }

            Map(plane, table);
        }
    }

    /// <summary>Flattens the histogram of each channel.</summary>
    public static void Equalize(ByteImage image)
    {
        Span<byte> table = stackalloc byte[256];
        Span<int> histogram = stackalloc int[256];
        for (var c = 0; c < image.Channels; c++)
        {
            var plane = image.Plane(c);
            histogram.Clear();
            foreach (var value in plane)
            {
                histogram[value]++;
            }

            // A channel of one value has nothing below its last value: the step is 0 as well.
            var last = histogram[histogram.LastIndexOfAnyExcept(0)];
            var step = (plane.Length - last) / 255;
            if (step == 0)
            {
                continue;
            }

            var sum = step / 2;
            for (var i = 0; i < 256; i++)
            {
                table[i] = (byte)Math.Min(255, sum / step);
                sum += histogram[i];
            }

            Map(plane, table);
        }
    }

    /// <summary>Blends black with the image.</summary>
    public static void Brightness(ByteImage image, float amount) => BlendWith(image, 0, amount);

    /// <summary>Blends a constant, the rounded mean brightness, with the image.</summary>
    public static void Contrast(ByteImage image, float amount)
    {
        var count = image.Size * image.Size;
        var sum = 0;
        for (var i = 0; i < count; i++)
        {
            sum += image.Luminance(i);
        }

        BlendWith(image, RoundedMean(sum, count), amount);
    }

    /// <summary>The mean of the brightness of <paramref name="count"/> pixels, at most 2^16, half upwards.</summary>
    public static int RoundedMean(int sum, int count) => ((2 * sum) + count) / (2 * count);

    /// <summary>Keeps the upper <paramref name="bits"/> bits, 1 to 8.</summary>
    public static void Posterize(ByteImage image, int bits)
    {
        foreach (ref var value in image.Pixels)
        {
            value = Posterized(value, bits);
        }
    }

    /// <summary>Inverts the bytes that are not below the threshold.</summary>
    public static void Solarize(ByteImage image, int threshold)
    {
        foreach (ref var value in image.Pixels)
        {
            value = Solarized(value, threshold);
        }
    }

    /// <summary>The upper bits of a byte, 1 to 8.</summary>
    public static byte Posterized(byte value, int bits) => (byte)(value & (0xff << (8 - bits)));

    /// <summary>The byte, inverted unless it is below the threshold.</summary>
    public static byte Solarized(byte value, int threshold) => value < threshold ? value : (byte)(255 - value);

    private static void BlendWith(ByteImage image, int constant, float amount)
    {
        Span<byte> table = stackalloc byte[256];
        for (var i = 0; i < 256; i++)
        {
            table[i] = ByteImage.Blend(constant, i, amount);
        }

        Map(image.Pixels, table);
    }

    private static void Map(Span<byte> values, ReadOnlySpan<byte> table)
    {
        foreach (ref var value in values)
        {
            value = table[value];
        }
    }
}
