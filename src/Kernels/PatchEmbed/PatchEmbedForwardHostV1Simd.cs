using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The projection as a matrix product that reads its left side straight from the image: the weight is turned once
/// per call into panels of two vectors of output columns, and a tile of four patches by one panel stays in registers
/// while a table of offsets walks the patch. Bias, position and extra tokens are added as tiles are written.
/// Limits: none. Scratch: the weight. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed unsafe class PatchEmbedForwardHostV1Simd : HostVariant<PatchEmbedForwardCall>
{
    private const int PatchesPerTile = 4;
    private const int PatchesPerPiece = 32;

    // Floats of weight that stay in the first-level cache beside the image.
    private const int WeightInCache = 6144;

    public override string Name => "host-v1-simd";

    public override string Idea => "weight in panels, tiles of 4 patches x 2 vectors read in place from the image";

    protected override void Run<V>(HostDevice device, in PatchEmbedForwardCall call)
    {
        PatchLabels.Check("patchembed.forward", call.Labels, call.Grid.Batch, call.LabelRows);
        var grid = call.Grid;
        var panel = 2 * V.Count;
        var panels = (call.Width + panel - 1) / panel;
        using var weight = device.Scratch<float>((long)panels * panel * grid.PatchElements);
        using var offsets = device.Scratch<int>(grid.PatchElements);
        using var frequencies = device.Scratch<double>(call.Width / 2);
        PatchOffsets.Fill(in grid, (int*)offsets.Slice.Address);
        TimeToken.FillFrequencies((double*)frequencies.Slice.Address, call.Width / 2);

        var packing = new PackJob
        {
            Width = call.Width,
            Elements = grid.PatchElements,
            Panel = panel,
            Weight = (float*)call.Weight.Address,
            Panels = (float*)weight.Slice.Address,
        };
        device.Workers.For(panels, ref packing);

        var pieces = (grid.Patches + PatchesPerPiece - 1) / PatchesPerPiece;
        var job = new Job<V>
        {
            Grid = grid,
            Width = call.Width,
            PiecesPerImage = pieces,
            Image = (float*)call.Image.Address,
            Panels = (float*)weight.Slice.Address,
            Offsets = (int*)offsets.Slice.Address,
            Bias = (float*)call.Bias.Address,
            Position = (float*)call.Position.Address,
            LabelTable = (float*)call.LabelTable.Address,
            Labels = (int*)call.Labels.Address,
            Times = (float*)call.Times.Address,
            Frequencies = (double*)frequencies.Slice.Address,
            ClassToken = (float*)call.ClassToken.Address,
            Tokens = (float*)call.Tokens.Address,
        };
        device.Workers.For(checked(grid.Batch * pieces), ref job);
    }

    /// <summary>[D][K] to [panel][K][columns of the panel], zero beyond the last column.</summary>
    private struct PackJob : IParallelJob
    {
        public int Width;
        public int Elements;
        public int Panel;
        public float* Weight;
        public float* Panels;

        public readonly void Execute(int index)
        {
            var target = Panels + ((long)index * Panel * Elements);
            for (var lane = 0; lane < Panel; lane++)
            {
                var column = (index * Panel) + lane;
                for (var k = 0; k < Elements; k++)
                {
                    target[((long)k * Panel) + lane] = column < Width ? Weight[((long)column * Elements) + k] : 0;
                }
            }
        }
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public int Width;
        public int PiecesPerImage;
        public float* Image;
        public float* Panels;
        public int* Offsets;
        public float* Bias;
        public float* Position;
        public float* LabelTable;
        public int* Labels;
        public float* Times;
        public double* Frequencies;
        public float* ClassToken;
        public float* Tokens;

        public readonly void Execute(int index)
        {
            var (image, piece) = Math.DivRem(index, PiecesPerImage);
            if (piece == 0)
            {
                WriteExtraTokens(image);
            }

            // As many columns at once as the cache holds weight for: tokens are then written in long runs.
            var columns = Math.Max(1, WeightInCache / (Grid.PatchElements * 2 * V.Count)) * 2 * V.Count;
            for (var first = 0; first < Width; first += columns)
            {
                Project(image, piece, first, Math.Min(Width, first + columns));
            }
        }

        private readonly void Project(int image, int piece, int firstColumn, int endColumn)
        {
            var end = Math.Min(Grid.Patches, (piece + 1) * PatchesPerPiece);
            for (var patch = piece * PatchesPerPiece; patch < end; patch += PatchesPerTile)
            {
                for (var column = firstColumn; column < endColumn; column += 2 * V.Count)
                {
                    Tile(image, patch, column);
                }
            }
        }

        private readonly void WriteExtraTokens(int image)
        {
            var token = Tokens + ((long)image * Grid.Tokens * Width);
            var position = Position;
            if (Labels != null)
            {
                Add(LabelTable + ((long)Labels[image] * Width), position, token);
                token += Width;
                position += Width;
            }

            if (Times != null)
            {
                TimeToken.Write(Times[image], Frequencies, Width, token);
                Add(token, position, token);
                token += Width;
                position += Width;
            }

            if (ClassToken != null)
            {
                Add(ClassToken, position, token);
            }
        }

        private readonly void Add(float* left, float* right, float* sum)
        {
            var i = 0;
            for (; i <= Width - V.Count; i += V.Count)
            {
                V.Store(sum + i, V.Load(left + i) + V.Load(right + i));
            }

            V.StoreFirst(sum + i, V.LoadFirst(left + i, Width - i) + V.LoadFirst(right + i, Width - i), Width - i);
        }

        /// <summary>Four patches, two vectors of columns. Patches beyond the last repeat it, harmlessly.</summary>
        private readonly void Tile(int image, int patch, int column)
        {
            var last = Grid.Patches - 1;
            int n1 = Math.Min(patch + 1, last), n2 = Math.Min(patch + 2, last), n3 = Math.Min(patch + 3, last);
            var x0 = Image + PatchOffsets.First(in Grid, image, patch);
            var x1 = Image + PatchOffsets.First(in Grid, image, n1);
            var x2 = Image + PatchOffsets.First(in Grid, image, n2);
            var x3 = Image + PatchOffsets.First(in Grid, image, n3);
            var weight = Panels + ((long)column * Grid.PatchElements);
            V a0 = V.Zero, b0 = V.Zero, a1 = V.Zero, b1 = V.Zero, a2 = V.Zero, b2 = V.Zero, a3 = V.Zero, b3 = V.Zero;
            var elements = Grid.PatchElements;
            for (var k = 0; k < elements; k++)
            {
                var offset = Offsets[k];
                var left = V.Load(weight);
                var right = V.Load(weight + V.Count);
                weight += 2 * V.Count;
                var pixel = V.Broadcast(x0[offset]);
                a0 = V.Fma(pixel, left, a0);
                b0 = V.Fma(pixel, right, b0);
                pixel = V.Broadcast(x1[offset]);
                a1 = V.Fma(pixel, left, a1);
                b1 = V.Fma(pixel, right, b1);
                pixel = V.Broadcast(x2[offset]);
                a2 = V.Fma(pixel, left, a2);
                b2 = V.Fma(pixel, right, b2);
                pixel = V.Broadcast(x3[offset]);
                a3 = V.Fma(pixel, left, a3);
                b3 = V.Fma(pixel, right, b3);
            }

            Finish(image, patch, column, a0, b0);
            Finish(image, n1, column, a1, b1);
            Finish(image, n2, column, a2, b2);
            Finish(image, n3, column, a3, b3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Finish(int image, int patch, int column, V left, V right)
        {
            var token = Grid.ExtraTokens + patch;
            var position = Position + ((long)token * Width);
            var result = Tokens + ((((long)image * Grid.Tokens) + token) * Width);
            FinishVector(position, result, column, left);
            FinishVector(position, result, column + V.Count, right);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void FinishVector(float* position, float* result, int column, V value)
        {
            var remaining = Width - column;
            if (remaining >= V.Count)
            {
                V.Store(result + column, value + V.Load(Bias + column) + V.Load(position + column));
            }
            else if (remaining > 0)
            {
                value += V.LoadFirst(Bias + column, remaining) + V.LoadFirst(position + column, remaining);
                V.StoreFirst(result + column, value, remaining);
            }
        }
    }
}
