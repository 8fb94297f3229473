using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// A block of a SongUNet (spec 4.7): (skip(x) + conv1(silu(norm1(conv0(silu(norm0(x))) + affine(embedding))))) / sqrt(2), where conv0 and
/// skip may halve or double the images first and dropout is in front of conv1; then, where it has attention, (y + attention(norm2(y))) / sqrt(2).
/// </summary>
internal sealed class SongUNetBlock
{
    private const float NormEpsilon = 1e-6f;

    /// <summary>Start of what ends a residual branch: all but nothing.</summary>
    private const float Closed = 1e-5f;

    private static readonly float ResidualScale = MathF.Sqrt(0.5f);

    private readonly SongUNetBlockShape _shape;
    private readonly int _layer;
    private readonly GroupNorm _norm0;
    private readonly Conv2d _conv0;
    private readonly Linear _affine;
    private readonly GroupNorm _norm1;
    private readonly Conv2d _conv1;
    private readonly Conv2d? _skip;
    private readonly PixelAttention? _attention;

    /// <param name="scope">Where its parameters are.</param>
    /// <param name="shape">Where it stands.</param>
    /// <param name="embeddingWidth">Numbers that tell it time and class.</param>
    /// <param name="layer">Its number among all blocks: dropout has a stream for each.</param>
    public SongUNetBlock(ParameterScope scope, SongUNetBlockShape shape, int embeddingWidth, int layer)
    {
        var (ins, outs) = (shape.Ins, shape.Outs);
        (_shape, _layer) = (shape, layer);
        _norm0 = Norm(scope["norm0"], ins);
        _conv0 = Convolution(scope["conv0"], ins, outs, kernel: 3);
        _affine = Linear(scope["affine"], embeddingWidth, outs);
        _norm1 = Norm(scope["norm1"], outs);
        _conv1 = Convolution(scope["conv1"], outs, outs, kernel: 3, Closed);
        _skip = shape.IsKept ? null : Convolution(scope["skip"], ins, outs, kernel: 1);
        _attention = shape.HasAttention ? new PixelAttention(scope, outs) : null;
    }

    /// <summary>Group norm with the epsilon of all of them, and SiLU behind it unless attention follows.</summary>
    public static GroupNorm Norm(ParameterScope scope, int channels, Activation activation = Activation.Silu) =>
        new(scope, channels, SongUNetConfig.Groups(channels), NormEpsilon, activation);

    /// <summary>A convolution that keeps the size of its images.</summary>
    public static Conv2d Convolution(ParameterScope scope, int ins, int outs, int kernel, float gain = 1) => new(
        scope,
        ins,
        outs,
        (kernel, kernel),
        new Conv2dOptions(Padding: kernel / 2),
        weight: Initializer.XavierUniform(kernel * kernel * ins, kernel * kernel * outs, gain));

    /// <summary>The last convolution of a network, which starts with all but nothing.</summary>
    public static Conv2d ClosedConvolution(ParameterScope scope, int ins, int outs) => Convolution(scope, ins, outs, kernel: 3, Closed);

    public static Linear Linear(ParameterScope scope, int ins, int outs) =>
        new(scope, ins, outs, Initializer.XavierUniform(ins, outs), Initializer.Zero);

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, ins].</param>
    /// <param name="embedding">What the images are and how noisy, [B, embedding].</param>
    /// <param name="draw">Where the random numbers of dropout begin; empty where there is none.</param>
    /// <returns>[B, H', W', outs]. Where nothing is recorded, only the result is kept.</returns>
    public Tensor Forward(Tape tape, Tensor x, Tensor embedding, Slice<int> draw) =>
        tape.Recording ? Run(tape, x, embedding, draw) : tape.WithoutGradient(() => Run(tape, x, embedding, draw));

    private Tensor Run(Tape tape, Tensor x, Tensor embedding, Slice<int> draw)
    {
        var inner = Resampled(tape, _norm0.Forward(tape, x));
        inner = _conv0.Forward(tape, inner, residual: Everywhere(tape, _affine.Forward(tape, embedding), inner));
        inner = _norm1.Forward(tape, inner);
        inner = draw.IsEmpty ? inner : tape.Dropout(inner, _shape.Dropout, _layer, draw);
        var residual = _skip is null ? x : _skip.Forward(tape, Resampled(tape, x));
        var y = tape.Scale(_conv1.Forward(tape, inner, residual), ResidualScale);
        return _attention is null ? y : tape.Scale(_attention.Forward(tape, y), ResidualScale);
    }

    private Tensor Resampled(Tape tape, Tensor x) => _shape.Resampling switch
    {
        Resampling.Down => tape.DownSample(x),
        Resampling.Up => tape.UpSample(x),
        _ => x,
    };

    /// <summary>A row of each image, [B, C], at all pixels of images like x.</summary>
    private static Tensor Everywhere(Tape tape, Tensor rows, Tensor x)
    {
        var pixel = tape.Reshape(rows, new TensorShape(rows.Shape[0], 1, 1, rows.Shape[1]));
        return tape.Expand(tape.Expand(pixel, axis: 1, x.Shape[1]), axis: 2, x.Shape[2]);
    }

    /// <summary>
    /// x + proj(attention(qkv(norm2(x)))), one head on all pixels of an image. The official projection has the query, key and value of a
    /// channel side by side; ours are read one after the other, so its rows are put in that order, which costs less than to put pixels.
    /// </summary>
    private sealed class PixelAttention(ParameterScope scope, int channels)
    {
        private const int Parts = 3;

        private static readonly float QkvGain = MathF.Sqrt(0.2f);

        private readonly GroupNorm _norm = Norm(scope["norm2"], channels, Activation.None);
        private readonly Conv2d _qkv = Convolution(scope["qkv"], channels, Parts * channels, kernel: 1, QkvGain);
        private readonly Conv2d _projection = Convolution(scope["proj"], channels, channels, kernel: 1, Closed);

        public Tensor Forward(Tape tape, Tensor x)
        {
            var pixels = tape.Reshape(x, new TensorShape(x.Shape[0], x.Shape[1] * x.Shape[2], channels));
            var weight = InParts(tape, _qkv.Weight, new TensorShape(channels, Parts, channels), new TensorShape(Parts * channels, channels));
            var bias = InParts(tape, _qkv.Bias!, new TensorShape(channels, Parts), new TensorShape(Parts * channels));
            var qkv = tape.Linear(_norm.Forward(tape, pixels), weight, bias, isFactor: true);
            var projection = tape.Reshape(_projection.Weight, new TensorShape(channels, channels));
            var y = tape.Linear(tape.Attention(qkv, heads: 1), projection, _projection.Bias, residual: pixels);
            return tape.Reshape(y, x.Shape);
        }

        /// <summary>From [channel][part] to [part][channel].</summary>
        private static Tensor InParts(Tape tape, Tensor x, TensorShape byChannel, TensorShape shape) =>
            tape.Reshape(tape.Transpose(tape.Reshape(x, byChannel), 0, 1), shape);
    }
}
