using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Images of twice the side and of half of it, with the filter [1, 1] of DDPM++ and of Stable Diffusion's autoencoder: a pixel becomes
/// four, four become their mean. Either is the other's gradient, but for a factor.
/// </summary>
public static class ResampleOp
{
    /// <summary>Every pixel four times: the nearest.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, H, W, C].</param>
    /// <returns>[B, 2H, 2W, C].</returns>
    /// <exception cref="ArgumentException">x has another rank.</exception>
    public static Tensor UpSample(this Tape tape, Tensor x)
    {
        Shapes.RequireRank(nameof(UpSample), nameof(x), x, 4);
        var y = tape.New(x.Shape.With(1, 2 * x.Shape[1]).With(2, 2 * x.Shape[2]));
        RepeatPixels(tape.Device, x, y);
        tape.Observer?.Ran(new TracedUpSample(y, x));
        return tape.Record(y, (x, (g, _) => tape.SumOfFour(g)));
    }

    /// <summary>The mean of every four pixels.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[B, 2H, 2W, C].</param>
    /// <returns>[B, H, W, C].</returns>
    /// <exception cref="ArgumentException">x has another rank, or an odd height or width.</exception>
    public static Tensor DownSample(this Tape tape, Tensor x) => tape.Scale(tape.SumOfFour(x), 0.25f);

    private static Tensor SumOfFour(this Tape tape, Tensor x)
    {
        Shapes.RequireRank(nameof(DownSample), nameof(x), x, 4);
        if (x.Shape[1] % 2 != 0 || x.Shape[2] % 2 != 0)
        {
            throw new ArgumentException($"{nameof(DownSample)}: images of {x.Shape[1]} x {x.Shape[2]} pixels cannot be halved");
        }

        var y = tape.New(x.Shape.With(1, x.Shape[1] / 2).With(2, x.Shape[2] / 2));
        AddPixels(tape.Device, x, y);
        tape.Observer?.Ran(new TracedSumOfFour(y, x));
        return tape.Record(y, (x, (g, _) => tape.UpSample(g)));
    }

    /// <summary>Both lines that a line becomes, each with every pixel twice.</summary>
    private static void RepeatPixels(Device device, Tensor x, Tensor y)
    {
        var (lines, width, channels) = ((long)x.Shape[0] * x.Shape[1], (long)x.Shape[2], (long)x.Shape[3]);
        for (var line = 0; line < 2; line++)
        {
            device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
            {
                Sizes = new Axes4(lines, width, 2, channels),
                StridesX = new Axes4(width * channels, channels, 0, 1),
                StridesY = new Axes4(4 * width * channels, 2 * channels, channels, 1),
                X = x.Data,
                Y = y.Data.From(line * 2 * width * channels),
            });
        }
    }

    /// <summary>Lines by twos, then the pixels of each sum.</summary>
    private static void AddPixels(Device device, Tensor x, Tensor y)
    {
        var (lines, width, channels) = (checked(y.Shape[0] * y.Shape[1]), y.Shape[2], y.Shape[3]);
        using var sums = device.Allocate<float>(2L * lines * width * channels);
        Add(x.Data, sums.Slice, outer: lines, inner: 2 * width * channels);
        Add(sums.Slice, y.Data, outer: lines * width, inner: channels);

        void Add(Slice<float> from, Slice<float> to, int outer, int inner) =>
            device.Run(PrimitiveOperators.AxisReduce, new AxisReduceCall
            {
                Outer = outer,
                Length = 2,
                Inner = inner,
                Reduction = AxisReduction.Sum,
                X = from,
                Y = to,
            });
    }
}
