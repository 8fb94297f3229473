using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>Features of images as a probe learns from them, a row an image: in double precision, 8 bytes a number.</summary>
internal sealed class FeatureRows
{
    /// <summary>A row this short says nothing but rounding (spec 2.3).</summary>
    private const double ShortestNorm = 1e-10;

    /// <summary>Takes rows as they are.</summary>
    /// <param name="values">[N, width].</param>
    /// <param name="width">Numbers of a row, at least 1.</param>
    public FeatureRows(double[] values, int width) => (Values, Width) = (values, width);

    /// <summary>[N, Width].</summary>
    public double[] Values { get; }

    /// <summary>Numbers of a row.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Count => Values.Length / Width;

    /// <summary>Rows whose numbers were all the same, so that nothing is left of them: they are 0.</summary>
    public int Empty { get; private init; }

    /// <summary>A row.</summary>
    public ReadOnlySpan<double> this[int row] => Values.AsSpan(row * Width, Width);

    /// <summary>The rows at <paramref name="indices"/>, in that order.</summary>
    public FeatureRows Select(ReadOnlySpan<int> indices)
    {
        var values = new double[indices.Length * Width];
        for (var i = 0; i < indices.Length; i++)
        {
            this[indices[i]].CopyTo(values.AsSpan(i * Width));
        }

        return new FeatureRows(values, Width);
    }

    /// <summary>Each row without its mean, at length 1: of the row's own numbers, not of the set's (spec 2.3).</summary>
    /// <param name="features">[N, width].</param>
    /// <param name="width">Numbers of a row, at least 1.</param>
    public static FeatureRows Normalised(float[] features, int width) => Normalised(Array.ConvertAll(features, value => (double)value), width);

    /// <inheritdoc cref="Normalised(float[], int)"/>
    /// <remarks>Takes ownership of the array.</remarks>
    public static FeatureRows Normalised(double[] features, int width)
    {
        var empty = 0;
        for (var start = 0; start < features.Length; start += width)
        {
            var row = features.AsSpan(start, width);
            TensorPrimitives.Subtract(row, TensorPrimitives.Sum<double>(row) / width, row);
            var norm = TensorPrimitives.Norm<double>(row);
            if (norm <= ShortestNorm)
            {
                row.Clear();
                empty++;
            }
            else
            {
                TensorPrimitives.Divide(row, norm, row);
            }
        }

        return new FeatureRows(features, width) { Empty = empty };
    }
}
