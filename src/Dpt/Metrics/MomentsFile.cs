using System.Numerics.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// Mean and covariance of a set's features in an <c>.npz</c> as pytorch-fid has it: <c>mu</c> [width] and <c>sigma</c> [width, width],
/// float64 (spec 7.2, 8.6). It says neither whose features they are nor of how many images: that is for the user to know.
/// </summary>
public static class MomentsFile
{
    private const string Mean = "mu";
    private const string Covariance = "sigma";

    /// <summary>Far less rounding than float32 has: what tools write is symmetric but for that.</summary>
    private const double Asymmetry = 1e-4;

    /// <summary>Reads moments.</summary>
    /// <exception cref="DptException">Environment: the file cannot be read. Check: it is damaged, or holds something else.</exception>
    public static FeatureMoments Load(string path)
    {
        var (mean, covariance) = DataFile.ReadSeekable(path, stream =>
        {
            using var archive = new NpzArchive(stream);
            return (archive.Doubles(Mean), archive.Doubles(Covariance));
        });
        var width = mean.Values.Length;
        if (mean.Shape is not [> 0] || covariance.Shape is not [var rows, var columns] || rows != width || columns != width)
        {
            throw DataFile.Corrupt(path, $"'{Mean}' is {mean} and '{Covariance}' {covariance}; they are [width] and [width, width]");
        }

        if (!TensorPrimitives.IsFiniteAll<double>(mean.Values) || !TensorPrimitives.IsFiniteAll<double>(covariance.Values))
        {
            throw DataFile.Corrupt(path, "a number in it is not finite");
        }

        if (!IsSymmetric(covariance.Values, width))
        {
            throw DataFile.Corrupt(path, $"'{Covariance}' is not symmetric, so it is no covariance");
        }

        // How many vectors they are of is not known; with two, the covariance is taken as it is.
        return new FeatureMoments(mean.Values, covariance.Values, count: 2);
    }

    /// <summary>Writes moments; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="moments">Of at least two vectors.</param>
    public static void Save(string path, FeatureMoments moments) => NpyFile.WriteAll(path,
    [
        KeyValuePair.Create(Mean, new NpyArray<double>([moments.Width], moments.Mean.ToArray())),
        KeyValuePair.Create(Covariance, new NpyArray<double>([moments.Width, moments.Width], moments.Covariance())),
    ]);

    private static bool IsSymmetric(double[] matrix, int width)
    {
        for (var i = 0; i < width; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (a, b) = (matrix[(i * width) + j], matrix[(j * width) + i]);
                var scale = Math.Sqrt(Math.Abs(matrix[(i * width) + i] * matrix[(j * width) + j]));
                if (Math.Abs(a - b) > Asymmetry * scale)
                {
                    return false;
                }
            }
        }

        return true;
    }
}
