using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The gradients of patch embedding that are sums of token gradients, in orders that follow from the shape alone:
/// each token over the images is the position gradient; those sums, column by column, give bias and class token;
/// label rows are added in the order of the images.
/// </summary>
internal static unsafe class PatchEmbedTokenSums
{
    private const int ElementsPerRun = 2048;

    /// <summary>Adds to the gradients of position, bias, class token and label table.</summary>
    public static void Run<V>(HostDevice device, in PatchEmbedBackwardCall call) where V : struct, ISimd<V>
    {
        var grid = call.Grid;
        using var sums = device.Scratch<float>((long)grid.Tokens * call.Width);
        var tokens = new TokenJob<V>
        {
            Images = grid.Batch,
            Elements = sums.Slice.Length,
            Gradient = (float*)call.TokensGradient.Address,
            Sums = (float*)sums.Slice.Address,
            Position = (float*)call.PositionGradient.Address,
        };
        device.Workers.For((int)((tokens.Elements + ElementsPerRun - 1) / ElementsPerRun), ref tokens);

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
    }

    /// <summary>Sum over the images of a run of the token gradients: memory is read in long stretches.</summary>
    private struct TokenJob<V> : IParallelJob where V : struct, ISimd<V>
    {
        public int Images;
        public long Elements;
        public float* Gradient;
        public float* Sums;
        public float* Position;

        public readonly void Execute(int index)
        {
            var first = (long)index * ElementsPerRun;
            var count = (int)Math.Min(ElementsPerRun, Elements - first);
            Unsafe.InitBlockUnaligned(Sums + first, 0, (uint)count * sizeof(float));
            for (var b = 0; b < Images; b++)
            {
                Add(Gradient + (b * Elements) + first, Sums + first, count);
            }

            Add(Sums + first, Position + first, count);
        }

        private static void Add(float* values, float* sums, int count)
        {
            var i = 0;
            for (; i <= count - V.Count; i += V.Count)
            {
                V.Store(sums + i, V.Load(sums + i) + V.Load(values + i));
            }

            V.StoreFirst(sums + i, V.LoadFirst(sums + i, count - i) + V.LoadFirst(values + i, count - i), count - i);
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
}
