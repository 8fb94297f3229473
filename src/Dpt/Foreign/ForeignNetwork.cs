using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Which network to make of a file of weights.</summary>
/// <param name="Weights">The file, see <see cref="WeightFile"/>.</param>
/// <param name="Part">The part of the file that is the network; null if all of it is.</param>
/// <param name="Model"><c>uvit</c>, <c>songunet</c>, <c>vit</c>, <c>wrn</c> or <c>autoencoder</c>.</param>
/// <param name="Heads">Attention heads: the one size that tensors do not tell; null where there are none (<see cref="ForeignNetwork.HasHeads"/>).</param>
/// <param name="Features">Of a ViT: what comes before the head, which the file need not have.</param>
/// <param name="ImageSize">Side of the images that it is to take; positions are interpolated. Null for those that it was made for.</param>
public sealed record ForeignNetworkOptions(
    string Weights, string? Part, string Model, int? Heads, bool Features = false, int? ImageSize = null);

/// <summary>What a network is asked.</summary>
/// <param name="Images">[N, C, S, S].</param>
/// <param name="Times">Network time of each image, [N], in the units that the official network takes; null for a network that takes none.</param>
/// <param name="Labels">Row of the label table of each image, [N]; null where there is no table.</param>
public sealed record NetworkInput(NpyArray<float> Images, NpyArray<float>? Times = null, NpyArray<long>? Labels = null);

/// <summary>How samples are drawn with a network.</summary>
/// <param name="Noise">Where they start, standard normal, [N, C, S, S].</param>
/// <param name="Labels">Row of the label table of each, [N]; null where there is no table.</param>
/// <param name="Schedule">The process that the network was trained on, see <see cref="VariancePreservingSchedule.Find"/>.</param>
/// <param name="Solver">Name of the solver, see <see cref="SolverCatalog"/>.</param>
/// <param name="Evaluations">Network evaluations for each, at least 1; a guided pair counts once.</param>
/// <param name="Guidance">s of eps + s (eps - eps_null), 0 or more; the null label is the last row of the table.</param>
/// <param name="Seed">Seed of the noise of solvers that add some on the way.</param>
/// <param name="Threshold">Of pixels and solvers that work on images: the quantile of dynamic thresholding, in (0, 1]; null for none.</param>
public sealed record SamplingInput(
    NpyArray<float> Noise, NpyArray<long>? Labels, string Schedule, string Solver, int Evaluations, double Guidance = 0, ulong Seed = 0,
    double? Threshold = null);

/// <summary>
/// A U-ViT, SongUNet, ViT, wide residual network or autoencoder with the weights of another tool, to be compared with what that tool computes.
/// Its sizes follow from the tensors.
/// </summary>
public abstract class ForeignNetwork : IDisposable
{
    internal const string UVit = "uvit", SongUNet = "songunet", Vit = "vit", WideResNet = "wrn", Autoencoder = "autoencoder";

    private protected ForeignNetwork(Device device) => Store = new ParameterStore(device);

    /// <summary>The kinds of networks.</summary>
    public static IReadOnlyList<string> Models { get; } = [UVit, SongUNet, Vit, WideResNet, Autoencoder];

    /// <summary>Whether a kind of network has attention heads, whose number must be given.</summary>
    public static bool HasHeads(string model) => model is UVit or Vit;

    /// <summary>The network and its sizes, in one line.</summary>
    public abstract string Description { get; }

    /// <summary>How the tensors of the file fit: completely.</summary>
    public WeightFit Fit { get; private set; } = null!;

    /// <summary>Number of learned numbers.</summary>
    public long Parameters => Store.Parameters.Where(parameter => IsOfFile(parameter.Name)).Sum(parameter => parameter.Shape.Count);

    /// <summary>What it does, as the Hugging Face hub names it.</summary>
    internal abstract string Task { get; }

    private protected ParameterStore Store { get; }

    private protected abstract ImageForm Form { get; }

    /// <summary>Makes the network that a file is of.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="options">Which network.</param>
    /// <exception cref="DptException">
    /// Usage: there is no such model, or the heads or the size of images do not fit. Environment: the file cannot be read. Check: it is damaged, a tensor is
    /// missing, unexpected or of another shape, or the network has an option that is not supported; the message names them.
    /// </exception>
    public static ForeignNetwork Open(Device device, ForeignNetworkOptions options) =>
        Open(device, options, WeightFile.Read(options.Weights, options.Part).ToDictionary(StringComparer.Ordinal));

