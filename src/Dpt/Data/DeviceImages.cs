using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A data set on the device as bytes. A batch is selected, augmented and normalised in one kernel; only the indices
/// travel. Of a set that is not in memory the images of a batch travel too: see <see cref="StagedImages"/>.
/// </summary>
internal sealed class DeviceImages : IDisposable
{
    private readonly Device _device;
    private readonly ImageDataset _images;
    private readonly DeviceBuffer<byte>? _pixels;
    private readonly StagedImages? _staged;
    private int[] _next = [];
    private readonly DeviceBuffer<float> _mean;
    private readonly DeviceBuffer<float> _deviation;
    private DeviceBuffer<int>? _indices;

    public DeviceImages(Device device, ImageDataset images, NormalisationStatistics normalisation)
    {
        _device = device;
        _images = images;
        (_pixels, _staged) = images.IsInMemory
            ? (device.Upload<byte>(images.Pixels), (StagedImages?)null)
            : (null, new StagedImages(device, images));
        _mean = device.Upload<float>(normalisation.Mean);
        _deviation = device.Upload<float>(normalisation.Deviation);
    }

    /// <summary>The sizes of a batch, [B,C,S,S].</summary>
    public TensorShape ShapeOf(int batch) => new(batch, _images.Channels, _images.ImageSize, _images.ImageSize);

    /// <summary>Device memory that a set takes, in bytes.</summary>
    /// <param name="images">The set, or one of the same kind.</param>
    /// <param name="count">Its images.</param>
    /// <param name="batch">Images of a batch.</param>
    public static long MemoryOf(ImageDataset images, long count, long batch) =>
        images.KeepsInMemory(count) ? count * images.ImageLength : batch * (images.ImageLength + sizeof(int));

    /// <summary>Chooses the images of a step's batch and makes them ready for <see cref="Draw"/>.</summary>
    /// <param name="order">Chooses.</param>
    /// <param name="step">Number of the step; the one after it should follow.</param>
    /// <param name="indices">Receives which images they are.</param>
    public void Choose(BatchSampler order, long step, Span<int> indices)
    {
        order.Draw(step, indices);
        if (_staged is not null)
        {
            Array.Resize(ref _next, indices.Length);
            order.Draw(step + 1, _next);
            _staged.Stage(indices, _next);
        }
    }

    /// <summary>A batch that the tape owns; see <see cref="Draw"/>.</summary>
    public Tensor Batch(Tape tape, ReadOnlySpan<int> indices, in ImageView view, ReadOnlySpan<int> next = default)
    {
        _staged?.Stage(indices, next);
        if (_indices is null || _indices.Slice.Length < indices.Length)
        {
            _indices?.Dispose();
            _indices = _device.Allocate<int>(indices.Length);
        }

        var batch = tape.New(ShapeOf(indices.Length));
        var selected = _indices.Slice.Range(0, indices.Length);
        _device.CopyIn(indices, selected);
        Draw(batch.Data, selected, in view);
        return batch;
    }

    /// <summary>The images at <paramref name="indices"/>, [B,C,S,S], normalised, each changed by a draw of its own.</summary>
    /// <param name="batch">Receives them.</param>
    /// <param name="indices">Which images, on the device: those that were chosen.</param>
    /// <param name="view">How to change them.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="firstSample">Number of the first image's draw.</param>
    public void Draw(Slice<float> batch, Slice<int> indices, in ImageView view, ulong seed = 0, long firstSample = 0) =>
        _device.Run(AugmentOperators.Augment, new AugmentCall
        {
            Batch = (int)indices.Length,
            Channels = _images.Channels,
            ImageSize = _images.ImageSize,
            SourceCount = _staged?.Count ?? _images.Count,
            Source = _staged?.Pixels ?? _pixels!.Slice,
            Indices = _staged?.Places ?? indices,
            Policy = view.Policy,
            Flip = view.Flip,
            CropPadding = view.CropPadding,
            Seed = seed,
            Stream = view.Stream,
            FirstSample = firstSample,
            Mean = _mean.Slice,
            Deviation = _deviation.Slice,
            Output = batch,
        });

    public void Dispose()
    {
        _indices?.Dispose();
        _pixels?.Dispose();
        _staged?.Dispose();
        _mean.Dispose();
        _deviation.Dispose();
    }
}

/// <summary>How a view of an image is made.</summary>
/// <param name="Policy">How strongly the image is changed.</param>
/// <param name="Stream">Stream of its random draws.</param>
/// <param name="Flip">Mirror half of the images.</param>
/// <param name="CropPadding">Largest shift in pixels.</param>
internal readonly record struct ImageView(AugmentPolicy Policy, uint Stream, bool Flip, int CropPadding)
{
    /// <summary>Unchanged.</summary>
    public static ImageView Plain => new(AugmentPolicy.None, 0, false, 0);
}
