namespace DPT.Engine.Kernels;

/// <summary>
/// Operations that move pixels: nearest neighbour, black where there is no source, same size. All copy the image to the
/// scratch image first.
/// </summary>
internal static class GeometricOps
{
    /// <summary>Reads every pixel from where the map says.</summary>
    public static void Move(ByteImage image, ByteImage scratch, AffineMap map)
    {
        image.Pixels.CopyTo(scratch.Pixels);
        for (var y = 0; y < image.Size; y++)
        {
            for (var x = 0; x < image.Size; x++)
            {
                Move(image, scratch, x, y, map.X(x, y), map.Y(x, y));
            }
        }
    }

    private static void Move(ByteImage image, ByteImage source, int x, int y, int fromX, int fromY)
    {
        var size = image.Size;
        var inside = (uint)fromX < (uint)size && (uint)fromY < (uint)size;
        for (var c = 0; c < image.Channels; c++)
        {
            var plane = c * size * size;
            image.Pixels[plane + (y * size) + x] = inside ? source.Pixels[plane + (fromY * size) + fromX] : (byte)0;
        }
    }
}
