using System.Globalization;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Images as files in a folder per class, as <c>folder:DIR</c> reads them.</summary>
public static class ImageFolder
{
    /// <summary>Writes <c>CLASS/00000.png</c> and on; the folder appears whole or not at all.</summary>
    /// <param name="images">The images, all labelled.</param>
    /// <param name="path">A folder that does not exist yet, in one that does.</param>
    /// <exception cref="DptException">
    /// Usage: the name of a class is no name of a folder. Environment: the folder exists, or cannot be written.
    /// </exception>
    public static void Save(ImageDataset images, string path)
    {
        var wrong = images.ClassNames.FirstOrDefault(name => name != Path.GetFileName(name) || name.Contains('\\') || name is "" or "." or "..");
        Usage.Require(wrong is null, $"the class '{OneLine.Start(wrong ?? "")}' is no name of a folder");
        try
        {
            AtomicFolder.Create(path, folder => SaveAll(images, folder));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }
    }

    private static void SaveAll(ImageDataset images, string path)
    {
        var counts = new int[images.Classes];
        for (var i = 0; i < images.Count; i++)
        {
            var label = images.Labels[i];
            var folder = Directory.CreateDirectory(Path.Combine(path, images.ClassNames[label])).FullName;
            using var file = File.Create(Path.Combine(folder, (counts[label]++).ToString("00000", CultureInfo.InvariantCulture) + ".png"));
            ImageFile.EncodePng(file, images.Image(i), images.Channels, images.ImageSize, images.ImageSize);
        }
    }
}
