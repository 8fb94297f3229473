using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Square pictures whose pixels are rows of one matrix, [Rows, channels], with rows of zeros where a neighbour is missing: a line
/// of them above and a pixel to the left of every picture, which serve the picture before and the line before as well. So each
/// neighbour of a pixel lies at one distance from it in all pictures, and a convolution is a matrix product
/// (<see cref="ConvolutionOp"/>).
/// </summary>
/// <param name="Batch">Pictures.</param>
/// <param name="Side">Pixels along a side.</param>
/// <remarks>
/// What stands in the border is no part of a picture: operators that work row by row may leave any finite number there.
/// The price is (1 + 1 / Side)^2 rows to a pixel.
/// </remarks>
public readonly record struct PixelGrid(int Batch, int Side)
{
    /// <summary>Rows of all pictures with their borders, and of a border below the last.</summary>
    public int Rows => checked((Batch * Line * Line) + First);

    /// <summary>Rows from a pixel to the one below.</summary>
    internal int Line => Side + 1;

    /// <summary>The first pixel: below a line of zeros, right of one more.</summary>
    internal int First => Line + 1;

    /// <summary>Rows from the first pixel to the last, both included, and borders between.</summary>
    internal int Reach => Rows - (2 * First);

    /// <summary>Writes zeros to the border.</summary>
    /// <param name="device">Where.</param>
    /// <param name="rows">[Rows, width].</param>
    /// <param name="width">Numbers of a row.</param>
    internal void ClearBorder(Device device, Slice<float> rows, int width)
    {
        // Above the first picture; its zeros are repeated above each further one and below the last, then to the left.
        var (above, line) = ((long)First * width, (long)Line * width);
        device.Clear(rows.Range(0, above));
        Repeat(new Axes4(1, 1, Batch, above), new Axes4(0, 0, Line * line, 1), rows.From(Line * line));
        if (Side > 1)
        {
            Repeat(new Axes4(1, Batch, Side - 1, width), new Axes4(0, Line * line, line, 1), rows.From(2 * line));
        }

        void Repeat(Axes4 sizes, Axes4 strides, Slice<float> to) => device.Run(PrimitiveOperators.StridedCopy, new StridedCopyCall
        {
            Sizes = sizes,
            StridesX = new Axes4(0, 0, 0, 1),
            StridesY = strides,
            X = rows.Range(0, sizes.A3),
            Y = to,
        });
    }
}
