using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Which views of images a step learns from; the areas are the published ones (spec 2.2).</summary>
/// <param name="Images">Images of a step, at least 2.</param>
/// <param name="SmallViews">Small views of each, at least 1.</param>
/// <param name="Flip">Whether half of the views are mirrored.</param>
internal sealed record MsnViewConfig(int Images, int SmallViews, bool Flip)
{
    /// <summary>What views of the side of the images show.</summary>
    public AreaRange LargeArea { get; init; } = new(0.3, 1);

    /// <summary>What small views show.</summary>
    public AreaRange SmallArea { get; init; } = new(0.05, 0.3);
}

/// <summary>
/// The views of a step's images: one for the target, one to be masked, and small ones of half the side, each a random crop. Images are
/// taken epoch by epoch. Everything is drawn by the number of the step; the memory is the same in every step.
/// </summary>
internal sealed class MsnViews : IDisposable
{
    /// <summary>Views of the side of the images: the target's and the masked one.</summary>
    private const int LargeViews = 2;

    private readonly Device _device;
    private readonly MsnViewConfig _config;
    private readonly ulong _seed;
    private readonly DeviceImages _images;
    private readonly BatchSampler _order;
    private readonly TensorShape _shape;
    private readonly int[] _numbers;
    private readonly float[] _crops;
    private readonly DeviceBuffer<int> _indices;
    private readonly DeviceBuffer<float> _drawn;
    private readonly DeviceBuffer<float> _whole;
    private readonly DeviceBuffer<float> _views;

    /// <summary>Prepares for the steps of a training.</summary>
    /// <param name="device">Where.</param>
    /// <param name="images">Their labels are never read. Their side is even.</param>
    /// <param name="normalisation">Of their pixels.</param>
    /// <param name="config">Which views.</param>
    /// <param name="seed">Seed of the training.</param>
    public MsnViews(Device device, ImageDataset images, NormalisationStatistics normalisation, MsnViewConfig config, ulong seed)
    {
        (_device, _config, _seed) = (device, config, seed);
        _images = new DeviceImages(device, images, normalisation);
        _order = BatchSampler.Shuffled(images.Count, seed, RunStreams.PretrainDraw);
        _shape = _images.ShapeOf(Rows);
        _numbers = new int[config.Images];
        _crops = new float[Rows * (EdmAugmentation.Labels + EdmAugmentation.MapLength)];
        _indices = device.Allocate<int>(_numbers.Length);
        _drawn = device.Allocate<float>(_crops.Length);
        _whole = device.Allocate<float>(_shape.Count);
        _views = device.Allocate<float>(_shape.Count);
    }

    /// <summary>Views for the target encoder, [B, C, S, S].</summary>
    public Tensor Target => Large(view: 0);

    /// <summary>Views of which patches will be dropped, [B, C, S, S].</summary>
    public Tensor Masked => Large(view: 1);

    private int Rows => (LargeViews + _config.SmallViews) * _config.Images;

    private int Side => _shape[2];

    /// <summary>The small views, [V B, C, S/2, S/2]: the first of every image, then the second, and so on. Captured work may do it.</summary>
    /// <param name="tape">The tape.</param>
    public Tensor Small(Tape tape)
    {
        var rows = _config.SmallViews * _config.Images;
        var planes = Tape.Constant(new TensorShape(rows * _shape[1], Side, Side, 1), Range(LargeViews, _config.SmallViews));
        return tape.Reshape(tape.DownSample(planes), new TensorShape(rows, _shape[1], Side / 2, Side / 2));
    }

    /// <summary>Makes the views of a step, counted from 0.</summary>
    public void Draw(long step)
    {
        _images.Choose(_order, step, _numbers);
        _device.CopyIn<int>(_numbers, _indices.Slice);
        var first = _whole.Slice.Range(0, _images.ShapeOf(_config.Images).Count);
        _images.Draw(first, _indices.Slice, ImageView.Plain);
        for (var view = 1; view < LargeViews + _config.SmallViews; view++)
        {
            _device.Copy(first, _whole.Slice.Range(view * first.Length, first.Length));
        }

        DrawCrops(step);
        _device.Run(AugmentEdmOperator.Transform, new AugmentEdmCall
        {
            Batch = Rows,
            Channels = _shape[1],
            ImageSize = Side,
            Images = _whole.Slice,
            Maps = _drawn.Slice.From(Rows * EdmAugmentation.Labels),
            Labels = _drawn.Slice.Range(0, Rows * EdmAugmentation.Labels),
            Output = _views.Slice,
        });
    }

    public void Dispose()
    {
        _images.Dispose();
        _indices.Dispose();
        _drawn.Dispose();
        _whole.Dispose();
        _views.Dispose();
    }

    private void DrawCrops(long step)
    {
        var labels = _crops.AsSpan(0, Rows * EdmAugmentation.Labels);
        var maps = _crops.AsSpan(labels.Length);
        for (var row = 0; row < Rows; row++)
        {
            var random = new PhiloxStream(_seed, RunStreams.PretrainView, (step * Rows) + row);
            var area = row < LargeViews * _config.Images ? _config.LargeArea : _config.SmallArea;
            CropView.Sample(ref random, area, _config.Flip).Write(
                Side, maps[(row * EdmAugmentation.MapLength)..], labels[(row * EdmAugmentation.Labels)..]);
        }

        _device.CopyIn<float>(_crops, _drawn.Slice);
    }

    private Tensor Large(int view) => Tape.Constant(_images.ShapeOf(_config.Images), Range(view, count: 1));

    private Slice<float> Range(int view, int count)
    {
        var length = _images.ShapeOf(_config.Images).Count;
        return _views.Slice.Range(view * length, count * length);
    }
}
