using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The weight gradient: chunks of patches by groups of columns, each into a partial sum of its own, then the partial
/// sums in order. The other gradients are sums over tokens (<see cref="PatchEmbedTokenSums"/>).
/// Limits: none. Scratch: at most 16 copies of the weight. FLOPs: 2 B n (C p p) D.
/// </summary>
internal sealed unsafe class PatchEmbedBackwardHostV1Simd : HostVariant<PatchEmbedBackwardCall>
{
    private const int MaxChunks = 16;
    private const int RowsPerBlock = 64;
    private const int ColumnsPerBlock = 256;
    private const int BlocksPerChunk = 2;

    /// <summary>Patches have 4, 12, 16, 48 elements: tiles of six, as products have, would be a third empty.</summary>
    private const int ElementsPerTile = 4;

    public override string Name => "host-v1-simd";

    public override string Idea => "weight gradient in tiles of 4 pixels x 2 vectors, partial sums in a fixed order";

    protected override void Run<V>(HostDevice device, in PatchEmbedBackwardCall call)
    {
        PatchLabels.Check("patchembed.backward", call.Labels, call.Grid.Batch, call.LabelRows);
        var grid = call.Grid;
        var panel = 2 * V.Count;
        var panels = (call.Width + panel - 1) / panel;
        PatchEmbedTokenSums.Run<V>(device, in call);
        var rows = checked(grid.Batch * grid.Patches);
        var blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
        var blocksPerChunk = Math.Max(BlocksPerChunk, (blocks + MaxChunks - 1) / MaxChunks);
        var chunks = (blocks + blocksPerChunk - 1) / blocksPerChunk;
        var groups = (call.Width + ColumnsPerBlock - 1) / ColumnsPerBlock;
        using var partial = device.Scratch<float>((long)chunks * panels * panel * grid.PatchElements);
        using var offsets = device.Scratch<nint>(grid.PatchElements);
        PatchOffsets.Fill(in grid, (nint*)offsets.Slice.Address);
        var weights = new WeightJob<V>
        {
            Grid = grid,
            Width = call.Width,
            Groups = groups,
            Panels = panels,
            RowsPerChunk = blocksPerChunk * RowsPerBlock,
            Image = (float*)call.Image.Address,
            Offsets = (nint*)offsets.Slice.Address,
            Gradient = (float*)call.TokensGradient.Address,
            Partial = (float*)partial.Slice.Address,
        };
        device.Workers.For(chunks * groups, ref weights);

        var folding = new FoldJob<V>
        {
            Width = call.Width,
            Elements = grid.PatchElements,
            Panels = panels,
            Chunks = chunks,
            Partial = (float*)partial.Slice.Address,
            Weight = (float*)call.WeightGradient.Address,
        };
        device.Workers.For(panels, ref folding);
    }

    /// <summary>Partial weight gradient of a chunk of patches in a group of panels, each panel [K][columns].</summary>
    private struct WeightJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public int Width;
        public int Groups;
        public int Panels;
        public int RowsPerChunk;
        public float* Image;
        public nint* Offsets;
        public float* Gradient;
        public float* Partial;

        public readonly void Execute(int index)
        {
            var (chunk, group) = Math.DivRem(index, Groups);
            var column = group * ColumnsPerBlock;
            var panel = 2 * V.Count;
            var panelElements = (long)Grid.PatchElements * panel;
            var firstPanel = column / panel;
            var panels = Math.Min(ColumnsPerBlock / panel, Panels - firstPanel);
            var partial = Partial + ((((long)chunk * Panels) + firstPanel) * panelElements);
            Unsafe.InitBlockUnaligned(partial, 0, checked((uint)(panels * panelElements * sizeof(float))));
            var packed = stackalloc float[RowsPerBlock * ColumnsPerBlock];
            var pixels = stackalloc float*[RowsPerBlock];
            var end = Math.Min(Grid.Batch * Grid.Patches, (chunk + 1) * RowsPerChunk);
            for (var first = chunk * RowsPerChunk; first < end; first += RowsPerBlock)
            {
                var rows = Math.Min(RowsPerBlock, end - first);
                Gather(first, rows, column, panels, packed, pixels);
                for (var p = 0; p < panels; p++)
                {
                    for (var k = 0; k < Grid.PatchElements; k += ElementsPerTile)
                    {
                        Tile(rows, k, packed + (p * RowsPerBlock * panel), pixels, partial + (p * panelElements));
                    }
                }
            }
        }

        /// <summary>Packs gradients as [panel][row][column], since rows of D floats collide in the cache.</summary>
        private readonly void Gather(int first, int rows, int column, int panels, float* packed, float** pixels)
        {
            var panel = 2 * V.Count;
            for (var r = 0; r < rows; r++)
            {
                var (image, patch) = Math.DivRem(first + r, Grid.Patches);
                pixels[r] = Image + PatchOffsets.First(in Grid, image, patch);
                var source = Gradient + ((((long)image * Grid.Tokens) + Grid.ExtraTokens + patch) * Width) + column;
                for (var p = 0; p < panels; p++)
                {
                    var lanes = Math.Min(panel, Width - column - (p * panel));
                    var bytes = (uint)(lanes * sizeof(float));
                    var target = packed + (((p * RowsPerBlock) + r) * panel);
                    Unsafe.CopyBlockUnaligned(target, source + (p * panel), bytes);
                    Unsafe.InitBlockUnaligned(target + lanes, 0, (uint)(panel * sizeof(float)) - bytes);
                }
            }
        }

        /// <summary>Four elements of the patch, two vectors of columns; those beyond the last are not stored.</summary>
        private readonly void Tile(int rows, int k, float* packed, float** pixels, float* partial)
        {
            var last = Grid.PatchElements - 1;
            int k1 = Math.Min(k + 1, last), k2 = Math.Min(k + 2, last), k3 = Math.Min(k + 3, last);
            nint o0 = Offsets[k], o1 = Offsets[k1], o2 = Offsets[k2], o3 = Offsets[k3];
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

    /// <summary>Adds the partial sums of one panel, in the order of the chunks, to the gradient [D][K].</summary>
    private struct FoldJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Width;
        public int Elements;
        public int Panels;
        public int Chunks;
        public float* Partial;
        public float* Weight;

        public readonly void Execute(int index)
        {
            var panel = 2 * V.Count;
            var sums = stackalloc float[panel];
            var weight = Weight + ((long)index * panel * Elements);
            var lanes = Math.Min(panel, Width - (index * panel));
            for (var k = 0; k < Elements; k++)
            {
                V left = V.Zero, right = V.Zero;
                for (var chunk = 0; chunk < Chunks; chunk++)
                {
                    var partial = Partial + ((((((long)chunk * Panels) + index) * Elements) + k) * panel);
                    left += V.Load(partial);
                    right += V.Load(partial + V.Count);
                }

                V.Store(sums, left);
                V.Store(sums + V.Count, right);
                for (var lane = 0; lane < lanes; lane++)
                {
                    weight[((long)lane * Elements) + k] += sums[lane];
                }
            }
        }
    }
}
