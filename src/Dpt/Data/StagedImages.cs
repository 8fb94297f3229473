using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// One batch at a time on the device, of images that are not in memory. Those of the next batch are read by a thread of their own while
/// the device computes: two batches are held, however large the set is.
/// </summary>
internal sealed class StagedImages : IDisposable
{
    private readonly Device _device;
    private readonly ImageDataset _images;
    private HostBatch _batch;
    private HostBatch _ahead;
    private Task _reading = Task.CompletedTask;
    private DeviceBuffer<byte>? _pixels;
    private DeviceBuffer<int>? _places;

    public StagedImages(Device device, ImageDataset images)
    {
        (_device, _images) = (device, images);
        (_batch, _ahead) = (new HostBatch(images), new HostBatch(images));
    }

    /// <summary>Images of the batch.</summary>
    public int Count => _batch.Count;

    /// <summary>Their pixels, [B,C,S,S].</summary>
    public Slice<byte> Pixels => _pixels!.Slice.Range(0, Count * _images.ImageLength);

    /// <summary>Where each of them lies there: 0 to B-1.</summary>
    public Slice<int> Places => _places!.Slice.Range(0, Count);

    /// <summary>Puts a batch on the device.</summary>
    /// <param name="indices">Its images; of none nothing is done.</param>
    /// <param name="next">The images of the batch after it, which are read meanwhile; none if nobody knows.</param>
    /// <exception cref="DptException">Environment: the images cannot be read.</exception>
    public void Stage(ReadOnlySpan<int> indices, ReadOnlySpan<int> next)
    {
        if (indices.IsEmpty)
        {
            return;
        }

        _reading.GetAwaiter().GetResult();
        (_batch, _ahead) = (_ahead, _batch);
        if (!_batch.Has(indices))
        {
            _batch.Choose(indices);
            _batch.Read();
        }

        if (_places is null || _places.Slice.Length < Count)
        {
            DisposeBuffers();
            _pixels = _device.Allocate<byte>(Count * _images.ImageLength);
            _places = _device.Upload<int>([.. Enumerable.Range(0, Count)]);
        }

        _device.CopyIn(_batch.Pixels, Pixels);
        if (next.Length > 0)
        {
            _ahead.Choose(next);
            _reading = Task.Run(_ahead.Read);
        }
    }

    public void Dispose()
    {
        // What is read ahead may fail when nobody needs it any more.
        Task.WaitAny(_reading);
        DisposeBuffers();
    }

    private void DisposeBuffers()
    {
        _pixels?.Dispose();
        _places?.Dispose();
    }

    /// <summary>A batch in memory.</summary>
    private sealed class HostBatch(ImageDataset images)
    {
        private int[] _indices = [];
        private byte[] _pixels = [];

        public int Count { get; private set; }

        public ReadOnlySpan<byte> Pixels => _pixels.AsSpan(0, Count * images.ImageLength);

        public bool Has(ReadOnlySpan<int> indices) => _indices.AsSpan(0, Count).SequenceEqual(indices);

        public void Choose(ReadOnlySpan<int> indices)
        {
            if (_indices.Length < indices.Length)
            {
                _indices = new int[indices.Length];
                _pixels = new byte[indices.Length * (long)images.ImageLength];
            }

            indices.CopyTo(_indices);
            Count = indices.Length;
        }

        public void Read()
        {
            for (var i = 0; i < Count; i++)
            {
                images.CopyImage(_indices[i], _pixels.AsSpan(i * images.ImageLength, images.ImageLength));
            }
        }
    }
}
