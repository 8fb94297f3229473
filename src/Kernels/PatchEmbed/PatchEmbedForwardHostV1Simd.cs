using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The projection as a matrix product that reads its left side straight from the image: the weight is turned once
/// per call into panels of two vectors of output columns, and a tile of six patches by one panel is that of
/// <see cref="GemmMicroKernel"/>, with a table of offsets that walks the patch. Bias, position and extra tokens are added as tiles are written.
/// Limits: none. Scratch: the weight. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed unsafe class PatchEmbedForwardHostV1Simd : HostVariant<PatchEmbedForwardCall>
{
    private const int PatchesPerChunk = 6 * GemmMicroKernel.Rows;

    // Floats of weight that stay in the first-level cache beside the image.
    private const int WeightInCache = 6144;

    public override string Name => "host-v1-simd";

    public override string Idea => "weight in panels, the product's tiles of 6 patches x 2 vectors, read in place from the image";

    protected override void Run<V>(HostDevice device, in PatchEmbedForwardCall call)
    {
        PatchLabels.Check("patchembed.forward", call.Labels, call.Grid.Batch, call.LabelRows);
        var grid = call.Grid;
        var panel = 2 * V.Count;
        var panels = (call.Width + panel - 1) / panel;
        using var weight = device.Scratch<float>((long)panels * panel * grid.PatchElements);
        using var offsets = device.Scratch<nint>(grid.PatchElements);
        using var frequencies = device.Scratch<double>(call.Width / 2);
        PatchOffsets.Fill(in grid, (nint*)offsets.Slice.Address);
        TimeToken.FillFrequencies((double*)frequencies.Slice.Address, half: call.Width / 2, steps: call.Width / 2);

        var packing = new PackJob
        {
            Width = call.Width,
            Elements = grid.PatchElements,
            Panel = panel,
            Weight = (float*)call.Weight.Address,
            Panels = (float*)weight.Slice.Address,
        };
        device.Workers.For(panels, ref packing);

        var chunks = (grid.Patches + PatchesPerChunk - 1) / PatchesPerChunk;
        var job = new Job<V>
        {
            Grid = grid,
            Width = call.Width,
            ChunksPerImage = chunks,
            Image = (float*)call.Image.Address,
            Panels = (float*)weight.Slice.Address,
            Offsets = (nint*)offsets.Slice.Address,
            Bias = (float*)call.Bias.Address,
            Position = (float*)call.Position.Address,
            LabelTable = (float*)call.LabelTable.Address,
            Labels = (int*)call.Labels.Address,
            Times = (float*)call.Times.Address,
            Frequencies = (double*)frequencies.Slice.Address,
            ClassToken = (float*)call.ClassToken.Address,
            Tokens = (float*)call.Tokens.Address,
        };
        device.Workers.For(checked(grid.Batch * chunks), ref job);
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
        public int ChunksPerImage;
        public float* Image;
        public float* Panels;
        public nint* Offsets;
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
            var (image, chunk) = Math.DivRem(index, ChunksPerImage);
            if (chunk == 0)
            {
                WriteExtraTokens(image);
            }

            // As many columns at once as the cache holds weight for: tokens are then written in long runs.
            var columns = Math.Max(1, WeightInCache / (Grid.PatchElements * 2 * V.Count)) * 2 * V.Count;
            for (var first = 0; first < Width; first += columns)
            {
                Project(image, chunk, first, Math.Min(Width, first + columns));
            }
        }

        private readonly void Project(int image, int chunk, int firstColumn, int endColumn)
        {
            var places = stackalloc nint[GemmMicroKernel.Rows];
            var end = Math.Min(Grid.Patches, (chunk + 1) * PatchesPerChunk);
            for (var patch = chunk * PatchesPerChunk; patch < end; patch += GemmMicroKernel.Rows)
            {
                var rows = Math.Min(GemmMicroKernel.Rows, end - patch);
                for (var row = 0; row < rows; row++)
                {
                    places[row] = (nint)PatchOffsets.First(in Grid, image, patch + row);
                }

                var patches = new ScatteredLeft(Image, places, rows, Offsets);
                for (var column = firstColumn; column < endColumn; column += 2 * V.Count)
                {
                    Tile(in patches, image, patch, rows, column);
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
                WriteTime(Times[image], token);
                Add(token, position, token);
                token += Width;
                position += Width;
            }

            if (ClassToken != null)
            {
                Add(ClassToken, position, token);
            }
        }

        /// <summary>[cos(t f_i) | sin(t f_i)], and a zero behind them if the width is odd.</summary>
        private readonly void WriteTime(float time, float* token)
        {
            var half = Width / 2;
            TimeToken.Write(time, Frequencies, half, sines: token + half, cosines: token);
            if (Width % 2 == 1)
            {
                token[Width - 1] = 0;
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

        /// <summary>Patches by two vectors of columns; a tile that is not whole goes by way of the stack.</summary>
        private readonly void Tile(in ScatteredLeft patches, int image, int patch, int rows, int column)
        {
            var token = Grid.ExtraTokens + patch;
            var position = Position + ((long)token * Width) + column;
            var result = Tokens + ((((long)image * Grid.Tokens) + token) * Width) + column;
            var weight = Panels + ((long)column * Grid.PatchElements);
            var columns = GemmMicroKernel.Columns<V>();
            if (rows == GemmMicroKernel.Rows && column + columns <= Width)
            {
                GemmMicroKernel.Multiply<V, ScatteredLeft>(
                    Grid.PatchElements, in patches, weight, position, Width, Bias + column, result, Width);
                return;
            }

            var sums = stackalloc float[GemmMicroKernel.Tile<V>()];
            GemmMicroKernel.Multiply<V, ScatteredLeft>(Grid.PatchElements, in patches, weight, null, columns, null, sums, columns);
            for (var row = 0; row < rows; row++, sums += columns, position += Width, result += Width)
            {
                Finish(sums, Bias + column, position, result, Width - column);
                Finish(sums + V.Count, Bias + column + V.Count, position + V.Count, result + V.Count, Width - column - V.Count);
            }
        }

        /// <summary>Whole vectors as the micro-kernel finishes them: first the bias, then the position.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Finish(float* sums, float* bias, float* position, float* result, int remaining)
        {
            var value = V.Load(sums);
            if (remaining >= V.Count)
            {
                V.Store(result, value + V.Load(bias) + V.Load(position));
            }
            else if (remaining > 0)
            {
                value += V.LoadFirst(bias, remaining) + V.LoadFirst(position, remaining);
                V.StoreFirst(result, value, remaining);
            }
        }
    }
}
