namespace DPT.Engine.Dpt;

/// <summary>
/// Draws pseudo-images with the generator's present weights. Image k of class c starts from noise with a number of its
/// own, so it is the same in whatever batch or session it is drawn.
/// </summary>
internal sealed class PseudoImageDrawer : IDisposable
{
    private readonly ImageGenerator _generator;
    private readonly GeneratorModel _model;
    private readonly Sampler _sampler;
    private readonly ulong _seed;
    private readonly int _batch;

    /// <exception cref="DptException">
    /// Diverged: a weight of the generator is not finite. Usage: a threshold goes neither with latents nor with a solver that works on noise.
    /// </exception>
    public PseudoImageDrawer(ImageGenerator generator, GenerateOptions options, ulong seed)
    {
        NonFinite.RequireWeights(generator.Store, "the generator");
        DataThreshold.RequirePixels(options.Threshold, generator.Space is LatentSpace);
        _generator = generator;
        _model = new GeneratorModel(
            generator.Store.Device, generator.Network, generator.Form, generator.Prediction);
        _seed = seed;
        _batch = options.Batch;
        _sampler = new Sampler(
            generator.Store.Device,
            generator.Schedule,
            SolverCatalog.Find(options.Solver),
            options.Evaluations,
            new Guidance(options.Guidance, options.GuidedAbove, options.GuidedBelow ?? double.PositiveInfinity),
            options.Threshold);
    }

    /// <summary>Draws the images of a shard, [count,C,S,S], 0..255.</summary>
    /// <exception cref="DptException">Diverged: a pixel is not finite.</exception>
    public byte[] DrawAll(ImageShard shard, CancellationToken stop)
    {
        var images = new List<byte>();
        for (var first = 0; first < shard.Count; first += _batch)
        {
            stop.ThrowIfCancellationRequested();
            images.AddRange(Draw(shard.Label, shard.First + first, Math.Min(_batch, shard.Count - first)));
        }

        return [.. images];
    }

    /// <summary>Draws images <paramref name="first"/> to first + count - 1 of a class.</summary>
    private byte[] Draw(int label, long first, int count)
    {
        var device = _generator.Store.Device;
        var elements = _generator.Form.Elements;
        _model.SetLabels(label, count);
        using var result = device.Allocate<float>((long)count * elements);
        var noise = new SamplingNoise(_seed, RunStreams.SamplingNoise, ((long)label << 32) + first);
        _sampler.Sample(_model, count, noise, result.Slice);
        var values = device.Download(result.Slice);
        NonFinite.RequireOutput(
            values, elements, _generator.Store, "the generator", k => $"pseudo-image {first + k} of class {label}");
        var deviation = (float)_generator.Schedule.DataDeviation;
        return _generator.Space.ImagesOf(Array.ConvertAll(values, value => deviation * value));
    }

    public void Dispose() => _model.Dispose();
}
