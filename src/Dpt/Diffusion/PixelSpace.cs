namespace DPT.Engine.Dpt;

/// <summary>A network that sees the pixels of images, -1..1.</summary>
internal sealed class PixelSpace(ImageForm images) : IImageSpace
{
    public ImageForm Seen => images;

    public long Floats => 0;

    public byte[] ImagesOf(float[] samples) => Array.ConvertAll(samples, PixelLevel.Of);

    public void Dispose()
    {
    }
}
