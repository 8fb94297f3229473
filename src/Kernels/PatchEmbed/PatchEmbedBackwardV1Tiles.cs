using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The weight gradient in 64 x 64 tiles (<see cref="TileProduct"/>), a partial sum per chunk of patches, folded in order.
/// Token gradients summed over the images are the position gradient; their column sums give the bias, and one row the
/// class token. The first image of every label adds the gradients of that label, in the order of the images, so no two
/// blocks meet in a row of the table.
/// Threads: 256 in a block. Limits: B n below 2^31. A kernel cannot throw: labels that are no row of the table are left
/// out. Scratch: at most 64 copies of the weight, one of the tokens of an image. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed class PatchEmbedBackwardV1Tiles : GpuVariant<PatchEmbedBackwardCall>
{
    private static readonly GpuKernel WeightTiles =
        new(WeightGradient, TileProduct.Threads) { Unroll = TileProduct.Unroll };

    private static readonly GpuKernel Tokens =
        new(TokenSums, GridStride.Threads);

    private static readonly GpuKernel Labels =
        new(LabelSums, threads: 128);

    public override string Name => "v1-tiles";

    public override string Idea => "64 x 64 tiles per chunk of patches, folded in order; label rows by first image";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [WeightTiles, Tokens, Labels, ColumnSums.Kernel];

    public override bool Supports(in PatchEmbedBackwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("numbers of a patch", call.Grid.PatchElements, TileProduct.Side, out reason);

    protected override void Run(GpuDevice device, in PatchEmbedBackwardCall call)
    {
        RunWeight(device, in call);
        RunTokens(device, in call);
        if (!call.Labels.IsEmpty)
        {
            device.Prepare(Labels)
                .With(call.TokensGradient).With(call.Labels).With(call.LabelTableGradient)
                .With(call.Grid.Batch).With(call.Grid.Tokens).With(call.Width).With(call.LabelRows)
                .On(new GridSize(call.Grid.Batch));
        }
    }

    private static void RunWeight(GpuDevice device, in PatchEmbedBackwardCall call)
    {
        var grid = call.Grid;
        var rows = checked(grid.Batch * grid.Patches);
        var cut = new RowPartition(rows);
        var weights = (long)call.Width * grid.PatchElements;
        using var partial = device.Scratch<float>(cut.Chunks * weights);
        device.Prepare(WeightTiles)
            .With(call.Image).With(call.TokensGradient).With(partial.Slice)
            .With(rows).With(cut.RowsPerChunk)
            .With(grid.Channels).With(grid.ImageSize).With(grid.PatchSize).With(grid.ExtraTokens).With(call.Width)
            .On(new GridSize(
                GridCover.Blocks(call.Width, TileProduct.Side),
                GridCover.Blocks(grid.PatchElements, TileProduct.Side),
                cut.Chunks));
        ColumnSums.Fold(device, partial.Slice, cut.Chunks, weights, weights, call.WeightGradient);
    }

    private static void RunTokens(GpuDevice device, in PatchEmbedBackwardCall call)
    {
        var grid = call.Grid;
        var width = call.Width;
        var elements = (long)grid.Tokens * width;
        using var sums = device.Scratch<float>(elements);
        device.Prepare(Tokens)
            .With(call.TokensGradient).With(sums.Slice).With(call.PositionGradient).With(grid.Batch).With(elements)
            .On(GridStride.Over(elements));
        var patches = sums.Slice.From((long)grid.ExtraTokens * width);
        ColumnSums.Add(device, patches, grid.Patches, width, width, call.BiasGradient);
        if (!call.ClassTokenGradient.IsEmpty)
        {
            var token = sums.Slice.Range((long)(grid.ExtraTokens - 1) * width, width);
            ColumnSums.Fold(device, token, 1, width, width, call.ClassTokenGradient);
        }
    }

    private static void WeightGradient(
        ArrayView<float> image, ArrayView<float> gradient, ArrayView<float> partial,
        int rows, int rowsPerChunk, int channels, int imageSize, int patchSize, int extraTokens, int width)
    {
        var elements = channels * patchSize * patchSize;
        var problem = new Correlation
        {
            Pixels = new PatchPixels
            {
                Image = image,
                Channels = channels,
                ImageSize = imageSize,
                PatchSize = patchSize,
            },
            Gradient = gradient,
            Partial = partial,
            FirstWeight = (long)Grid.IdxZ * width * elements,
            Elements = elements,
            Width = width,
            ExtraTokens = extraTokens,
        };
        var start = Grid.IdxZ * rowsPerChunk;
        TileProduct.Run(
            problem, Grid.IdxX * TileProduct.Side, Grid.IdxY * TileProduct.Side,
            start, Math.Min(rows - start, rowsPerChunk) + start);
    }

    /// <summary>Sums over the images, in their order, kept and added to the position gradient.</summary>
    private static void TokenSums(
        ArrayView<float> gradient, ArrayView<float> sums, ArrayView<float> position, int batch, long elements)
    {
        for (var i = GridStride.First; i < elements; i += GridStride.Step)
        {
            var sum = 0f;
            for (var image = 0; image < batch; image++)
            {
                sum += gradient[(image * elements) + i];
            }

            sums[i] = sum;
            position[i] += sum;
        }
    }

    /// <summary>A block per image; it works if no earlier image has the same label.</summary>
    private static void LabelSums(
        ArrayView<float> gradient, ArrayView<int> labels, ArrayView<float> table,
        int batch, int tokens, int width, int labelRows)
    {
        var label = labels[Grid.IdxX];
        var isMine = label >= 0 && label < labelRows;
        for (var image = 0; image < Grid.IdxX; image++)
        {
            isMine = isMine && labels[image] != label;
        }

        if (!isMine)
        {
            return;
        }

        for (var column = Group.IdxX; column < width; column += Group.DimX)
        {
            var sum = 0f;
            for (var image = Grid.IdxX; image < batch; image++)
            {
                if (labels[image] == label)
                {
                    sum += gradient[((long)image * tokens * width) + column];
                }
            }

            var at = ((long)label * width) + column;
            table[at] += sum;
        }
    }

    /// <summary>Token gradients times patches over a chunk of patches, [D, rows] x [rows, C p p].</summary>
    private struct Correlation : ITileProblem
    {
        public PatchPixels Pixels;
        public ArrayView<float> Gradient;
        public ArrayView<float> Partial;
        public long FirstWeight;
        public int Elements;
        public int Width;
        public int ExtraTokens;

        public static bool IsDeep => false;

        public readonly float Left(int row, int depth)
        {
            var side = Pixels.ImageSize / Pixels.PatchSize;
            var patches = side * side;
            var image = depth / patches;
            var token = depth + ((image + 1L) * ExtraTokens);
            return row < Width ? Gradient[(token * Width) + row] : 0;
        }

        public readonly float Right(int depth, int column) => column < Elements ? Pixels.At(depth, column) : 0;

        public readonly void Store(int row, int column, float value)
        {
            if (row < Width && column < Elements)
            {
                Partial[FirstWeight + ((long)row * Elements) + column] = value;
            }
        }
    }
}
