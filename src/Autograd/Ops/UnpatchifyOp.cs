using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Tokens back to an image, with an optional 3x3 convolution: the tail of a U-ViT.</summary>
public static class UnpatchifyOp
{
    /// <summary>Rearranges and convolves.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="tokens">[B, e+n, p*p*C]; a patch is ordered (row, column, channel).</param>
    /// <param name="grid">Geometry.</param>
    /// <param name="weight">[C, C, 3, 3], or null for no convolution.</param>
    /// <param name="bias">[C], or null.</param>
    /// <returns>[B, C, S, S].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor Unpatchify(
        this Tape tape, Tensor tokens, PatchGrid grid, Tensor? weight = null, Tensor? bias = null)
    {
        Shapes.Require(
            nameof(Unpatchify), nameof(tokens), tokens, new TensorShape(grid.Batch, grid.Tokens, grid.PatchElements));
        Shapes.RequireIfGiven(
            nameof(Unpatchify), nameof(weight), weight, new TensorShape(grid.Channels, grid.Channels, 3, 3));
        Shapes.RequireIfGiven(nameof(Unpatchify), nameof(bias), bias, new TensorShape(grid.Channels));
        var image = tape.New(new TensorShape(grid.Batch, grid.Channels, grid.ImageSize, grid.ImageSize));
        tape.Device.Run(UnpatchifyOperators.Forward, new UnpatchifyForwardCall
        {
            Grid = grid,
            Tokens = tokens.Data,
            Weight = weight?.Data ?? default,
            Bias = bias?.Data ?? default,
            Image = image.Data,
        });
        tape.Observer?.Ran(new TracedUnpatchify(image, tokens, grid, weight, bias));
        if (tape.Records(tokens, weight, bias))
        {
            tape.Record(image, new Node(image, grid, tokens, weight, bias));
        }

        return image;
    }

    private sealed class Node(Tensor image, PatchGrid grid, Tensor tokens, Tensor? weight, Tensor? bias)
        : TapeNode(image)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            using var dTokens = GradientSink.ForWriting(device, tokens);
            using var dWeight = weight is null ? default : GradientSink.ForAdding(device, weight);
            using var dBias = bias is null ? default : GradientSink.ForAdding(device, bias);
            device.Run(UnpatchifyOperators.Backward, new UnpatchifyBackwardCall
            {
                Grid = grid,
                Tokens = tokens.Data,
                Weight = weight?.Data ?? default,
                ImageGradient = Output.Gradient,
                TokensGradient = dTokens.Target,
                WeightGradient = dWeight.Target,
                BiasGradient = dBias.Target,
            });
        }
    }
}
