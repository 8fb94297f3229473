using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A residual block of Stable Diffusion's autoencoder (spec 4.2): skip(x) + conv2(silu(norm2(conv1(silu(norm1(x)))))), where skip is a
/// convolution of one pixel if the channels change, and nothing otherwise.
/// </summary>
internal sealed class KlResidualBlock
{
    private const float NormEpsilon = 1e-6f;

    private readonly GroupNorm _norm1;
    private readonly Conv2d _conv1;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _skip;

    public KlResidualBlock(ParameterScope scope, int ins, int outs)
    {
        _norm1 = Norm(scope["norm1"], ins);
        _conv1 = Convolution(scope["conv1"], ins, outs, kernel: 3);
        _norm2 = Norm(scope["norm2"], outs);
        _conv2 = Convolution(scope["conv2"], outs, outs, kernel: 3);
        _skip = ins == outs ? null : Convolution(scope["nin_shortcut"], ins, outs, kernel: 1);
    }

    /// <summary>Group norm with the groups and the epsilon of all of them, and SiLU behind it unless attention follows.</summary>
    public static GroupNorm Norm(ParameterScope scope, int channels, Activation activation = Activation.Silu) =>
        new(scope, channels, KlAutoencoderConfig.Groups, NormEpsilon, activation);

    /// <summary>A convolution that keeps the size of its images.</summary>
    public static Conv2d Convolution(ParameterScope scope, int ins, int outs, int kernel) =>
        new(scope, ins, outs, (kernel, kernel), new Conv2dOptions(Padding: kernel / 2));

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, ins].</param>
    /// <returns>[B, H, W, outs].</returns>
    public Tensor Forward(Tape tape, Tensor x)
    {
        var inner = _norm2.Forward(tape, _conv1.Forward(tape, _norm1.Forward(tape, x)));
        return _conv2.Forward(tape, inner, residual: _skip is null ? x : _skip.Forward(tape, x));
    }
}
