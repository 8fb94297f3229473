namespace DPT.Engine.Autograd;

/// <summary>
/// A convolution of images with channels last: parameters <c>weight</c> [C', kh, kw, C/g], which is PyTorch's [C', C/g, kh, kw] with
/// its channel last, and, with a bias, <c>bias</c> [C'].
/// </summary>
public sealed class Conv2d
{
    private readonly Conv2dOptions _options;

    /// <summary>Registers the parameters.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="ins">Channels, C; a multiple of the groups.</param>
    /// <param name="outs">Output channels, C'; a multiple of the groups.</param>
    /// <param name="kernel">Lines and columns of the filter, kh and kw.</param>
    /// <param name="options">Stride, padding and groups; null for a stride of 1 without any.</param>
    /// <param name="hasBias">Whether there is a bias.</param>
    /// <param name="weight">Starting values of the weight; null for PyTorch's, uniform within 1/sqrt(C/g kh kw).</param>
    /// <param name="bias">Starting values of the bias; null for 0.</param>
    /// <exception cref="ArgumentException">The groups do not divide channels and output channels.</exception>
    public Conv2d(
        ParameterScope scope,
        int ins,
        int outs,
        (int Height, int Width) kernel,
        Conv2dOptions? options = null,
        bool hasBias = true,
        Initializer? weight = null,
        Initializer? bias = null)
    {
        _options = options ?? new Conv2dOptions();
        if (_options.Groups < 1 || ins % _options.Groups != 0 || outs % _options.Groups != 0)
        {
            throw new ArgumentException($"{_options.Groups} groups do not cut {ins} channels and {outs} output channels into whole ones");
        }

        var channels = ins / _options.Groups;
        Weight = scope.Add(
            "weight", new TensorShape(outs, kernel.Height, kernel.Width, channels),
            weight ?? Initializer.FanIn(kernel.Height * kernel.Width * channels));
        Bias = hasBias ? scope.Add("bias", new TensorShape(outs), bias ?? Initializer.Zero, decays: false) : null;
    }

    /// <summary>[C', kh, kw, C/g].</summary>
    public Parameter Weight { get; }

    /// <summary>[C'], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>x * W + b + residual, see <see cref="Conv2dOp"/>.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Images, [B, H, W, C].</param>
    /// <param name="residual">Added to the result, [B, H', W', C'], or null.</param>
    /// <returns>[B, H', W', C'].</returns>
    public Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Conv2d(x, Weight, _options, Bias, residual);
}
