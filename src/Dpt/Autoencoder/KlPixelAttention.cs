using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// x + proj_out(softmax(q k^T / sqrt(C)) v) of norm(x), one head on all pixels of an image (spec 4.2).
/// </summary>
/// <remarks>
/// The head has 512 channels, twice what the attention operators take on any device, so it is made of products, one image at a time: they
/// run everywhere, and are nearly all of its work. The price is the table of all pairs of pixels, 4 MiB for images of 256 pixels a side.
/// </remarks>
internal sealed class KlPixelAttention(ParameterScope scope, int channels)
{
    private readonly GroupNorm _norm = KlResidualBlock.Norm(scope["norm"], channels, Activation.None);
    private readonly Conv2d _query = KlResidualBlock.Convolution(scope["q"], channels, channels, kernel: 1);
    private readonly Conv2d _key = KlResidualBlock.Convolution(scope["k"], channels, channels, kernel: 1);
    private readonly Conv2d _value = KlResidualBlock.Convolution(scope["v"], channels, channels, kernel: 1);
    private readonly Conv2d _projection = KlResidualBlock.Convolution(scope["proj_out"], channels, channels, kernel: 1);

    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, channels].</param>
    /// <returns>Like x.</returns>
    public Tensor Forward(Tape tape, Tensor x)
    {
        var normed = _norm.Forward(tape, x);
        var query = tape.Scale(_query.Forward(tape, normed), 1 / MathF.Sqrt(channels));
        var (key, value) = (_key.Forward(tape, normed), _value.Forward(tape, normed));
        var mixed = Enumerable.Range(0, x.Shape[0])
            .Select(image => Mix(tape, Pixels(tape, query, image), Pixels(tape, key, image), Pixels(tape, value, image)))
            .Aggregate((first, next) => tape.Concat(axis: 0, first, next));
        return _projection.Forward(tape, tape.Reshape(mixed, x.Shape), residual: x);
    }

    /// <summary>The pixels of an image, [L, channels].</summary>
    private Tensor Pixels(Tape tape, Tensor x, int image) =>
        tape.Reshape(tape.Slice(x, axis: 0, image, 1), new TensorShape(x.Shape[1] * x.Shape[2], channels));

    /// <summary>softmax(q k^T) v, divided by the sums of the exponentials last, where there are fewer numbers.</summary>
    private Tensor Mix(Tape tape, Tensor query, Tensor key, Tensor value)
    {
        var scores = tape.Linear(query, key);
        var largest = tape.Expand(tape.Max(scores, axis: 1), axis: 1, scores.Shape[1]);
        var exponentials = tape.Exp(tape.Add(scores, tape.Scale(largest, -1)));
        var sums = tape.Expand(tape.Sum(exponentials, axis: 1), axis: 1, channels);
        return tape.Div(tape.Linear(exponentials, tape.Transpose(value, 0, 1)), sums);
    }
}