    /// <summary>The same, of tensors that are read already.</summary>
    internal static ForeignNetwork Open(Device device, ForeignNetworkOptions options, Dictionary<string, WeightTensor> tensors)
    {
        Func<Device, ForeignNetworkOptions, Dictionary<string, WeightTensor>, ForeignNetwork> create = options.Model switch
        {
            UVit => (device, options, tensors) => new ForeignUVit(device, options, tensors),
            SongUNet => (device, options, tensors) => new ForeignSongUNet(device, options, tensors),
            Vit => (device, options, tensors) => new ForeignTransformer(device, options, tensors),
            WideResNet => (device, options, tensors) => new ForeignWideResNet(device, options, tensors),
            Autoencoder => (device, options, tensors) => new ForeignAutoencoder(device, options, tensors),
            var other => throw new DptException(FailureKind.Usage, $"unknown model '{other}'; there are {string.Join(", ", Models)}"),
        };
        try
        {
            return create(device, options, tensors);
        }
        catch (Exception error) when (error is InvalidDataException or OverflowException)
        {
            throw new DptException(FailureKind.Check, $"'{options.Weights}' is no {options.Model} that can be used: {error.Message}", error);
        }
    }

    /// <summary>What the network gives.</summary>
    /// <param name="input">Images, and what else it takes.</param>
    /// <returns>U-ViT, SongUNet and autoencoder: [N, C, S, S]. Others: scores [N, classes], or of a ViT with features the class token before the final norm, [N, D].</returns>
    /// <exception cref="DptException">Usage: the input does not fit. Diverged: a number of the output is not finite.</exception>
    public NpyArray<float> Forward(NetworkInput input)
    {
        RequireFit(input);
        using var memory = new Uploaded(Store.Device, input);
        using var tape = new Tape(Store.Device);
        return Result(tape.WithoutGradient(() => Run(tape, memory)), ImageOfX);
    }

    /// <summary>The gradients of the mean of all squared numbers of the output.</summary>
    /// <param name="input">Images, and what else it takes.</param>
    /// <returns>The mean, and the gradient of every parameter by its name in the file.</returns>
    /// <exception cref="DptException">Usage: the input does not fit. Diverged: a number of the output or of a gradient is not finite.</exception>
    public (double Loss, IReadOnlyDictionary<string, NpyArray<float>> Gradients) Gradients(NetworkInput input)
    {
        RequireFit(input);
        using var memory = new Uploaded(Store.Device, input);
        using var tape = new Tape(Store.Device);
        Store.Device.Clear(Store.Gradients);
        var output = Run(tape, memory);
        var loss = Result(output, ImageOfX).Values.Average(value => (double)value * value);
        var zero = tape.New(output.Shape);
        Store.Device.Clear(zero.Data);
        tape.SquaredError(output, zero.Data, scale: 1f / output.Shape[0]);
        tape.Backward();
        if (Store.FindNonFinite(Store.Gradients) is { } parameter)
        {
            throw new DptException(FailureKind.Diverged, $"the gradient of '{parameter.Name}' is not finite");
        }

        return (loss, Store.Parameters.Where(parameter => IsOfFile(parameter.Name)).ToDictionary(
            parameter => NameInFile(parameter.Name), parameter => new NpyArray<float>(ShapeInFile(parameter).ToArray(), InFile(parameter, parameter.Gradient))));
    }

    /// <summary>Draws samples with the network. All go through it together, so an adaptive solver takes the steps that all of them need.</summary>
    /// <param name="input">Noise, and the way from there.</param>
    /// <returns>The samples as the solver leaves them, [N, C, S, S].</returns>
    /// <exception cref="DptException">
    /// Usage: the network is none that draws, the input does not fit, or the solver cannot do with so few evaluations. Diverged: a number of
    /// the samples is not finite.
    /// </exception>
    public virtual NpyArray<float> Sample(SamplingInput input) =>
        throw new DptException(FailureKind.Usage, "the network draws no samples; a uvit or a songunet does");

    /// <summary>The network's sizes.</summary>
    internal abstract ForeignDescription Describe();

    /// <summary>The tensors, by their names in the file.</summary>
    internal Dictionary<string, (TensorShape Shape, float[] Values)> Export() =>
        OfFile().ToDictionary(item => NameInFile(item.Name), item => (ShapeInFile(item.Tensor), InFile(item.Tensor, item.Tensor.Data)));

