using System.Diagnostics.CodeAnalysis;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The projection as a product in 64 x 64 tiles whose left side is read in place from the image
/// (<see cref="TileProduct"/>); bias and position are added as tiles are written. The extra tokens have a kernel of
/// their own, a thread per number; time angles are formed in fixed point (<see cref="TurnPhase"/>).
/// Threads: 256 in a block. Limits: B n below 2^31. A kernel cannot throw: a label that is no row of the table makes
/// its token NaN. Bytes: the image once per 64 columns, the tokens once. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed class PatchEmbedForwardV1Tiles : GpuVariant<PatchEmbedForwardCall>
{
    private static readonly GpuKernel Project =
        new(ProjectPatches, TileProduct.Threads) { Unroll = TileProduct.Unroll };

    private static readonly GpuKernel Extra =
        new(WriteExtraTokens, GridStride.Threads);

    public override string Name => "v1-tiles";

    public override string Idea => "64 x 64 tiles through shared memory, patches read in place, extra tokens apart";

    public override IReadOnlyList<GpuKernel> Kernels { get; } = [Project, Extra];

    public override bool Supports(in PatchEmbedForwardCall call, Device device, [NotNullWhen(false)] out string? reason) =>
        GridCover.FitsAcross("width", call.Width, TileProduct.Side, out reason);

    protected override void Run(GpuDevice device, in PatchEmbedForwardCall call)
    {
        var grid = call.Grid;
        var rows = checked(grid.Batch * grid.Patches);
        device.Prepare(Project)
            .With(call.Image).With(call.Weight).With(call.Bias).With(call.Position).With(call.Tokens)
            .With(rows).With(grid.Channels).With(grid.ImageSize).With(grid.PatchSize)
            .With(grid.ExtraTokens).With(call.Width)
            .On(new GridSize(GridCover.Blocks(rows, TileProduct.Side), GridCover.Blocks(call.Width, TileProduct.Side)));
        if (grid.ExtraTokens == 0)
        {
            return;
        }

        device.Prepare(Extra)
            .With(call.LabelTable).With(call.Labels).With(call.Times).With(call.ClassToken)
            .With(call.Position).With(call.Tokens)
            .With(grid.Batch).With(grid.Tokens).With(call.Width).With(call.LabelRows)
            .With((long)TurnPhase.Ratio(call.Width / 2))
            .On(GridStride.Over(grid.Batch, call.Width));
    }

    private static void ProjectPatches(
        ArrayView<float> image, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> position,
        ArrayView<float> tokens, int rows, int channels, int imageSize, int patchSize, int extraTokens, int width)
    {
        var elements = channels * patchSize * patchSize;
        var problem = new Projection
        {
            Pixels = new PatchPixels
            {
                Image = image,
                Channels = channels,
                ImageSize = imageSize,
                PatchSize = patchSize,
            },
            Weight = weight,
            Bias = bias,
            Position = position,
            Tokens = tokens,
            Rows = rows,
            Elements = elements,
            Width = width,
            ExtraTokens = extraTokens,
        };
        TileProduct.Run(problem, Grid.IdxX * TileProduct.Side, Grid.IdxY * TileProduct.Side, 0, elements);
    }

    private static void WriteExtraTokens(
        ArrayView<float> labelTable, ArrayView<int> labels, ArrayView<float> times, ArrayView<float> classToken,
        ArrayView<float> position, ArrayView<float> tokens,
        int batch, int tokensPerImage, int width, int labelRows, long ratio)
    {
        for (var image = Grid.IdxY; image < batch; image += Grid.DimY)
        {
            for (var column = GridStride.First; column < width; column += GridStride.Step)
            {
                var from = column;
                var to = ((long)image * tokensPerImage * width) + column;
                if (labels.Length != 0)
                {
                    var label = labels[image];
                    var value = float.NaN;
                    if (label >= 0 && label < labelRows)
                    {
                        value = labelTable[((long)label * width) + column];
                    }

                    tokens[to] = value + position[from];
                    from += width;
                    to += width;
                }

                if (times.Length != 0)
                {
                    tokens[to] = Sinusoid(times[image], (int)column, width, (ulong)ratio) + position[from];
                    from += width;
                    to += width;
                }

                if (classToken.Length != 0)
                {
                    tokens[to] = classToken[column] + position[from];
                }
            }
        }
    }

    /// <summary>[cos(t f_i) | sin(t f_i)], and a zero behind them if the width is odd.</summary>
    private static float Sinusoid(float time, int column, int width, ulong ratio)
    {
        var half = width / 2;
        var index = column < half ? column : column - half;
        var phase = TurnPhase.Of(time, TurnPhase.Frequency(ratio, index));
        RealMath.SinCosTwoPi(GpuReal.Broadcast(phase), out var sine, out var cosine);
        return column < half ? cosine.Value : index < half ? sine.Value : 0;
    }

    /// <summary>Patches times projection, [B n, C p p] x [C p p, D].</summary>
    private struct Projection : ITileProblem
    {
        public PatchPixels Pixels;
        public ArrayView<float> Weight;
        public ArrayView<float> Bias;
        public ArrayView<float> Position;
        public ArrayView<float> Tokens;
        public int Rows;
        public int Elements;
        public int Width;
        public int ExtraTokens;

        public static bool IsDeep => true;

        public readonly float Left(int row, int depth) => row < Rows ? Pixels.At(row, depth) : 0;

        public readonly float Right(int depth, int column) =>
            column < Width ? Weight[((long)column * Elements) + depth] : 0;

        public readonly void Store(int row, int column, float value)
        {
            if (row >= Rows || column >= Width)
            {
                return;
            }

            var side = Pixels.ImageSize / Pixels.PatchSize;
            var patches = side * side;
            var image = row / patches;
            var token = ExtraTokens + row - (image * patches);
            var at = (((long)image * (ExtraTokens + patches)) + token) * Width;
            var sum = value + Bias[column] + Position[((long)token * Width) + column];
            Tokens[at + column] = sum;
        }
    }
}
