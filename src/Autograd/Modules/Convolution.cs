namespace DPT.Engine.Autograd;

/// <summary>
/// A 3 x 3 convolution with zero padding: parameters <c>weight</c> [out, 9 in], its neighbours in the order line, column, channel,
/// and <c>bias</c> [out].
/// </summary>
public sealed class Convolution
{
    private const int Neighbours = 9;

    /// <summary>Registers the parameters: weights start as PyTorch's do, the bias at 0.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="ins">Input channels.</param>
    /// <param name="outs">Output channels.</param>
    public Convolution(ParameterScope scope, int ins, int outs)
    {
        Weight = scope.Add(
            "weight", new TensorShape(outs, Neighbours * ins), Initializer.FanIn(Neighbours * ins), isHidden: true);
        Bias = scope.Add("bias", new TensorShape(outs), Initializer.Zero, decays: false);
    }

    /// <summary>[out, 9 in].</summary>
    public Parameter Weight { get; }

    /// <summary>[out].</summary>
    public Parameter Bias { get; }

    /// <summary>x * W + b + residual, see <see cref="ConvolutionOp"/>.</summary>
    public Tensor Forward(Tape tape, Tensor x, PixelGrid grid, Tensor? residual = null) =>
        tape.Convolve(x, grid, Weight, Bias, residual);
}
