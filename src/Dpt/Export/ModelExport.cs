using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>What to take out of a run.</summary>
/// <param name="Model"><c>classifier</c> or <c>generator</c>.</param>
/// <param name="Format"><c>safetensors</c>, <c>onnx</c>, or <c>hf</c> for a folder as the Hugging Face hub has it.</param>
/// <param name="Path">The file or folder to make.</param>
/// <param name="Licence">Of the weights, as the hub names it; who trained them knows.</param>
public sealed record ExportRequest(string Model, string Format, string Path, string Licence = ExportRequest.UnknownLicence)
{
    /// <summary>The licence of weights that nobody has given one.</summary>
    public const string UnknownLicence = "unknown";

    private const string Hub = "hf", Onnx = "onnx", SafeTensors = "safetensors";

    /// <summary>The models of a run.</summary>
    public static IReadOnlyList<string> Models { get; } = [TrainedClassifier.Kind, TrainedGenerator.Kind];

    /// <summary>The forms that they can be taken out in.</summary>
    public static IReadOnlyList<string> Formats { get; } = [SafeTensors, Onnx, Hub];

    /// <summary>Whether it is a folder that is made.</summary>
    public bool MakesFolder => Format == Hub;

    internal bool IsOnnx => Format == Onnx;

    internal bool IsClassifier => Model == TrainedClassifier.Kind;
}

/// <summary>Trained networks on their way to other tools.</summary>
public static class ModelExport
{
    /// <summary>
    /// Takes the last finished network of its kind out of a run: a classifier of stage 3, or where none is finished of stage 1; a generator
    /// of stage 2. Of the run nothing changes. What is made appears whole or not at all.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="request">What to take out, and how.</param>
    /// <param name="device">Where the network is traced.</param>
    /// <param name="observer">Hears of manifests that cannot be read.</param>
    /// <returns>Path of the weights that were taken.</returns>
    /// <exception cref="DptException">
    /// Usage: there is no such model or format, it is not finished, or the network does not fit the format. Check: the weights have changed
    /// since they were made. Environment: the target cannot be written, or the folder is there already.
    /// </exception>
    public static string Save(RunLayout run, ExportRequest request, Device device, IRunObserver observer)
    {
        RequireKnown("model", request.Model, ExportRequest.Models);
        RequireKnown("format", request.Format, ExportRequest.Formats);
        var weights = FinishedWeights.Find(
            run, request.Model, stage => request.IsClassifier ? stage.ClassifierPath : stage.GeneratorPath, observer);
        try
        {
            if (request.MakesFolder)
            {
                AtomicFolder.Create(request.Path, folder => FillHub(folder, weights, run, request));
            }
            else if (request.IsOnnx)
            {
                SaveOnnx(weights, request, device);
            }
            else
            {
                CopyTo(request.Path, weights);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{request.Path}': {error.Message}", error);
        }

        return weights;
    }

    private static void FillHub(string folder, string weights, RunLayout run, ExportRequest request)
    {
        var description = DescribedWeights.Describe(weights, request.Model);
        HubFolder.Fill(
            folder, path => CopyTo(path, weights), HubFolder.Config(request.Model, description), RunCard.Of(run, request, description));
    }

    private static void SaveOnnx(string weights, ExportRequest request, Device device)
    {
        if (request.IsClassifier)
        {
            using var classifier = TrainedClassifier.Open(device, weights);
            OnnxExport.Save(classifier, request.Path);
        }
        else
        {
            using var generator = TrainedGenerator.Open(device, weights);
            OnnxExport.Save(generator, request.Path);
        }
    }

    private static void CopyTo(string path, string weights) => AtomicFile.Write(path, target =>
    {
        using var source = File.OpenRead(weights);
        source.CopyTo(target);
    });

    private static void RequireKnown(string what, string name, IReadOnlyList<string> names) =>
        Usage.Require(names.Contains(name), $"unknown {what} '{name}'; there are {string.Join(", ", names)}");
}
