using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace DPT.Engine.Dpt;

/// <summary>
/// Features of images by a trained network of any tool, in an ONNX file: Inception for numbers that others report, a network trained on
/// photographs, one's own. Nothing of it is trained here. ONNX Runtime computes it on the processor.
/// </summary>
/// <remarks>
/// The network has one input, float32 [N, C, H, W] with C 1 or 3; N, H and W may be open. Images become what it wants as
/// <see cref="FrozenInput"/> says.
/// </remarks>
public sealed class OnnxFeatures : IFrozenFeatures
{
    private const int OpenBatch = 32;

    /// <summary>For networks that take any: a batch of such images is 400 MB.</summary>
    private const int LargestOpenSide = 1024;

    private readonly InferenceSession _session;
    private readonly FeatureRecipe _recipe;
    private readonly string _input;
    private readonly string _output;
    private readonly int _batch;
    private readonly bool _isBatchOpen;
    private readonly int _channels;
    private readonly int _side;
    private readonly FrozenInput _frozen;

    private OnnxFeatures(InferenceSession session, FeatureRecipe recipe, ImageForm images, string hash)
    {
        (_session, _recipe) = (session, recipe);
        var scale = PixelScale.Find(recipe.Scale);
        (_input, var shape) = Input(session);
        _output = recipe.Output ?? OnlyOutput(session);
        RequireOutput(recipe.Output);
        RequireOutput(recipe.ClassOutput);
        _isBatchOpen = shape[0] < 1;
        _batch = _isBatchOpen ? OpenBatch : shape[0];
        _channels = shape[1];
        _side = Side(shape, recipe.Side, images.Side);
        _frozen = new FrozenInput(_channels, _side, scale);
        RequireColour(images.Channels);

        // An open width is known once something went through. So is whether the network takes images of this size at all.
        Width = Run(_output, new float[_frozen.Length], 1).Length;
        Name = $"{Path.GetFileName(recipe.Network)} ({hash[..8]}), {_output}: {Width} numbers of {_side} x {_side} pixels, {scale.Name}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>Opens a network.</summary>
    /// <param name="recipe">Which, and how it wants images.</param>
    /// <param name="images">What images will be given.</param>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <exception cref="DptException">
    /// Usage: the recipe does not fit the network; the message says what would. Environment: the file cannot be read. Check: it is damaged,
    /// or a network that takes something else than images.
    /// </exception>
    public static OnnxFeatures Open(FeatureRecipe recipe, ImageForm images, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var hash = DataFile.Worded(recipe.Network, () => FileHash.Of(recipe.Network));
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        var session = Worded(recipe, () => new InferenceSession(recipe.Network, options));
        try
        {
            return new OnnxFeatures(session, recipe, images, hash);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public float[] Features(ImageDataset images, CancellationToken stop) => ForAll(images, _output, Width, stop);

    /// <inheritdoc/>
    public float[]? Probabilities(ImageDataset images, CancellationToken stop)
    {
        if (_recipe.ClassOutput is not { } output || images.Count == 0)
        {
            return null;
        }

        var classes = Run(output, new float[_frozen.Length], 1).Length;
        var scores = ForAll(images, output, classes, stop);
        for (var i = 0; i < images.Count; i++)
        {
            var row = scores.AsSpan(i * classes, classes);
            TensorPrimitives.Subtract(row, TensorPrimitives.Max<float>(row), row);
            TensorPrimitives.SoftMax(row, row);
        }

        return scores;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private float[] ForAll(ImageDataset images, string output, int width, CancellationToken stop)
    {
        RequireColour(images.Channels);
        var pixels = new float[_batch * _frozen.Length];
        var results = new float[(long)images.Count * width];
        for (var start = 0; start < images.Count; start += _batch)
        {
            stop.ThrowIfCancellationRequested();
            var count = Math.Min(_batch, images.Count - start);
            _frozen.Fill(images, start, count, pixels);
            var values = Run(output, pixels, count);
            if (values.Length != count * width)
            {
                throw Other($"gives {values.Length} numbers for {count} images, where one image had {width}");
            }

            values.CopyTo(results.AsSpan(start * width));
        }

        var bad = Enumerable.Range(0, images.Count).FirstOrDefault(i => !TensorPrimitives.IsFiniteAll<float>(results.AsSpan(i * width, width)), -1);
        return bad < 0 ? results : throw Other($"gives a number that is not finite for image {bad} of '{images.Name}'");
    }

    /// <summary>What an output gives for the first images of a batch, one after the other.</summary>
    private float[] Run(string output, float[] pixels, int count) => Worded(_recipe, () =>
    {
        var batch = _isBatchOpen ? count : _batch;
        var length = _frozen.Length;
        Array.Resize(ref pixels, Math.Max(pixels.Length, batch * length));
        using var input = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, pixels.AsMemory(0, batch * length), [batch, _channels, _side, _side]);
        using var options = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var results = _session.Run(options, [_input], [input], [output]);
        var shape = results[0].GetTensorTypeAndShape();
        if (shape is not { ElementDataType: TensorElementType.Float, Shape: [_, _] or [_, _, 1, 1] } || shape.Shape[0] != batch)
        {
            throw Other(
                $"gives {shape.ElementDataType} [{string.Join(", ", shape.Shape)}] at '{output}'; features are Float [{batch}, width] or"
                + $" [{batch}, width, 1, 1]. Outputs: {string.Join(", ", _session.OutputNames)}");
        }

        return results[0].GetTensorDataAsSpan<float>()[..(count * (int)shape.Shape[1])].ToArray();
    });

    private (string Name, int[] Shape) Input(InferenceSession session)
    {
        if (session.InputMetadata.Count != 1)
        {
            throw Other($"takes {session.InputMetadata.Count} inputs ({string.Join(", ", session.InputNames)}); a network of images takes one");
        }

        var (name, type) = session.InputMetadata.Single();
        return type is { IsTensor: true, ElementDataType: TensorElementType.Float, Dimensions: [_, 1 or 3, _, _] }
            ? (name, type.Dimensions)
            : throw Other($"takes {type.ElementDataType} [{string.Join(", ", type.Dimensions)}] at '{name}'; images are Float [N, 1 or 3, side, side]");
    }

    private string OnlyOutput(InferenceSession session) => session.OutputNames is [var only]
        ? only
        : throw new DptException(
            FailureKind.Usage, $"'{_recipe.Network}' has the outputs {string.Join(", ", session.OutputNames)}: say which has the features");

    private void RequireOutput(string? name) => Usage.Require(
        name is null || _session.OutputNames.Contains(name),
        $"'{_recipe.Network}' has no output '{name}'; its outputs are {string.Join(", ", _session.OutputNames)}");

    private int Side(int[] shape, int? asked, int ofImages)
    {
        var (height, width) = (shape[2], shape[3]);
        if (height < 1 && width < 1)
        {
            var side = asked ?? ofImages;
            Refuse(side is < 1 or > LargestOpenSide, $"takes images of any size, and {side} pixels a side are asked for: 1 to {LargestOpenSide} there may be");
            return side;
        }

        if (height != width)
        {
            throw Other($"takes images of {height} x {width} pixels; images are square here");
        }

        Refuse(asked is not null && asked != height, $"takes images of {height} x {height} pixels, {asked} are asked for");
        return height;
    }

    private void RequireColour(int channels) => Refuse(_frozen.IsTooColourful(channels), "takes grey images, these are in colour");

    private void Refuse(bool isWrong, string why) => Usage.Require(!isWrong, $"'{_recipe.Network}' {why}");

    private DptException Other(string what) => new(FailureKind.Check, $"'{_recipe.Network}' {what}");

    private static T Worded<T>(FeatureRecipe recipe, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OnnxRuntimeException error)
        {
            throw new DptException(
                FailureKind.Check, $"'{recipe.Network}' is damaged, or a network that ONNX Runtime cannot compute: {error.Message}", error);
        }
    }
}
