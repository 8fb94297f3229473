namespace DPT.Engine.Dpt;

/// <summary>Image files in archives, whose labels are numbers: what zip, tar and Parquet have in common.</summary>
/// <param name="endings">Endings of the archives in a folder, the first for messages.</param>
/// <param name="addTo">Adds the images of an archive.</param>
internal sealed class ArchiveSource(string[] endings, Action<ArchiveImages, ArchivePlace> addTo)
{
    public DatasetPair Load(string place, DataOptions options, int seed)
    {
        var notes = new ReadingNotes();
        var (trainPlaces, testPlaces) = ArchivePlaces.Find(place, endings);
        using var train = Open(place, trainPlaces, notes);
        using var test = Open(place, testPlaces, notes);
        LabelledFile[] trainFiles = [.. train.Files];
        LabelledFile[] testFiles = [.. test.Files];
        var classes = NumberedClasses.Names(
            place, Array.ConvertAll(trainFiles, file => file.Label), Array.ConvertAll(testFiles, file => file.Label), train.ClassNames);
        var part = new ImagePart(train, classes, trainFiles);
        if (testPlaces.Length > 0)
        {
            return ImageReading.Read(place, part, new ImagePart(test, classes, testFiles), options, seed, notes);
        }

        var (training, testing) = TestShare.Of(
            place, part.Labels, $"test images have to come in an archive test{endings[0]}, in a folder with train{endings[0]}");
        return ImageReading.Read(place, part.Keep(training), part.Keep(testing), options, seed, notes);
    }

    private ArchiveImages Open(string place, ArchivePlace[] archives, ReadingNotes notes)
    {
        var images = new ArchiveImages(place, notes);
        try
        {
            foreach (var archive in archives)
            {
                var before = images.Files.Count;
                DataFile.Worded(archive.Path, () =>
                {
                    addTo(images, archive);
                    return images.Files.Count > before ? images : throw new InvalidDataException($"it has no {ImageKind.Names} images");
                });
            }

            return images;
        }
        catch
        {
            images.Dispose();
            throw;
        }
    }
}
