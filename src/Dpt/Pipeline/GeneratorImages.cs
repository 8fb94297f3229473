namespace DPT.Engine.Dpt;

/// <summary>
/// The images of a run as its generator sees them. Of latents, the moments are made once: before the run, in a file that settings name, or by
/// the run, in its folder. Of test images there are no more than the loss is measured on.
/// </summary>
internal sealed class GeneratorImages : IDisposable
{
    private readonly StoredMoments?[] _stored;

    private GeneratorImages(IImageSpace space, IExamples train, IExamples? test, params StoredMoments?[] stored) =>
        (Space, Train, Test, _stored) = (space, train, test, stored);

    /// <summary>What the network sees; it goes to the generator.</summary>
    public IImageSpace Space { get; }

    /// <summary>The training images.</summary>
    public IExamples Train { get; }

    /// <summary>The test images of <see cref="TestOf"/>; null if there are none.</summary>
    public IExamples? Test { get; }

    /// <summary>The test images that a generator's loss is measured on.</summary>
    public static ImageDataset TestOf(ImageDataset test) => test.Select(GeneratorLoss.Chosen(test.Count));

    /// <summary>Opens them, and encodes what is not yet.</summary>
    /// <param name="context">The run.</param>
    /// <param name="stop">Stops encoding; what is done stays.</param>
    /// <exception cref="DptException">
    /// Usage: the moments that settings name are of something else, or those in the run folder were begun in another precision. Environment and
    /// Check: a file cannot be read or written, or is damaged.
    /// </exception>
    public static GeneratorImages Of(RunContext context, CancellationToken stop)
    {
        var (options, train, test) = (context.Options.Diffusion, context.Data.Train, TestOf(context.Data.Test));
        var space = ImageSpaces.Of(context.Device, options.Autoencoder, train.Form);
        if (space is not LatentSpace latents)
        {
            return new GeneratorImages(space, new PixelExamples(train), test.Count == 0 ? null : new PixelExamples(test));
        }

        StoredMoments? ofTrain = null, ofTest = null;
        try
        {
            ofTrain = options.Latents is { } given
                ? OpenGiven(given, train, latents)
                : Made(context, context.Folder.TrainLatentsPath, train, latents, stop);
            ofTest = test.Count == 0 ? null : Made(context, context.Folder.TestLatentsPath, test, latents, stop);
            return new GeneratorImages(
                space, new LatentExamples(ofTrain), ofTest is null ? null : new LatentExamples(ofTest), ofTrain, ofTest);
        }
        catch
        {
            ofTrain?.Dispose();
            ofTest?.Dispose();
            space.Dispose();
            throw;
        }
    }

    /// <summary>Opens moments that were made before the run.</summary>
    /// <param name="path">A file of <c>dpt encode</c>.</param>
    /// <param name="train">The training images.</param>
    /// <param name="space">The autoencoder of the run.</param>
    /// <exception cref="DptException">Usage: they are of other images or by another autoencoder. Environment and Check: the file cannot be read, or is damaged.</exception>
    public static StoredMoments OpenGiven(string path, ImageDataset train, LatentSpace space)
    {
        var stored = StoredMoments.Open(path);
        try
        {
            Usage.Require(
                stored.Autoencoder == space.Hash,
                $"the moments in '{path}' were made by another autoencoder than diffusion.autoencoder names: what they become could not be decoded");
            Usage.Require(
                IsOf(stored, train, space),
                $"the moments in '{path}' are of other images than the run has: `dpt encode` makes them, with the seed and the settings data.* of the run");
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    public void Dispose() => Array.ForEach(_stored, stored => stored?.Dispose());

    /// <summary>Moments in the run folder: a cache. What is there of something else, or damaged, is made again.</summary>
    private static StoredMoments Made(RunContext context, string path, ImageDataset images, LatentSpace space, CancellationToken stop)
    {
        if (File.Exists(path))
        {
            if (Kept(context, path, images, space) is { } kept)
            {
                return kept;
            }

            File.Delete(path);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        LatentExtraction.Write(path, images, space, context.Observer, stop);
        return StoredMoments.Open(path);
    }

    private static StoredMoments? Kept(RunContext context, string path, ImageDataset images, LatentSpace space)
    {
        try
        {
            var stored = StoredMoments.Open(path);
            if (IsOf(stored, images, space))
            {
                return stored;
            }

            stored.Dispose();
        }
        catch (DptException damage) when (damage.Kind == FailureKind.Check)
        {
            context.Observer.Message($"encoded again: {damage.Message}");
        }

        return null;
    }

    private static bool IsOf(StoredMoments stored, ImageDataset images, LatentSpace space) =>
        stored.Autoencoder == space.Hash
        && stored.Images == images.Hash
        && stored.Count == images.Count
        && (stored.Channels, stored.Side) == (space.Seen.Channels, space.Seen.Side);
}
