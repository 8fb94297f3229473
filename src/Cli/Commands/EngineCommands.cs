using System.Globalization;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>The engine behind the command line.</summary>
internal sealed class EngineCommands : IDptCommands
{
    private const int SheetColumns = 20;
    private const int SheetPixels = 48;

    public DptPlan Plan(DptOptions options, Device device) => DptPlan.Of(options, device);

    public IReadOnlyList<StageCost> CostsOf(DptPlan plan, Device device) => StageCost.Of(plan, device);

    public RunPlan PlanFor(
        DptOptions options, Func<IReadOnlyDictionary<string, object>, DptOptions> complete, Budget budget, Device device) =>
        RunPlanner.Plan(options, complete, budget, device);

    public void RequireConsent(DptStage? stage, RunRequest request)
    {
        using var pipeline = Open(request);
        pipeline.RequireConsent(stage switch
        {
            null => [1, 2, 3],
            DptStage.TrainClassifier or DptStage.PseudoLabel => [1],
            DptStage.TrainDiffusion or DptStage.Generate => [2],
            DptStage.Retrain => [3],
            _ => [],
        });
    }

    public DptResult Run(RunRequest request, CancellationToken stop)
    {
        using var pipeline = Open(request);
        return pipeline.Run(stop);
    }

    public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop)
    {
        using var pipeline = Open(request);
        IReadOnlyList<NamedValue> values = stage switch
        {
            DptStage.TrainClassifier => [new("top1", pipeline.TrainClassifier(stop))],
            DptStage.PseudoLabel => Values(pipeline.TrainClassifierAndLabel(stop)),
            DptStage.TrainDiffusion => [new("steps", pipeline.TrainGenerator(stop))],
            DptStage.Generate => Values(pipeline.TrainGeneratorAndDraw(stop)),
            DptStage.Retrain => Values(pipeline.Retrain(stop)),
            DptStage.Evaluate => Values(pipeline.Evaluate(stop)),
            _ => throw new ArgumentOutOfRangeException(nameof(stage)),
        };
        return pipeline.Warnings.Count > 0 ? [.. values, new NamedValue("warnings", pipeline.Warnings)] : values;
    }

    public IReadOnlyList<NamedValue> MeasureSamples(RunRequest request, SampleComparison comparison, CancellationToken stop)
    {
        using var pipeline = Open(request);
        return Values(pipeline.MeasureSamples(comparison, stop));
    }

    public Samples Sample(RunLayout run, SampleRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        Samples.Of(run, request, device, observer, stop);

    public string Export(RunLayout run, ExportRequest request, Device device, IRunObserver observer) =>
        ModelExport.Save(run, request, device, observer);

    public Predictions Predict(
        RunLayout run, IReadOnlyList<string> paths, bool skipBroken, Device device, IRunObserver observer, CancellationToken stop) =>
        Predictions.Of(run, paths, skipBroken, device, observer, stop);

    public ProbeResult Probe(ProbeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        FewLabelProbe.Of(request, device, observer, stop);

    public PretrainResult Pretrain(PretrainRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        MsnPretraining.Run(request, device, observer, stop);

    public IReadOnlyList<NamedValue> RunNetwork(NetworkRequest request, Device device)
    {
        var input = new NetworkInput(
            NpyFile.ReadFloats(request.X),
            request.T is null ? null : NpyFile.ReadFloats(request.T),
            request.Y is null ? null : NpyFile.ReadLongs(request.Y));
        using var network = ForeignNetwork.Open(device, request.Network);
        return
        [
            .. Describe(network),
            .. request.Gradients ? WriteGradients(network, input, request.Out) : WriteOutput(network, input, request.Out),
            new("file", request.Out),
        ];
    }

    public IReadOnlyList<NamedValue> Import(ImportRequest request, Device device)
    {
        using var network = ForeignNetwork.Open(device, request.Network);
        ImportedFolder.Save(network, request.Network, request.Out, request.Licence);
        return [.. Describe(network), new("folder", request.Out)];
    }

    public IReadOnlyList<NamedValue> SampleNetwork(NetworkSampleRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var (schedule, drawing) = (request.Schedule, request.Drawing);
        var input = new SamplingInput(
            NpyFile.ReadFloats(request.Init),
            request.Labels is null ? null : NpyFile.ReadLongs(request.Labels),
            schedule,
            drawing.Solver,
            drawing.Evaluations,
            drawing.Guidance,
            (ulong)(uint)request.Seed,
            drawing.Threshold);
        using var network = ForeignNetwork.Open(device, request.Network);
        var samples = network.Sample(input);
        if (request.Autoencoder is { } autoencoder)
        {
            LatentImages.Save(samples, autoencoder, request.Out, device, observer, stop);
        }
        else
        {
            NpyFile.Write(request.Out, samples);
        }

        return
        [
            .. Describe(network),
            new("way", WayOf(drawing, schedule)),
            new("samples", samples.ToString()),
            new(request.Autoencoder is null ? "file" : "folder", request.Out),
        ];
    }

    public EncodeResult Encode(EncodeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        LatentExtraction.Of(request, device, observer, stop);

    public IReadOnlyList<NamedValue> Decode(DecodeRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        var latents = NpyFile.ReadFloats(request.Latents);
        LatentImages.Save(latents, request.Autoencoder, request.Out, device, observer, stop);
        return [new("images", latents.Shape[0]), new("folder", request.Out)];
    }

    public void GetData(PublishedSet set, string folder, Uri? from, IRunObserver observer, CancellationToken stop) =>
        set.Save(folder, from, observer, stop);

    public IReadOnlyList<NamedValue> DescribeData(DptOptions options)
    {
        var data = DatasetCatalog.Load(options);
        var (train, test) = data;
        var split = LabelSplit.Create(train, options.Data, options.Seed);
        return
        [
            new("name", train.Name),
            new("classes", train.Classes),
            new("train", train.Count),
            new("test", test.Count),
            new("labelled", split.Count),
            new("imageSize", train.ImageSize),
            new("channels", train.Channels),
            new("trainHash", train.Hash),
            new("testHash", test.Hash),
            .. train.ClassNames.Select((name, c) => new NamedValue($"train of class {name}", train.Labels.Count(l => l == c))),
            new("train of unknown class", train.Labels.Count(l => l == ImageDataset.NoLabel)),
            new("notes", data.Notes),
            new("skipped", data.Skipped.Select(image => image.ToString()).ToList()),
        ];
    }

    public DataCheck CheckData(DptOptions options) => DataCheck.Of(options.Data, options.Seed);

    public void ExportContactSheet(DptOptions options, string file)
    {
        var train = DatasetCatalog.Load(options).Train;
        var images = new List<byte>();
        foreach (var label in Enumerable.Range(0, train.Classes).Concat(train.HasUnlabelled ? [ImageDataset.NoLabel] : []))
        {
            // A row may be shorter than the others: what is missing stays black.
            var members = Enumerable.Range(0, train.Count).Where(i => train.Labels[i] == label).Take(SheetColumns).ToList();
            members.ForEach(i => images.AddRange(train.Image(i)));
            images.AddRange(new byte[(SheetColumns - members.Count) * train.ImageLength]);
        }

        SampleGrid.Save(
            file, [.. images], train.Channels, train.ImageSize, SheetColumns, Math.Max(1, SheetPixels / train.ImageSize));
    }

    private static string WayOf(GenerateOptions drawing, string schedule) => string.Create(
        CultureInfo.InvariantCulture,
        $"{drawing.Solver}, {drawing.Evaluations} evaluations, {schedule}, guidance {drawing.Guidance}")
        + (drawing.Threshold is { } quantile ? string.Create(CultureInfo.InvariantCulture, $", threshold {quantile}") : "");

    private static IEnumerable<NamedValue> Describe(ForeignNetwork network) =>
        [new("network", network.Description), new("weights", network.Fit.Summary), new("parameters", network.Parameters)];

    private static IEnumerable<NamedValue> WriteOutput(ForeignNetwork network, NetworkInput input, string file)
    {
        var output = network.Forward(input);
        NpyFile.Write(file, output);
        return [new("output", output.ToString())];
    }

    private static IEnumerable<NamedValue> WriteGradients(ForeignNetwork network, NetworkInput input, string file)
    {
        var (loss, gradients) = network.Gradients(input);
        NpyFile.WriteAll(file, gradients);
        return [new("loss", loss), new("gradients", gradients.Count)];
    }

    private static DptPipeline Open(RunRequest request) =>
        new(request.Plan, request.Folder, request.Device, request.Observer, request.Session);

    /// <summary>The properties of a result record, in their order.</summary>
    private static IReadOnlyList<NamedValue> Values<T>(T result) where T : notnull =>
        [.. typeof(T).GetProperties().Select(p => new NamedValue(
            System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(p.Name), p.GetValue(result)))];
}