    /// <inheritdoc/>
    public void Dispose()
    {
        Store.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Puts tensors into the parameters and buffers that the network has registered, if every one fits.</summary>
    private protected void Import(IReadOnlyDictionary<string, WeightTensor> tensors)
    {
        Fit = WeightFit.Of([.. OfFile().Select(item => (item.Name, ShapeInFile(item.Tensor)))], tensors);
        if (!Fit.IsWhole)
        {
            throw new InvalidDataException(Fit.Summary);
        }

        Store.Initialize(seed: 0);
        Store.Import(Store.Values, Named().ToDictionary(item => item.Name, item => (item.Tensor.Shape, ValuesOf(item.Name, item.Tensor))));

        float[] ValuesOf(string name, Tensor tensor) => !IsOfFile(name) ? new float[tensor.Shape.Count]
            : IsFilter(tensor) ? FilterLayout.ChannelsLast(tensors[name].Values, tensor.Shape)
            : tensors[name].Values;
    }

    private protected abstract Tensor Run(Tape tape, Uploaded input);

    /// <summary>Whether a tensor is one of the file's; others are 0, and what is asked for does not depend on them.</summary>
    private protected virtual bool IsOfFile(string name) => true;

    /// <summary>Whether a tensor is a filter whose channels are last here.</summary>
    private protected virtual bool IsFilter(Tensor tensor) => false;

    private protected virtual string NameInFile(string name) => name;

    private protected virtual void RequireFit(NetworkInput input) => RequireImages(input.Images, "x");

    private protected void RequireImages(NpyArray<float> images, string name)
    {
        var (shape, form) = (images.Shape, Form);
        Usage.Require(
            shape.Count == 4 && shape[0] > 0 && shape.Skip(1).SequenceEqual([form.Channels, form.Side, form.Side]),
            $"{name} is {images}, the network takes [N, {form.Channels}, {form.Side}, {form.Side}]");
    }

    /// <summary>Throws unless heads divide the width into sizes that attention takes.</summary>
    private protected static int Heads(int width, int? heads)
    {
        var count = heads ?? throw new DptException(FailureKind.Usage, "the number of attention heads is missing");
        Usage.Require(count >= 1, $"{count} heads, there must be at least 1");
        NetworkSizes.RequireHeads("network", width, count);
        return count;
    }

    private protected NpyArray<float> Result(Tensor output, Func<int, string> nameOf)
    {
        var values = Store.Device.Download(output.Data);
        NonFinite.RequireOutput(values, values.Length / output.Shape[0], Store, "the network", nameOf);
        return new NpyArray<float>(output.Shape.ToArray(), values);
    }

    /// <summary>What the network has, by our names: parameters and buffers.</summary>
    private IEnumerable<(string Name, Tensor Tensor)> Named() =>
        Store.Parameters.Select(parameter => (parameter.Name, (Tensor)parameter)).Concat(Store.Buffers.Select(buffer => (buffer.Name, (Tensor)buffer)));

    /// <summary>What of that the file has.</summary>
    private IEnumerable<(string Name, Tensor Tensor)> OfFile() => Named().Where(item => IsOfFile(item.Name));

    private TensorShape ShapeInFile(Tensor tensor) => IsFilter(tensor) ? FilterLayout.ChannelsSecond(tensor.Shape) : tensor.Shape;

    /// <summary>A tensor, or what lies like it, as it lies in the file.</summary>
    private float[] InFile(Tensor tensor, Slice<float> numbers)
    {
        var values = Store.Device.Download(numbers);
        return IsFilter(tensor) ? FilterLayout.ChannelsSecond(values, tensor.Shape) : values;
    }

    private static string ImageOfX(int row) => $"image {row} of x";

    /// <summary>An input on the device.</summary>
    private protected sealed class Uploaded(Device device, NetworkInput input) : IDisposable
    {
        private readonly DeviceBuffer<float> _images = device.Upload<float>(input.Images.Values);
        private readonly DeviceBuffer<float>? _times = input.Times is { } times ? device.Upload<float>(times.Values) : null;
        private readonly DeviceBuffer<int>? _labels =
            input.Labels is { } labels ? device.Upload<int>(Array.ConvertAll(labels.Values, label => checked((int)label))) : null;

        public Tensor Images => Tape.Constant(new TensorShape([.. input.Images.Shape]), _images.Slice);

        public Slice<float> Times => _times?.Slice ?? default;

        public Slice<int> Labels => _labels?.Slice ?? default;

        public void Dispose()
        {
            _images.Dispose();
            _times?.Dispose();
            _labels?.Dispose();
        }
    }
}
