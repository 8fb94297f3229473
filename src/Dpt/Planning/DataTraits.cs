namespace DPT.Engine.Dpt;

/// <summary>
/// What a plan may know of the data: the form and number of the training images, how many labels there are, and whether mirrored
/// images look like the set. No test image, and no label of an unlabelled image, has a part in it.
/// </summary>
/// <param name="Side">Side of the images in pixels, before the plan resizes them.</param>
/// <param name="SideIsGiven">Whether the user chose that side: then it stays.</param>
/// <param name="Channels">1 (grey) or 3 (colour).</param>
/// <param name="Images">Training images.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Labelled">Labelled training images.</param>
/// <param name="MirrorRatio">
/// Distance of a mirrored image to its nearest neighbour over the distance of the image itself; see <see cref="MirrorTest"/>.
/// </param>
internal sealed record DataTraits(
    int Side, bool SideIsGiven, int Channels, int Images, int Classes, int Labelled, double MirrorRatio)
{
    /// <summary>Looks at the training images.</summary>
    /// <param name="train">The training images; labels are not read.</param>
    /// <param name="labelled">How many of them are labelled.</param>
    /// <param name="sideIsGiven">Whether the user chose their side.</param>
    public static DataTraits Of(ImageDataset train, int labelled, bool sideIsGiven) => new(
        train.ImageSize, sideIsGiven, train.Channels, train.Count, train.Classes, labelled, MirrorTest.Ratio(train));
}
