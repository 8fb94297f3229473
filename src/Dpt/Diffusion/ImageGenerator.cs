using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>A generator with its weights, its forward process and what its network predicts.</summary>
internal sealed class ImageGenerator : IDisposable
{
    /// <summary>Most that the error of a predicted image counts: a signal-to-noise ratio of 5 (Hang et al. 2023, arXiv 2303.09556), and 1.</summary>
    private const double MostDataWeight = 6;

    public ImageGenerator(Device device, DiffusionOptions options, IImageSpace space, ulong seed)
        : this(device, store => GeneratorCatalog.Find(options.Network).Create(store, options, space.Seen), options, space, seed)
    {
    }

    /// <summary>A generator on any network; the space goes with it.</summary>
    public ImageGenerator(
        Device device, Func<ParameterStore, IGenerator> create, DiffusionOptions options, IImageSpace space, ulong seed)
    {
        Space = space;
        Store = new ParameterStore(device);
        try
        {
            Schedule = VariancePreservingSchedule.Find(options.Schedule);
            Prediction = options.Prediction switch
            {
                "noise" => Prediction.Noise,
                "velocity" => Prediction.Velocity,
                "data" => Prediction.Data,
                var other => throw new DptException(
                    FailureKind.Usage, $"diffusion.prediction '{other}' is not known; use noise, velocity or data"),
            };
            Network = create(Store);
            Store.Initialize(seed);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What its network sees of images.</summary>
    public IImageSpace Space { get; }

    /// <summary>What its network sees of an image.</summary>
    public ImageForm Form => Space.Seen;

    public VariancePreservingSchedule Schedule { get; }

    public Prediction Prediction { get; }

    public ParameterStore Store { get; }

    public IGenerator Network { get; }

    /// <summary>The normalisation that maps bytes to [-1, 1], divided by <see cref="NoiseSchedule.DataDeviation"/>.</summary>
    public NormalisationStatistics Normalisation => new(
        [.. Enumerable.Repeat(0.5f, Form.Channels)],
        [.. Enumerable.Repeat((float)(0.5 * Schedule.DataDeviation), Form.Channels)]);

    /// <summary>Noises the images, predicts, and compares with what was to be predicted: the mean squared error of each image.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="batch">The images with times, noises and labels.</param>
    /// <param name="scale">Factor on the gradient.</param>
    /// <param name="isTraining">Whether it is learned from, under the conditions of that.</param>
    public Tensor Losses(Tape tape, DiffusionBatch batch, float scale, bool isTraining)
    {
        var noised = tape.New(batch.Clean.Shape);
        var velocity = Prediction == Prediction.Velocity ? tape.New(batch.Clean.Shape) : null;
        tape.Device.Run(DiffusionOperators.Noising, new NoisingCall
        {
            Batch = batch.Clean.Shape[0],
            Elements = Form.Elements,
            Clean = batch.Clean.Data,
            Noise = batch.Noise,
            Alpha = batch.Alpha,
            Sigma = batch.Sigma,
            Noised = noised.Data,
            Velocity = velocity?.Data ?? default,
        });
        var predicted = isTraining && Network is IRegularisedGenerator network
            ? network.ForwardTraining(tape, noised, batch.Times, batch.Labels, batch.Conditions)
            : Network.Forward(tape, noised, batch.Times, batch.Labels);
        return Prediction == Prediction.Data
            ? tape.SquaredError(predicted, batch.Clean.Data, scale, batch.DataWeights)
            : tape.SquaredError(predicted, velocity?.Data ?? batch.Noise, scale);
    }

    /// <summary>
    /// What the squared error of a predicted image counts at a noise level. An error e of x_0 is an error e / sigma of the velocity, so
    /// 1 / sigma^2 = 1 + alpha^2 / sigma^2 makes it the velocity's loss (Li and He 2025, arXiv 2511.13720). Where there is hardly any
    /// noise that would ask for images copied to the last bit, so it is bounded there.
    /// </summary>
    /// <param name="sigma">Noise scale, 0..1.</param>
    public static double DataWeight(double sigma) => Math.Min(1 / (sigma * sigma), MostDataWeight);

    public void Dispose()
    {
        Store.Dispose();
        Space.Dispose();
    }
}
