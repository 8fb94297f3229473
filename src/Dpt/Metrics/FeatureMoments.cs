using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// Mean and covariance of feature vectors, accumulated one by one in double precision by Welford's update, which does
/// not cancel when the mean is large.
/// </summary>
public sealed class FeatureMoments
{
    private readonly double[] _mean;
    private readonly double[] _scatter;
    private readonly double[] _deviation;

    /// <summary>Starts empty.</summary>
    /// <param name="width">Numbers in a feature vector.</param>
    public FeatureMoments(int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        Width = width;
        _mean = new double[width];
        _scatter = new double[width * width];
        _deviation = new double[width];
    }

    /// <summary>Moments that are known already, e.g. of a published reference set.</summary>
    /// <param name="mean">Mean, [width].</param>
    /// <param name="covariance">Unbiased covariance, [width,width].</param>
    /// <param name="count">Vectors that they are of, at least 2.</param>
    /// <exception cref="DptException">Check: a number is not finite.</exception>
    public FeatureMoments(double[] mean, double[] covariance, long count) : this(mean.Length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(covariance.Length, Width * Width);
        if (!TensorPrimitives.IsFiniteAll<double>(mean) || !TensorPrimitives.IsFiniteAll<double>(covariance))
        {
            throw new DptException(FailureKind.Check, "moments with numbers that are not finite have no distance to others");
        }

        mean.CopyTo(_mean, 0);
        TensorPrimitives.Multiply(covariance, count - 1.0, _scatter);
        Count = count;
    }

    /// <summary>The moments of a set.</summary>
    /// <param name="features">[count,width].</param>
    /// <param name="width">Numbers in a feature vector.</param>
    /// <inheritdoc cref="Add"/>
    public static FeatureMoments Of(ReadOnlySpan<float> features, int width)
    {
        var moments = new FeatureMoments(width);
        moments.Add(features);
        return moments;
    }

    /// <summary>Numbers in a feature vector.</summary>
    public int Width { get; }

    /// <summary>Vectors added.</summary>
    public long Count { get; private set; }

    /// <summary>The mean, [Width].</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>Adds feature vectors.</summary>
    /// <param name="features">Any number of vectors, [count,Width].</param>
    /// <exception cref="ArgumentException">The length is not a multiple of the width.</exception>
    /// <exception cref="DptException">Diverged: a feature is not finite; none of the vectors is added.</exception>
    public void Add(ReadOnlySpan<float> features)
    {
        if (features.Length % Width != 0)
        {
            throw new ArgumentException($"{features.Length} numbers are not whole vectors of {Width}", nameof(features));
        }

        if (!TensorPrimitives.IsFiniteAll(features))
        {
            throw new DptException(FailureKind.Diverged, $"a feature among vectors {Count} to {Count + (features.Length / Width) - 1} is not finite");
        }

        for (var start = 0; start < features.Length; start += Width)
        {
            AddOne(features.Slice(start, Width));
        }
    }

    /// <summary>The unbiased covariance, [Width,Width].</summary>
    /// <exception cref="InvalidOperationException">There are fewer than two vectors.</exception>
    public double[] Covariance()
    {
        if (Count < 2)
        {
            throw new InvalidOperationException($"a covariance needs 2 vectors or more; there are {Count}");
        }

        var covariance = new double[Width * Width];
        TensorPrimitives.Divide(_scatter, Count - 1.0, covariance);
        return covariance;
    }

    private void AddOne(ReadOnlySpan<float> feature)
    {
        Count++;
        for (var i = 0; i < Width; i++)
        {
            _deviation[i] = feature[i] - _mean[i];
            _mean[i] += _deviation[i] / Count;
        }

        var share = (Count - 1.0) / Count;
        for (var i = 0; i < Width; i++)
        {
            var row = _scatter.AsSpan(i * Width, Width);
            TensorPrimitives.MultiplyAdd(_deviation, share * _deviation[i], row, row);
        }
    }
}
