namespace DPT.Engine.Kernels;

/// <summary>
/// An image at a time: the gradient goes back through the convolution with mirrored and transposed weights and is
/// laid out as tokens; each image has its own partial gradient of the convolution, and these are added in order.
/// Limits: none. Scratch: the images three times. FLOPs: 36 B C C S S.
/// </summary>
internal sealed unsafe class UnpatchifyBackwardHostV1Simd : HostVariant<UnpatchifyBackwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "an image at a time, convolution with mirrored weights, partial sums in order";

    protected override void Run<V>(HostDevice device, in UnpatchifyBackwardCall call)
    {
        if (call.Weight.IsEmpty)
        {
            var layout = new LayoutJob
            {
                Grid = call.Grid,
                ImageGradient = (float*)call.ImageGradient.Address,
                TokensGradient = (float*)call.TokensGradient.Address,
            };
            device.Workers.For(call.Grid.Batch, ref layout);
            return;
        }

        RunConvolution<V>(device, in call);
    }

    private static void RunConvolution<V>(HostDevice device, in UnpatchifyBackwardCall call) where V : struct, ISimd<V>
    {
        var grid = call.Grid;
        var weights = 9 * grid.Channels * grid.Channels;
        var padded = Conv3x3.PaddedElements(grid);
        using var mirrored = device.Scratch<float>(weights);
        using var scratch = device.Scratch<float>(grid.Batch * ((2 * padded) + grid.ImageElements));
        using var partial = device.Scratch<float>((long)grid.Batch * (weights + grid.Channels));
        Mirror(grid.Channels, (float*)call.Weight.Address, (float*)mirrored.Slice.Address);
        var job = new Job<V>
        {
            Grid = grid,
            Tokens = (float*)call.Tokens.Address,
            Mirrored = (float*)mirrored.Slice.Address,
            Scratch = (float*)scratch.Slice.Address,
            PaddedElements = padded,
            Partial = (float*)partial.Slice.Address,
            ImageGradient = (float*)call.ImageGradient.Address,
            TokensGradient = (float*)call.TokensGradient.Address,
        };
        device.Workers.For(grid.Batch, ref job);

        var sums = (float*)partial.Slice.Address;
        var stride = weights + grid.Channels;
        AddInOrder(sums, stride, grid.Batch, weights, (float*)call.WeightGradient.Address);
        AddInOrder(sums + weights, stride, grid.Batch, grid.Channels, (float*)call.BiasGradient.Address);
    }

    /// <summary>[out][in][row][column] to [in][out][2 - row][2 - column].</summary>
    private static void Mirror(int channels, float* weight, float* mirrored)
    {
        HostBounds.Check(weight, 9L * channels * channels);
        HostBounds.Check(mirrored, 9L * channels * channels);
        for (var o = 0; o < channels; o++)
        {
            for (var c = 0; c < channels; c++)
            {
                for (var tap = 0; tap < 9; tap++)
                {
                    mirrored[(((c * channels) + o) * 9) + 8 - tap] = weight[(((o * channels) + c) * 9) + tap];
                }
            }
        }
    }

    private static void AddInOrder(float* partial, int stride, int images, int count, float* total)
    {
        HostBounds.Check(total, count);
        for (var i = 0; i < count; i++)
        {
            var sum = 0f;
            for (var b = 0; b < images; b++)
            {
                HostBounds.Check(partial + ((long)b * stride) + i, 1);
                sum += partial[((long)b * stride) + i];
            }

            total[i] += sum;
        }
    }

    private struct LayoutJob : IParallelJob
    {
        public PatchGrid Grid;
        public float* ImageGradient;
        public float* TokensGradient;

        public readonly void Execute(int index) => PatchLayout.ToTokens(
            in Grid,
            ImageGradient + ((long)index * Grid.ImageElements),
            TokensGradient + ((long)index * Grid.Tokens * Grid.PatchElements));
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public float* Tokens;
        public float* Mirrored;
        public float* Scratch;
        public long PaddedElements;
        public float* Partial;
        public float* ImageGradient;
        public float* TokensGradient;

        public readonly void Execute(int index)
        {
            var size = Grid.ImageSize;
            var tokenElements = (long)Grid.Tokens * Grid.PatchElements;
            var gradient = ImageGradient + ((long)index * Grid.ImageElements);
            var paddedGradient = Scratch + (index * ((2 * PaddedElements) + Grid.ImageElements));
            var paddedInput = paddedGradient + PaddedElements;
            var inputGradient = paddedInput + PaddedElements;

            Conv3x3.Pad(in Grid, gradient, paddedGradient);
            Conv3x3.Apply<V>(in Grid, paddedGradient, Mirrored, null, inputGradient);
            PatchLayout.ToTokens(in Grid, inputGradient, TokensGradient + (index * tokenElements));

            Conv3x3.ClearBorders(in Grid, paddedInput);
            PatchLayout.ToPlanes(
                in Grid, Tokens + (index * tokenElements), Conv3x3.Inside(in Grid, paddedInput), size + 2,
                (size + 2) * (size + 2));
            var weights = 9 * Grid.Channels * Grid.Channels;
            var partial = Partial + ((long)index * (weights + Grid.Channels));
            Conv3x3.WeightGradient<V>(in Grid, paddedInput, gradient, partial);
            HostBounds.Check(partial + weights, Grid.Channels);
            for (var c = 0; c < Grid.Channels; c++)
            {
                partial[weights + c] = Sum(gradient + ((long)c * size * size), size * size);
            }
        }

        private static float Sum(float* values, int count)
        {
            var sum = V.Zero;
            var i = 0;
            for (; i <= count - V.Count; i += V.Count)
            {
                sum += V.Load(values + i);
            }

            return V.Sum(sum + V.LoadFirst(values + i, count - i));
        }
    }
}
