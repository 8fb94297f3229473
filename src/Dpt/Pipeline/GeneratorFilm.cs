namespace DPT.Engine.Dpt;

/// <summary>
/// Pictures of a generator on the way: always of the same noise, that of the first pseudo-image of some classes, so that they show what
/// training changes and end in what is drawn. Nothing in training depends on them.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="folder">Where the stage lies.</param>
/// <param name="generator">The generator.</param>
/// <param name="seed">Seed of the stage.</param>
internal sealed class GeneratorFilm(RunContext context, StageFolder folder, ImageGenerator generator, ulong seed)
{
    private const int MostClasses = 8;
    private const int Columns = 4;
    private const int MostPixels = 64;

    /// <summary>Takes a picture with the present weights.</summary>
    /// <param name="step">Updates made.</param>
    public void Take(int step)
    {
        try
        {
            Directory.CreateDirectory(folder.FilmPath);
            var images = Draw();
            var small = images.ImageSize > MostPixels ? ImageResizer.Resize(images, MostPixels) : images;
            SampleGrid.Save(folder.FrameOf(step), small.Pixels, small.Channels, small.ImageSize, Columns);
        }
        catch (DptException failure) when (failure.Kind == FailureKind.Diverged)
        {
            // A generator that has hardly begun may draw what is no image. Whether it diverges, its training finds.
        }
    }

    private ImageDataset Draw()
    {
        using var drawer = new PseudoImageDrawer(generator, context.Options.Generate, seed);
        var train = context.Data.Train;
        int[] classes = [.. Enumerable.Range(0, Math.Min(train.Classes, MostClasses))];
        return new ImageDataset(
            "film",
            train.ClassNames,
            train.Channels,
            train.ImageSize,
            [.. classes.SelectMany(label => drawer.DrawAll(new ImageShard(label, First: 0, Count: 1), CancellationToken.None))],
            classes);
    }
}
