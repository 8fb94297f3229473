using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What to draw with a run's generator.</summary>
/// <param name="Class">Name of the class; null for each of them.</param>
/// <param name="PerClass">How many of each, at least 1.</param>
/// <param name="Seed">Seed of the noise.</param>
/// <param name="Drawing">How: guidance, solver, evaluations and threshold.</param>
/// <param name="Autoencoder">Of latents: where the autoencoder lies that decodes them; null for where it lay in training.</param>
public sealed record SampleRequest(string? Class, int PerClass, int Seed, GenerateOptions Drawing, string? Autoencoder = null);

/// <summary>Images that the last finished generator of a run draws.</summary>
/// <param name="Generator">Path of the generator.</param>
/// <param name="Images">The images, class by class.</param>
public sealed record Samples(string Generator, ImageDataset Images)
{
    /// <summary>Draws. Of the run nothing changes, and neither its data is needed nor the machine that trained it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">What to draw.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="observer">Hears of progress.</param>
    /// <param name="stop">Stops between batches.</param>
    /// <exception cref="DptException">
    /// Usage: no generator is finished, there is no such class, the solver cannot do with so few evaluations, or a threshold does not go with
    /// it. Check: the generator has changed since it was made. Diverged: a pixel is not finite.
    /// </exception>
    public static Samples Of(RunLayout run, SampleRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var file = FinishedWeights.Find(run, TrainedGenerator.Kind, stage => stage.GeneratorPath, observer);
        using var generator = TrainedGenerator.Open(device, file, request.Autoencoder);
        var (pixels, labels) = (new List<byte>(), new List<int>());
        int[] chosen = [.. Enumerable.Range(0, generator.ClassNames.Count).Where(c => request.Class is null || request.Class == generator.ClassNames[c])];
        Usage.Require(
            chosen.Length > 0,
            $"there is no class '{OneLine.Start(request.Class ?? "")}'; '{file}' has {string.Join(", ", generator.ClassNames.Select(OneLine.Start))}");
        foreach (var label in chosen)
        {
            pixels.AddRange(generator.Draw(label, request.PerClass, request.Drawing, (ulong)(uint)request.Seed, stop));
            labels.AddRange(Enumerable.Repeat(label, request.PerClass));
            observer.Progress(new WorkProgress("sample", labels.Count, (long)chosen.Length * request.PerClass, "images", 0, ""));
        }

        var form = generator.Form;
        return new Samples(file, new ImageDataset("samples", generator.ClassNames, form.Channels, form.Side, [.. pixels], [.. labels]));
    }
}
