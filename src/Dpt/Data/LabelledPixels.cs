namespace DPT.Engine.Dpt;

/// <summary>Square images of one size with numbers for classes: a part of a set that keeps no names.</summary>
/// <param name="Pixels">[N,C,S,S].</param>
/// <param name="Labels">[N].</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="Side">Side in pixels.</param>
internal sealed record LabelledPixels(byte[] Pixels, int[] Labels, int Channels, int Side)
{
    private const int LargestSide = 16384;

    /// <summary>Throws unless images may be that large.</summary>
    /// <exception cref="InvalidDataException">They are not square, or too large.</exception>
    public static void RequireSquare(long height, long width)
    {
        if (height != width || height is < 1 or > LargestSide)
        {
            throw new InvalidDataException($"its images are {height}x{width}; they must be square, of side 1..{LargestSide}");
        }
    }

    /// <summary>A set of two parts.</summary>
    /// <param name="place">The folder or file they come from.</param>
    /// <param name="train">The training images.</param>
    /// <param name="test">The test images.</param>
    /// <exception cref="DptException">Check: the parts do not go together.</exception>
    public static DatasetPair Pair(string place, LabelledPixels train, LabelledPixels test)
    {
        if ((train.Channels, train.Side) != (test.Channels, test.Side))
        {
            throw new DptException(
                FailureKind.Check,
                $"'{place}': training images have side {train.Side} and {train.Channels} channels, test images {test.Side} and {test.Channels}; "
                + "they must agree");
        }

        var classes = NumberedClasses.Names(place, train.Labels, test.Labels);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(place)));
        return new DatasetPair(train.Of(name, classes), test.Of(name, classes));
    }

    /// <summary>A set of one part, some of which is set aside for testing.</summary>
    /// <param name="place">The folder or file it comes from.</param>
    /// <param name="all">The images.</param>
    /// <param name="remedy">How test images can be given, for a message.</param>
    /// <exception cref="DptException">Check: no image has a label. Environment: there are too few to set any aside.</exception>
    public static DatasetPair Split(string place, LabelledPixels all, string remedy)
    {
        var whole = Pair(place, all, all with { Pixels = [], Labels = [] });
        var (train, test) = TestShare.Of(place, all.Labels, remedy);
        return test.Length == 0 ? whole : new DatasetPair(whole.Train.Select(train), whole.Train.Select(test));
    }

    private ImageDataset Of(string name, string[] classes) => new(name, classes, Channels, Side, Pixels, Labels);
}
