using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

// A semi-supervised algorithm that the engine does not have: no threshold, but every unlabelled image counts for as much as the
// model is sure of it. Settings choose it by its name, as they choose those of the engine.
SemiSupervisedCatalog.Add(new(
    "sure-of-it", "weights that are the model's confidence", (device, _, images) => new SureOfIt(device, images.Classes)));

var settings = JsonSerializer.Deserialize<DptOptions>(
    File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "defaults.json")),
    new JsonSerializerOptions(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip })!;
using var device = new HostDevice();
var labelsAlone = Top1("freematch", unlabelled: 0);
var withTheRest = Top1("sure-of-it", unlabelled: 64);
Console.WriteLine($"top-1 after the same updates: two labels a class alone {labelsAlone:p1}, with the other images {withTheRest:p1}");
return withTheRest > labelsAlone ? 0 : 1;

double Top1(string algorithm, int unlabelled)
{
    var options = settings with
    {
        Stage1 = settings.Stage1 with { Algorithm = algorithm, UnlabelledBatch = unlabelled, UnlabelledWeight = 1, Steps = 150 },
    };
    var folder = Directory.CreateTempSubdirectory();
    try
    {
        using var run = RunFolder.CreateAt(Path.Combine(folder.FullName, "run"));
        using var pipeline = new DptPipeline(
            DptPlan.Of(options, device), run, device, new SilentObserver(), new RunSession([], "{}", Overwrite: false));
        return pipeline.TrainClassifier(CancellationToken.None)!.Value;
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

/// <summary>Labels as the model says, weights as sure as it is. It remembers nothing and adds no term.</summary>
internal sealed class SureOfIt(Device device, int classes) : ISemiSupervised
{
    private readonly DeviceBuffer<float> _noThreshold = device.Upload<float>(new float[classes]);

    public IReadOnlyList<StepMeasure> Measures => [];

    public void Select(in UnlabelledBatch batch)
    {
        batch.Label(device, _noThreshold.Slice);
        device.Run(PrimitiveOperators.AxisReduce, new AxisReduceCall
        {
            Outer = (int)batch.Labels.Length,
            Length = classes,
            Inner = 1,
            Reduction = AxisReduction.Max,
            X = batch.Probabilities,
            Y = batch.Weights,
        });
    }

    public void AddTerms(Tape tape, Tensor logits, Slice<float> weights)
    {
        // The two losses are all there is.
    }

    public JsonObject Capture() => [];

    public void Restore(JsonObject state)
    {
        // Nothing to remember.
    }

    public void Dispose() => _noThreshold.Dispose();
}
