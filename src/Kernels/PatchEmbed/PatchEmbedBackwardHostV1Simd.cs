using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// Three passes, each with an order of summation that follows from the shape alone. (1) Gradients of one token are
/// summed over the images: the position gradient. (2) Those sums, column by column, give bias and class token; label
/// rows are added in the order of the images. (3) The weight gradient: chunks of patches by panels of columns, each
/// into a partial sum of its own, then the partial sums in order.
/// Limits: none. Scratch: at most 16 copies of the weight. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed unsafe class PatchEmbedBackwardHostV1Simd : HostVariant<PatchEmbedBackwardCall>
{
    private const int MostChunks = 16;
    private const int RowsPerBlock = 64;
    private const int BlocksPerChunk = 8;
    private const int ElementsPerTile = 4;

    public override string Name => "host-v1-simd";

    public override string Idea => "weight gradient in tiles of 4 pixels x 2 vectors, partial sums in a fixed order";

    protected override void Run<V>(HostDevice device, in PatchEmbedBackwardCall call)
    {
        PatchLabels.Check("patchembed.backward", call.Labels, call.Grid.Batch, call.LabelRows);
        var grid = call.Grid;
        var panel = 2 * V.Count;
        var panels = (call.Width + panel - 1) / panel;
        using var sums = device.Allocate<float>((long)grid.Tokens * call.Width);
        var tokens = new TokenJob<V>
        {
            Grid = grid,
            Width = call.Width,
            Gradient = (float*)call.TokensGradient.Address,
            Sums = (float*)sums.Slice.Address,
            Position = (float*)call.PositionGradient.Address,
        };
        device.Workers.For(grid.Tokens, ref tokens);

        var columns = new ColumnJob<V>
        {
            Grid = grid,
            Width = call.Width,
            HasTime = call.HasTime,
            Gradient = (float*)call.TokensGradient.Address,
            Sums = (float*)sums.Slice.Address,
            Labels = (int*)call.Labels.Address,
            Bias = (float*)call.BiasGradient.Address,
            LabelTable = (float*)call.LabelTableGradient.Address,
            ClassToken = (float*)call.ClassTokenGradient.Address,
        };
        device.Workers.For((call.Width + V.Count - 1) / V.Count, ref columns);

        var rows = checked(grid.Batch * grid.Patches);
        var blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
        var blocksPerChunk = Math.Max(BlocksPerChunk, (blocks + MostChunks - 1) / MostChunks);
        var chunks = (blocks + blocksPerChunk - 1) / blocksPerChunk;
        using var partial = device.Allocate<float>((long)chunks * panels * panel * grid.PatchElements);
        using var offsets = device.Allocate<int>(grid.PatchElements);
        PatchOffsets.Fill(in grid, (int*)offsets.Slice.Address);
        var weights = new WeightJob<V>
        {
            Grid = grid,
            Width = call.Width,
            Panels = panels,
            RowsPerChunk = blocksPerChunk * RowsPerBlock,
            Image = (float*)call.Image.Address,
            Offsets = (int*)offsets.Slice.Address,
            Gradient = (float*)call.TokensGradient.Address,
            Partial = (float*)partial.Slice.Address,
        };
        device.Workers.For(chunks * panels, ref weights);

        var folding = new FoldJob
        {
            Width = call.Width,
            Elements = grid.PatchElements,
            Panel = panel,
            Panels = panels,
            Chunks = chunks,
            Partial = (float*)partial.Slice.Address,
            Weight = (float*)call.WeightGradient.Address,
        };
        device.Workers.For(panels, ref folding);
    }

    /// <summary>Sum over the images of one token's gradient.</summary>
    private struct TokenJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public int Width;
        public float* Gradient;
        public float* Sums;
        public float* Position;

        public readonly void Execute(int index)
        {
            var gradient = Gradient + ((long)index * Width);
            var sums = Sums + ((long)index * Width);
            var position = Position + ((long)index * Width);
            var column = 0;
            for (; column <= Width - V.Count; column += V.Count)
            {
                var sum = V.Zero;
                for (var b = 0; b < Grid.Batch; b++)
                {
                    sum += V.Load(gradient + ((long)b * Grid.Tokens * Width) + column);
                }

                V.Store(sums + column, sum);
                V.Store(position + column, V.Load(position + column) + sum);
            }

            for (; column < Width; column++)
            {
                var sum = 0f;
                for (var b = 0; b < Grid.Batch; b++)
                {
                    sum += gradient[((long)b * Grid.Tokens * Width) + column];
                }

                sums[column] = sum;
                position[column] += sum;
            }
        }
    }

    /// <summary>Bias, class token and label rows for one vector of columns.</summary>
    private struct ColumnJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public int Width;
        public bool HasTime;
        public float* Gradient;
        public float* Sums;
        public int* Labels;
        public float* Bias;
        public float* LabelTable;
        public float* ClassToken;

        public readonly void Execute(int index)
        {
            var column = index * V.Count;
            var lanes = Math.Min(V.Count, Width - column);
            var sum = V.Zero;
            for (var token = Grid.ExtraTokens; token < Grid.Tokens; token++)
            {
                sum += Load(Sums + ((long)token * Width) + column, lanes);
            }

            Add(Bias + column, sum, lanes);
            if (ClassToken != null)
            {
                var token = (Labels != null ? 1 : 0) + (HasTime ? 1 : 0);
                Add(ClassToken + column, Load(Sums + ((long)token * Width) + column, lanes), lanes);
            }

            if (Labels != null)
            {
                for (var b = 0; b < Grid.Batch; b++)
                {
                    var gradient = Load(Gradient + ((long)b * Grid.Tokens * Width) + column, lanes);
                    Add(LabelTable + ((long)Labels[b] * Width) + column, gradient, lanes);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static V Load(float* source, int lanes) =>
            lanes == V.Count ? V.Load(source) : V.LoadFirst(source, lanes);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add(float* target, V value, int lanes)
        {
            if (lanes == V.Count)
            {
                V.Store(target, V.Load(target) + value);
            }
            else
            {
                V.StoreFirst(target, V.LoadFirst(target, lanes) + value, lanes);
            }
        }
    }

    /// <summary>Partial weight gradient of a chunk of patches in one panel of columns, [K][panel].</summary>
    private struct WeightJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public int Width;
        public int Panels;
        public int RowsPerChunk;
        public float* Image;
        public int* Offsets;
        public float* Gradient;
        public float* Partial;

        public readonly void Execute(int index)
        {
            var (chunk, panel) = Math.DivRem(index, Panels);
            var size = 2 * V.Count;
            var elements = Grid.PatchElements;
            var partial = Partial + ((long)index * elements * size);
            Unsafe.InitBlockUnaligned(partial, 0, checked((uint)(elements * size * sizeof(float))));
            var packed = stackalloc float[RowsPerBlock * size];
            var pixels = stackalloc float*[RowsPerBlock];
            var end = Math.Min(Grid.Batch * Grid.Patches, (chunk + 1) * RowsPerChunk);
            for (var first = chunk * RowsPerChunk; first < end; first += RowsPerBlock)
            {
                var rows = Math.Min(RowsPerBlock, end - first);
                Gather(first, rows, panel * size, packed, pixels);
                for (var k = 0; k < elements; k += ElementsPerTile)
                {
                    Tile(rows, k, packed, pixels, partial);
                }
            }
        }

        /// <summary>Packs the block's gradients (rows of D floats would collide in the cache) and finds its patches.</summary>
        private readonly void Gather(int first, int rows, int column, float* packed, float** pixels)
        {
            var lanes = Math.Min(2 * V.Count, Width - column);
            for (var r = 0; r < rows; r++)
            {
                var (image, patch) = Math.DivRem(first + r, Grid.Patches);
                pixels[r] = Image + PatchOffsets.First(in Grid, image, patch);
                var source = Gradient + ((((long)image * Grid.Tokens) + Grid.ExtraTokens + patch) * Width) + column;
                var target = packed + (r * 2 * V.Count);
                if (lanes == 2 * V.Count)
                {
                    V.Store(target, V.Load(source));
                    V.Store(target + V.Count, V.Load(source + V.Count));
                    continue;
                }

                for (var i = 0; i < 2 * V.Count; i++)
                {
                    target[i] = i < lanes ? source[i] : 0;
                }
            }
        }

        /// <summary>Four elements of the patch, two vectors of columns; elements beyond the last are not stored.</summary>
        private readonly void Tile(int rows, int k, float* packed, float** pixels, float* partial)
        {
            var last = Grid.PatchElements - 1;
            int k1 = Math.Min(k + 1, last), k2 = Math.Min(k + 2, last), k3 = Math.Min(k + 3, last);
            int o0 = Offsets[k], o1 = Offsets[k1], o2 = Offsets[k2], o3 = Offsets[k3];
            V a0 = V.Zero, b0 = V.Zero, a1 = V.Zero, b1 = V.Zero, a2 = V.Zero, b2 = V.Zero, a3 = V.Zero, b3 = V.Zero;
            for (var r = 0; r < rows; r++)
            {
                var x = pixels[r];
                var left = V.Load(packed);
                var right = V.Load(packed + V.Count);
                packed += 2 * V.Count;
                var pixel = V.Broadcast(x[o0]);
                a0 = V.Fma(pixel, left, a0);
                b0 = V.Fma(pixel, right, b0);
                pixel = V.Broadcast(x[o1]);
                a1 = V.Fma(pixel, left, a1);
                b1 = V.Fma(pixel, right, b1);
                pixel = V.Broadcast(x[o2]);
                a2 = V.Fma(pixel, left, a2);
                b2 = V.Fma(pixel, right, b2);
                pixel = V.Broadcast(x[o3]);
                a3 = V.Fma(pixel, left, a3);
                b3 = V.Fma(pixel, right, b3);
            }

            AddTo(partial, k, last, a0, b0);
            AddTo(partial, k + 1, last, a1, b1);
            AddTo(partial, k + 2, last, a2, b2);
            AddTo(partial, k + 3, last, a3, b3);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void AddTo(float* partial, int k, int last, V left, V right)
        {
            if (k <= last)
            {
                partial += (long)k * 2 * V.Count;
                V.Store(partial, V.Load(partial) + left);
                V.Store(partial + V.Count, V.Load(partial + V.Count) + right);
            }
        }
    }

    /// <summary>Adds the partial sums of one panel, in the order of the chunks, to the rows [D][K] of the gradient.</summary>
    private struct FoldJob : IParallelJob
    {
        public int Width;
        public int Elements;
        public int Panel;
        public int Panels;
        public int Chunks;
        public float* Partial;
        public float* Weight;

        public readonly void Execute(int index)
        {
            var lanes = Math.Min(Panel, Width - (index * Panel));
            for (var lane = 0; lane < lanes; lane++)
            {
                var weight = Weight + ((((long)index * Panel) + lane) * Elements);
                for (var k = 0; k < Elements; k++)
                {
                    var sum = 0f;
                    for (var chunk = 0; chunk < Chunks; chunk++)
                    {
                        sum += Partial[((((((long)chunk * Panels) + index) * Elements) + k) * Panel) + lane];
                    }

                    weight[k] += sum;
                }
            }
        }
    }
}
