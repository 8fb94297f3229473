namespace DPT.Engine.Kernels;

/// <summary>
/// An image at a time: tokens are laid out as planes with a border of zeros, which stay in the cache for the direct
/// convolution. Without a convolution the planes are the result.
/// Limits: none. Scratch: the images with their borders. FLOPs: 18 B C C S S.
/// </summary>
internal sealed unsafe class UnpatchifyForwardHostV1Simd : HostVariant<UnpatchifyForwardCall>
{
    public override string Name => "host-v1-simd";

    public override string Idea => "an image at a time, direct 3x3 convolution with vectors along rows";

    protected override void Run<V>(HostDevice device, in UnpatchifyForwardCall call)
    {
        var padded = Conv3x3.PaddedElements(call.Grid);
        using var scratch = call.Weight.IsEmpty ? default : device.Scratch<float>(call.Grid.Batch * padded);
        var job = new Job<V>
        {
            Grid = call.Grid,
            Tokens = (float*)call.Tokens.Address,
            Weight = (float*)call.Weight.Address,
            Bias = (float*)call.Bias.Address,
            Scratch = (float*)scratch.Slice.Address,
            PaddedElements = padded,
            Image = (float*)call.Image.Address,
        };
        device.Workers.For(call.Grid.Batch, ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public PatchGrid Grid;
        public float* Tokens;
        public float* Weight;
        public float* Bias;
        public float* Scratch;
        public long PaddedElements;
        public float* Image;

        public readonly void Execute(int index)
        {
            var size = Grid.ImageSize;
            var tokens = Tokens + ((long)index * Grid.Tokens * Grid.PatchElements);
            var image = Image + ((long)index * Grid.ImageElements);
            if (Weight == null)
            {
                PatchLayout.ToPlanes(in Grid, tokens, image, size, size * size);
                return;
            }

            var padded = Scratch + (index * PaddedElements);
            Conv3x3.ClearBorders(in Grid, padded);
            PatchLayout.ToPlanes(
                in Grid, tokens, Conv3x3.Inside(in Grid, padded), size + 2, (size + 2) * (size + 2));
            Conv3x3.Apply<V>(in Grid, padded, Weight, Bias, image);
        }
    }
}
