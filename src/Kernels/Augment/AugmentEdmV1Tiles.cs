using ILGPU;
using ILGPU.Util;

namespace DPT.Engine.Kernels;

/// <summary>
/// A block owns a tile of 16 x 16 pixels of an image, channel after channel: its threads sample the 42 x 42 raised numbers that the tile
/// is lowered from, each raised anew from 4 x 36 pixels, into shared memory, lower them along x, and then along y as they are written.
/// The order of all sums, and so the bits, are those of the host. An image that is not moved is copied.
/// Threads: 256 in a block, neighbours on neighbouring samples; images along y of the grid. Limits: none.
/// Bytes: 8 B C S^2 and what the caches miss. FLOPs: 1000 for each number of an image that is moved. Shared memory: 9.5 KiB.
/// </summary>
internal sealed class AugmentEdmV1Tiles : GpuVariant<AugmentEdmCall>
{
    private const int Threads = 256;
    private const int Tile = 16;
    private const int Samples = (2 * Tile) + Sym6.Taps - 2;
    private const int Corners = 4;

    private static readonly GpuKernel Transform = new(Kernel, Threads) { Unroll = Sym6.Raising };

    public override string Name => "v1-tiles";

    public override string Idea => "a block per tile: samples, raised where they are taken, are lowered in shared memory";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Transform];

    protected override void Run(GpuDevice device, in AugmentEdmCall call)
    {
        var across = (call.ImageSize + Tile - 1) / Tile;
        device.Prepare(Transform)
            .With(call.Images).With(call.Maps).With(call.Labels).With(call.Output)
            .With(call.Channels).With(call.ImageSize)
            .With(call.Batch).With(across)
            .On(new GridSize(across * across, Math.Min(call.Batch, GridStride.MaxRows)));
    }

    private static void Kernel(Images images, int batch, int across)
    {
        var sampled = SharedMemory.Allocate<float>(Samples * Samples);
        var lowered = SharedMemory.Allocate<float>(Samples * Tile);
        var top = Grid.IdxX / across * Tile;
        var left = (Grid.IdxX * Tile) - (top * across);
        for (var image = Grid.IdxY; image < batch; image += Grid.DimY)
        {
            var view = images.ViewOf(image);
            for (var channel = 0; channel < images.Channels; channel++)
            {
                var plane = (((long)image * images.Channels) + channel) * images.Size * images.Size;
                var pixel = 0f;
                var row = Group.IdxX / Tile;
                var column = Group.IdxX % Tile;
                var isPixel = top + row < images.Size && left + column < images.Size;
                if (view.IsStill)
                {
                    if (isPixel)
                    {
                        pixel = images.Pixels[plane + (view.Row(top + row) * images.Size) + view.Column(left + column)];
                    }
                }
                else
                {
                    for (var i = Group.IdxX; i < Samples * Samples; i += Threads)
                    {
                        var y = i / Samples;
                        sampled[i] = images.Sample(view, plane, (2 * left) + i - (y * Samples) + 1, (2 * top) + y + 1);
                    }

                    Group.Barrier();
                    for (var i = Group.IdxX; i < Samples * Tile; i += Threads)
                    {
                        lowered[i] = Lowered(sampled, (i / Tile * Samples) + (2 * (i % Tile)), 1);
                    }

                    Group.Barrier();
                    pixel = Lowered(lowered, (2 * row * Tile) + column, Tile);
                }

                if (isPixel)
                {
                    images.Output[plane + ((top + row) * images.Size) + left + column] = pixel;
                }
            }
        }
    }

    private static float Lowered(ArrayView<float> samples, int first, int stride)
    {
        var sum = 0f;
        for (var n = 0; n < Sym6.Taps; n += 2)
        {
            sum = Scalar.Fma(samples[first + (n * stride)], Sym6.Tap(n), sum);
            sum = Scalar.Fma(samples[first + ((n + 1) * stride)], Sym6.Tap(n + 1), sum);
        }

        return sum;
    }

    /// <summary>The call, but for what a grid covers.</summary>
    private readonly record struct Images(
        ArrayView<float> Pixels, ArrayView<float> Maps, ArrayView<float> Labels, ArrayView<float> Output, int Channels, int Size)
    {
        public EdmView ViewOf(int image)
        {
            var map = (long)image * EdmView.MapLength;
            var label = (long)image * EdmView.LabelLength;
            return new EdmView(
                Size, Labels[label], Labels[label + 1],
                Maps[map], Maps[map + 1], Maps[map + 2], Maps[map + 3], Maps[map + 4], Maps[map + 5]);
        }

        /// <summary>A sample of the output, between four raised numbers.</summary>
        public float Sample(EdmView view, long plane, int column, int row)
        {
            var x = view.X(column, row);
            var y = view.Y(column, row);
            var left = EdmView.Floor(x);
            var top = EdmView.Floor(y);
            var right = x - left;
            var down = y - top;
            var sum = 0f;
            for (var corner = 0; corner < Scalar.Rolled(Corners); corner++)
            {
                var byColumn = corner % 2;
                var byRow = corner / 2;
                var factor = (byColumn == 0 ? 1 - right : right) * (byRow == 0 ? 1 - down : down);
                sum = Scalar.Fma(Raised(view, plane, left + byColumn, top + byRow), factor, sum);
            }

            return sum;
        }

        /// <summary>A raised number: summed of what is there even where nothing is, and then dropped.</summary>
        private float Raised(EdmView view, long plane, int x, int y)
        {
            var sum = 0f;
            for (var m = 0; m < Scalar.Rolled(Sym6.Raising); m++)
            {
                var row = Sym6.First(y) + m;
                var line = plane + (view.Row(row) * Size);
                var wide = 0f;
                for (var n = 0; n < Sym6.Raising; n++)
                {
                    var column = Sym6.First(x) + n;
                    wide = Scalar.Fma(Utilities.Select(view.IsThere(column), Pixels[line + view.Column(column)], 0f), Sym6.Raise(x, n), wide);
                }

                sum = Scalar.Fma(Utilities.Select(view.IsThere(row), wide, 0f), Sym6.Raise(y, m), sum);
            }

            return x < view.Least || x > view.Most || y < view.Least || y > view.Most ? 0f : sum;
        }
    }
}
