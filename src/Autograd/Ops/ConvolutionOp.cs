using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// y = x * W + b + residual: a 3 x 3 convolution with zero padding as three matrix products, one for each line of the filter. The
/// three neighbours of a pixel in a line are adjacent rows of a <see cref="PixelGrid"/>, so a row of the left factor is 3 C numbers
/// that begin one pixel to the left, and the row after it begins C numbers on: nothing is unfolded, nothing is copied.
/// </summary>
/// <remarks>
/// FLOPs: 18 C C' for each of grid.Rows rows. Bytes: 4 grid.Rows (3 C + 5 C'). The gradient of x is the convolution of the result's
/// with the filter turned by half a turn; that of W is three products over all rows, to which the border adds zeros.
/// </remarks>
public static class ConvolutionOp
{
    private const int Size = 3;

    /// <summary>Convolves.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Pixels, [grid.Rows, C]; its border is set to 0.</param>
    /// <param name="grid">Where pixels lie.</param>
    /// <param name="weight">[C', 9 C] in the order line, column, channel of the neighbour.</param>
    /// <param name="bias">[C'], or null.</param>
    /// <param name="residual">Added to the result, [grid.Rows, C'], or null.</param>
    /// <returns>[grid.Rows, C'], its border 0.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor Convolve(
        this Tape tape, Tensor x, PixelGrid grid, Tensor weight, Tensor? bias = null, Tensor? residual = null)
    {
        Shapes.RequireRank(nameof(Convolve), nameof(x), x, 2);
        var width = x.Shape.Last;
        Shapes.Require(nameof(Convolve), nameof(x), x, new TensorShape(grid.Rows, width));
        Shapes.RequireMatrix(nameof(Convolve), weight, Size * Size * width);
        var outs = weight.Shape[0];
        var y = tape.New(new TensorShape(grid.Rows, outs));
        Shapes.RequireIfGiven(nameof(Convolve), nameof(bias), bias, new TensorShape(outs));
        Shapes.RequireIfGiven(nameof(Convolve), nameof(residual), residual, y.Shape);

        grid.ClearBorder(tape.Device, x.DataToChange, width);
        var (pixels, filter) = (tape.FactorOf(x), tape.FactorOf(weight));
        for (var line = 0; line < Size; line++)
        {
            var first = line == 0;
            var (a, b) = (Neighbours(grid, pixels, width, line), filter.From(line * Size * width));
            var call = new MatMulCall
            {
                M = grid.Reach,
                N = outs,
                K = Size * width,
                TransposeB = true,
                A = a.Floats,
                StrideA = width,
                B = b.Floats,
                StrideB = Size * Size * width,
                C = Pixels(grid, y.Data, outs),
                Accumulate = !first,
                Bias = first ? bias?.Data ?? default : default,
                Residual = first && residual is not null ? Pixels(grid, residual.Data, outs) : default,
            };
            tape.Device.Multiply(in call, a, b);
        }

        grid.ClearBorder(tape.Device, y.Data, outs);
        tape.Observer?.Ran(new TracedConvolution(y, x, grid, weight, bias, residual));
        if (tape.Records(x, weight, bias, residual))
        {
            tape.Record(y, new Node(y, grid, x, weight, bias, residual));
        }

        return y;
    }

    /// <summary>What a line of the filter sees of each pixel's neighbourhood, from the first pixel's on.</summary>
    private static Factor Neighbours(PixelGrid grid, Factor rows, int width, int line) =>
        rows.From((long)(grid.First + ((line - 1) * grid.Line) - 1) * width);

    /// <summary>The rows from the first pixel to the last.</summary>
    private static Slice<float> Pixels(PixelGrid grid, Slice<float> rows, int width) =>
        rows.Range((long)grid.First * width, (long)grid.Reach * width);

    private sealed class Node(Tensor y, PixelGrid grid, Tensor x, Tensor weight, Tensor? bias, Tensor? residual) : TapeNode(y)
    {
        private readonly int _width = x.Shape.Last;
        private readonly int _outs = y.Shape.Last;

        public override void Backward(Tape tape)
        {
            grid.ClearBorder(tape.Device, Output.Gradient, _outs);
            using (var dy = TemporaryFactor.OfGradient(tape.Device, Output))
            {
                if (x.NeedsGradient)
                {
                    OfInput(tape, dy.Factor);
                }

                if (weight.NeedsGradient)
                {
                    OfWeight(tape, dy.Factor);
                }
            }

            LinearGradients.OfBias(tape.Device, Output.ArrivedGradient, grid.Rows, bias);
            if (residual is not null)
            {
                Output.PassGradientTo(residual, tape.Device);
            }
        }

        private void OfInput(Tape tape, Factor dy)
        {
            var device = tape.Device;
            using var turned = device.Allocate<float>(weight.Shape.Count);
            Turn(device, turned.Slice);
            using var filter = new TemporaryFactor(device, turned.Slice);
            using var dx = GradientSink.Open(device, x);
            for (var line = 0; line < Size; line++)
            {
                var (a, b) = (Neighbours(grid, dy, _outs, line), filter.Factor.From((long)line * Size * _outs * _width));
                var call = new MatMulCall
                {
                    M = grid.Reach,
                    N = _width,
                    K = Size * _outs,
                    A = a.Floats,
                    StrideA = _outs,
                    B = b.Floats,
                    C = Pixels(grid, dx.Target, _width),
                    Accumulate = dx.Accumulate || line > 0,
                };
                device.Multiply(in call, a, b);
            }

            grid.ClearBorder(device, dx.Target, _width);
        }

        private void OfWeight(Tape tape, Factor dy)
        {
            using var dw = GradientSink.Open(tape.Device, weight);
            var (pixels, a) = (tape.FactorOf(x), dy.Range((long)grid.First * _outs, (long)grid.Reach * _outs));
            for (var line = 0; line < Size; line++)
            {
                var b = Neighbours(grid, pixels, _width, line);
                var call = new MatMulCall
                {
                    M = _outs,
                    N = Size * _width,
                    K = grid.Reach,
                    TransposeA = true,
                    A = a.Floats,
                    B = b.Floats,
                    StrideB = _width,
                    C = dw.Target.From(line * Size * _width),
                    StrideC = Size * Size * _width,
                    Accumulate = dw.Accumulate,
                };
                tape.Device.Multiply(in call, a, b);
            }
        }

        /// <summary>[C', line, column, C] to [line, column, C', C], lines and columns in reverse.</summary>
        private void Turn(Device device, Slice<float> turned)
        {
            long width = _width, block = _outs * width;
            for (var tap = 0; tap < Size * Size; tap++)
            {
                device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
                {
                    Sizes = new Axes4(1, 1, _outs, width),
                    StridesX = new Axes4(0, 0, Size * Size * width, 1),
                    StridesY = new Axes4(0, 0, width, 1),
                    X = weight.Data.From(((Size * Size) - 1 - tap) * width),
                    Y = turned.From(tap * block),
                });
            }
        }
    }
}
