using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A generator with its weights, its forward process and what its network predicts.</summary>
internal sealed class Generator : IDisposable
{
    public Generator(Device device, DiffusionOptions options, ImageDataset like, ulong seed)
    {
        Config = UVitConfig.From(options, like.Channels, like.ImageSize, like.Classes);
        Schedule = VariancePreservingSchedule.Find(options.Schedule);
        Prediction = options.Prediction switch
        {
            "noise" => Prediction.Noise,
            "velocity" => Prediction.Velocity,
            var other => throw new DptException(
                FailureKind.Usage, $"diffusion.prediction '{other}' is not known; use noise or velocity"),
        };
        Store = new ParameterStore(device);
        Network = new UVit(Store, Config);
        Store.Initialize(seed);
    }

    public UVitConfig Config { get; }

    public VariancePreservingSchedule Schedule { get; }

    public Prediction Prediction { get; }

    public ParameterStore Store { get; }

    public UVit Network { get; }

    /// <summary>The normalisation that maps bytes to [-1, 1].</summary>
    public static NormalisationStatistics Normalisation(int channels) =>
        new([.. Enumerable.Repeat(0.5f, channels)], [.. Enumerable.Repeat(0.5f, channels)]);

    public void Dispose() => Store.Dispose();
}
