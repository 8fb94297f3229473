namespace DPT.Engine.Kernels;

/// <summary>
/// Augmentation step by step: whole images at every stage, a padded image that is really made, and the normalisation
/// in double precision. The operations on bytes are exact, and shared.
/// </summary>
internal static class AugmentReference
{
    /// <summary>Makes the batch; the slices of the call are not used.</summary>
    public static void Augment(
        in AugmentCall call, double[] source, double[] indices, double[] mean, double[] deviation, double[] output)
    {
        var size = call.ImageSize;
        var pixels = call.Channels * size * size;
        for (var b = 0; b < call.Batch; b++)
        {
            var image = source.AsSpan((int)indices[b] * pixels, pixels).ToArray().Select(v => (byte)v).ToArray();
            var random = new PhiloxStream(call.Seed, call.Stream, call.FirstSample + b);
            if (call.Policy == AugmentPolicy.Strong)
            {
                var scratch = new ByteImage(new byte[pixels], call.Channels, size);
                RandAugment.Sample(size, ref random).Apply(new ByteImage(image, call.Channels, size), scratch);
            }

            if (call.Policy != AugmentPolicy.None)
            {
                var mirror = random.NextUniform() < 0.5f && call.Flip;
                var top = random.NextInt((2 * call.CropPadding) + 1);
                var left = random.NextInt((2 * call.CropPadding) + 1);
                image = mirror ? Mirror(image, size) : image;
                var padded = Pad(image, call.Channels, size, call.CropPadding);
                image = Crop(padded, call.Channels, size, call.CropPadding, top, left);
            }

            for (var i = 0; i < pixels; i++)
            {
                var c = i / (size * size);
                output[(b * pixels) + i] = ((image[i] / 255.0) - mean[c]) / deviation[c];
            }
        }
    }

    private static byte[] Mirror(byte[] image, int size) =>
        [.. image.Chunk(size).SelectMany(row => row.Reverse())];

    private static byte[] Pad(byte[] image, int channels, int size, int padding)
    {
        var side = size + (2 * padding);
        var padded = new byte[channels * side * side];
        for (var i = 0; i < padded.Length; i++)
        {
            // Distance to the nearest copy of pixel 0 in an endlessly reflected row.
            int Source(int at)
            {
                var period = Math.Max(1, 2 * (size - 1));
                var phase = (((at - padding) % period) + period) % period;
                return Math.Min(phase, period - phase) % size;
            }

            var (c, y, x) = (i / (side * side), i / side % side, i % side);
            padded[i] = image[(((c * size) + Source(y)) * size) + Source(x)];
        }

        return padded;
    }

    private static byte[] Crop(byte[] padded, int channels, int size, int padding, int top, int left)
    {
        var side = size + (2 * padding);
        var cropped = new byte[channels * size * size];
        for (var i = 0; i < cropped.Length; i++)
        {
            var (c, y, x) = (i / (size * size), i / size % size, i % size);
            cropped[i] = padded[(((c * side) + y + top) * side) + x + left];
        }

        return cropped;
    }
}
