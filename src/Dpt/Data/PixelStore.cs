using Microsoft.Win32.SafeHandles;

namespace DPT.Engine.Dpt;

/// <summary>Writes an image, [C,S,S].</summary>
internal delegate void ImageWriter(Span<byte> image);

/// <summary>
/// The pixels of a set, image by image: in memory, or where they are too many in a file that has no name any more and goes with the
/// process. Images are decoded once, and what has room stays in the system's cache of the file. Safe for use from several threads.
/// </summary>
internal abstract class PixelStore
{
    private readonly long _mostInMemory;

    private PixelStore(int count, int imageLength, long mostInMemory) => (Count, ImageLength, _mostInMemory) = (count, imageLength, mostInMemory);

    /// <summary>Number of images.</summary>
    public int Count { get; }

    /// <summary>Bytes of an image.</summary>
    public int ImageLength { get; }

    /// <summary>Bytes of all images.</summary>
    public long Bytes => (long)Count * ImageLength;

    /// <summary>All images one after another, if they are in memory; else null.</summary>
    public virtual byte[]? InMemory => null;

    /// <summary>Images that are in memory already.</summary>
    /// <param name="pixels">All of them; they are not copied.</param>
    /// <param name="imageLength">Bytes of an image.</param>
    public static PixelStore Of(byte[] pixels, int imageLength) => new Memory(pixels, imageLength, Array.MaxLength);

    /// <summary>Room for images, which are black.</summary>
    /// <param name="count">How many.</param>
    /// <param name="imageLength">Bytes of an image.</param>
    /// <param name="mostInMemory">Most bytes that may be in memory.</param>
    /// <exception cref="DptException">Environment: the file cannot be made.</exception>
    public static PixelStore Create(int count, int imageLength, long mostInMemory)
    {
        return IsForMemory((long)count * imageLength, mostInMemory)
            ? new Memory(new byte[count * imageLength], imageLength, mostInMemory)
            : new OwnFile(count, imageLength, mostInMemory);
    }

    /// <summary>Whether so many images like these would be in memory.</summary>
    public bool KeepsInMemory(long count) => IsForMemory(count * ImageLength, _mostInMemory);

    /// <summary>Room for others, by the same limit.</summary>
    public PixelStore New(int count, int imageLength) => Create(count, imageLength, _mostInMemory);

    /// <summary>An image; of a file a copy.</summary>
    public abstract ReadOnlySpan<byte> Image(int index);

    /// <summary>Copies an image.</summary>
    public abstract void Read(int index, Span<byte> image);

    /// <summary>Writes an image.</summary>
    public abstract void Write(int index, ImageWriter writer);

    private static bool IsForMemory(long bytes, long mostInMemory) => bytes <= Math.Min(mostInMemory, Array.MaxLength);

    private sealed class Memory(byte[] pixels, int imageLength, long mostInMemory)
        : PixelStore(pixels.Length / imageLength, imageLength, mostInMemory)
    {
        public override byte[] InMemory => pixels;

        public override ReadOnlySpan<byte> Image(int index) => Of(index);

        public override void Read(int index, Span<byte> image) => Of(index).CopyTo(image);

        public override void Write(int index, ImageWriter writer) => writer(Of(index));

        private Span<byte> Of(int index) => pixels.AsSpan(index * ImageLength, ImageLength);
    }

    private sealed class OwnFile : PixelStore
    {
        private readonly SafeFileHandle _file;
        private readonly string _folder = Path.GetTempPath();

        public OwnFile(int count, int imageLength, long mostInMemory)
            : base(count, imageLength, mostInMemory)
        {
            var path = Path.Combine(_folder, $"dpt-{Guid.NewGuid():n}.pixels");
            _file = Trying(() =>
            {
                var file = File.OpenHandle(
                    path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.DeleteOnClose, preallocationSize: Bytes);
                if (!OperatingSystem.IsWindows())
                {
                    // Without a name it goes even if the process is killed.
                    File.Delete(path);
                }

                RandomAccess.SetLength(file, Bytes);
                return file;
            });
        }

        public override ReadOnlySpan<byte> Image(int index)
        {
            var image = new byte[ImageLength];
            Read(index, image);
            return image;
        }

        public override void Read(int index, Span<byte> image)
        {
            try
            {
                for (var done = 0; done < ImageLength;)
                {
                    var read = RandomAccess.Read(_file, image[done..ImageLength], ((long)index * ImageLength) + done);
                    done += read > 0 ? read : throw new EndOfStreamException("it has become shorter");
                }
            }
            catch (IOException error)
            {
                throw new DptException(
                    FailureKind.Environment, $"cannot read images from their temporary file in '{_folder}': {error.Message}; start again", error);
            }
        }

        public override void Write(int index, ImageWriter writer)
        {
            var image = new byte[ImageLength];
            writer(image);
            Trying(() =>
            {
                RandomAccess.Write(_file, image, (long)index * ImageLength);
                return _file;
            });
        }

        private SafeFileHandle Trying(Func<SafeFileHandle> work)
        {
            try
            {
                return work();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new DptException(
                    FailureKind.Environment,
                    $"cannot keep {Bytes >> 20} MiB of images in a temporary file in '{_folder}': {error.Message}; let TMPDIR name a folder "
                    + "with room, or raise data.memoryLimit",
                    error);
            }
        }
    }
}
