using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The pixels of a set's images.</summary>
internal sealed class PixelExamples(ImageDataset images) : IExamples
{
    public int Count => images.Count;

    public IExamples Select(ReadOnlySpan<int> indices) => new PixelExamples(images.Select(indices));

    public IExampleBatches Batches(ImageGenerator generator, bool flip, ulong seed) =>
        new PixelBatches(new DeviceImages(generator.Store.Device, images, generator.Normalisation), flip, seed);

    private sealed class PixelBatches(DeviceImages images, bool flip, ulong seed) : IExampleBatches
    {
        private readonly ImageView _view = new(flip ? AugmentPolicy.Weak : AugmentPolicy.None, RunStreams.DiffusionView, flip, 0);
        private long _firstImage;

        public void Choose(BatchSampler order, long step, Span<int> indices)
        {
            images.Choose(order, step, indices);
            _firstImage = step * indices.Length;
        }

        public void Draw(Slice<float> batch, Slice<int> indices) => images.Draw(batch, indices, in _view, seed, _firstImage);

        public void Dispose() => images.Dispose();
    }
}
