using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What a classifier says of an image.</summary>
/// <param name="File">The image, as it was named or below the folder that was.</param>
/// <param name="Class">The most probable class.</param>
/// <param name="Probability">Its probability, 0..1.</param>
/// <param name="Probabilities">Of every class, in the order of the classes.</param>
public sealed record ImagePrediction(string File, string Class, float Probability, IReadOnlyDictionary<string, float> Probabilities);

/// <summary>What the best finished classifier of a run says of images.</summary>
/// <param name="Classifier">Path of the classifier.</param>
/// <param name="Images">A prediction for each image that can be read.</param>
/// <param name="Skipped">The images that cannot be read, if they may be left out.</param>
public sealed record Predictions(string Classifier, IReadOnlyList<ImagePrediction> Images, IReadOnlyList<BrokenImage> Skipped)
{
    /// <summary>Images in memory at a time.</summary>
    private const int Batch = 1000;

    /// <summary>The predictions as CSV, <c>file,class,probability</c>.</summary>
    public IEnumerable<string> Csv => Images
        .Select(image => string.Create(
            CultureInfo.InvariantCulture, $"{CsvText.Field(image.File)},{CsvText.Field(image.Class)},{image.Probability:R}"))
        .Prepend("file,class,probability");

    /// <summary>
    /// Predicts the classes of images with the classifier of a run's last finished stage 3, or where none is finished that of stage 1.
    /// Of the run nothing changes.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="paths">Files, and folders of which all images are meant.</param>
    /// <param name="skipBroken">Whether images that cannot be read are left out.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="observer">Hears what is left out, and of progress.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="DptException">
    /// Usage: no classifier is finished. Environment: a path leads nowhere. Check: an image cannot be read, or the classifier has changed
    /// since it was made.
    /// </exception>
    public static Predictions Of(
        RunLayout run, IEnumerable<string> paths, bool skipBroken, Device device, IRunObserver observer, CancellationToken stop)
    {
        var file = FinishedWeights.Find(run, TrainedClassifier.Kind, stage => stage.ClassifierPath, observer);
        var notes = new ReadingNotes();
        var found = LooseImages.Find(paths, notes);
        foreach (var note in notes.Lines)
        {
            observer.Message(note);
        }

        using IFinishedClassifier classifier =
            DescribedWeights.IsOf(file, TrainedProbe.Kind) ? TrainedProbe.Open(device, file) : TrainedClassifier.Open(device, file);
        var (images, broken) = (new List<ImagePrediction>(), new List<BrokenImage>());
        foreach (var batch in found.Chunk(Batch))
        {
            stop.ThrowIfCancellationRequested();
            var faults = new string?[batch.Length];
            var pixels = LooseImages.Read(batch, classifier.Form, classifier.ClassNames, faults);
            broken.AddRange(batch.Zip(faults).Where(image => image.Second is not null).Select(image => new BrokenImage(image.First, image.Second!)));
            var whole = pixels.Select([.. Enumerable.Range(0, batch.Length).Where(i => faults[i] is null)]);
            if (whole.Count > 0 && (skipBroken || broken.Count == 0))
            {
                images.AddRange(Rows(whole, classifier.Probabilities(whole, stop)));
            }

            observer.Progress(new WorkProgress("predict", images.Count + broken.Count, found.Count, "images", 0, ""));
        }

        return broken.Count == 0 || (skipBroken && images.Count > 0)
            ? new Predictions(file, images, broken)
            : throw new DptException(
                FailureKind.Check,
                $"{broken.Count} of {found.Count} images cannot be read; "
                + (skipBroken ? "too many to leave out" : "mend or remove them, or leave them out with --skip-broken")
                + $": {BrokenImage.Summary(broken)}");
    }

    private static IEnumerable<ImagePrediction> Rows(ImageDataset images, float[] probabilities)
    {
        for (var i = 0; i < images.Count; i++)
        {
            var row = probabilities.AsSpan(i * images.Classes, images.Classes).ToArray();
            var best = RowScores.ArgMax(row);
            yield return new ImagePrediction(
                images.FileNames![i], images.ClassNames[best], row[best], images.ClassNames.Zip(row).ToDictionary(p => p.First, p => p.Second));
        }
    }
}
