using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Augments the training images of a generator as EDM does, and says of each what was done to it: a network that is told can leave it out
/// when it draws. Draws are addressed by seed and image, counted over the whole training, so cutting a batch changes none.
/// </summary>
internal sealed class ImageAugmentation : IDisposable
{
    private readonly Device _device;
    private readonly int _batch;
    private readonly int _channels;
    private readonly int _size;
    private readonly double _probability;
    private readonly ulong _seed;
    private readonly float[] _numbers;
    private readonly DeviceBuffer<float> _drawn;

    /// <summary>Prepares for micro-batches of one size.</summary>
    /// <param name="device">Where the images are.</param>
    /// <param name="batch">Images of a micro-batch.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="size">Side of an image.</param>
    /// <param name="probability">Of each change to an image, in [0, 1]; EDM's CIFAR-10 models have 0.12.</param>
    /// <param name="seed">Seed of the stage.</param>
    public ImageAugmentation(Device device, int batch, int channels, int size, double probability, ulong seed)
    {
        (_device, _batch, _channels, _size, _probability, _seed) = (device, batch, channels, size, probability, seed);
        _numbers = new float[batch * (EdmAugmentation.Labels + EdmAugmentation.MapLength)];
        _drawn = device.Allocate<float>(_numbers.Length);
    }

    /// <summary>What the network is told of each image that was drawn for, [B,9]: 0 for what was not done. Always the same memory.</summary>
    public Slice<float> Labels => _drawn.Slice.Range(0, (long)_batch * EdmAugmentation.Labels);

    private Slice<float> Maps => _drawn.Slice.From((long)_batch * EdmAugmentation.Labels);

    /// <summary>Draws for a micro-batch, and copies what it drew to the device.</summary>
    /// <param name="firstImage">Number of its first image, counted over the whole training.</param>
    public void Draw(long firstImage)
    {
        var labels = _numbers.AsSpan(0, _batch * EdmAugmentation.Labels);
        var maps = _numbers.AsSpan(labels.Length);
        for (var i = 0; i < _batch; i++)
        {
            var random = new PhiloxStream(_seed, RunStreams.DiffusionAugmentation, firstImage + i);
            var drawn = EdmAugmentation.Sample(ref random, _probability);
            drawn.WriteLabels(labels[(i * EdmAugmentation.Labels)..]);
            drawn.WriteMap(_size, maps[(i * EdmAugmentation.MapLength)..]);
        }

        _device.CopyIn<float>(_numbers, _drawn.Slice);
    }

    /// <summary>Augments the images of the micro-batch that was drawn for; captured work may do it.</summary>
    /// <param name="images">Images, [B,C,S,S].</param>
    /// <param name="result">Receives them augmented, in other memory.</param>
    public void Apply(Slice<float> images, Slice<float> result) => _device.Run(AugmentEdmOperator.Transform, new AugmentEdmCall
    {
        Batch = _batch,
        Channels = _channels,
        ImageSize = _size,
        Images = images,
        Maps = Maps,
        Labels = Labels,
        Output = result,
    });

    public void Dispose() => _drawn.Dispose();
}
