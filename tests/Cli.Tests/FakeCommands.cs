using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>An engine that remembers what it was asked, and does what the test says.</summary>
internal sealed class FakeCommands : IDptCommands
{
    public static DptResult Result { get; } = new()
    {
        Data = new DataResult("digits", 10, 12000, 2000, 2, 16, 1),
        Seed = 1,
        Device = "host, 2 threads",
        Precision = "fp32",
        Engine = "0.1.0",
        Stage1 = new Stage1Result(0.8125, 0.82, Calibration.Of([0.9f, 0.7f], [true, false]), 61.5),
        Stage2 = new Stage2Result(1_490_000, 1500, 96_000, 450, new FrechetResult(3.25, "stage-1 classifier", 1280), 0.9, 200),
        Stage3 = new Stage3Result(0.9, 0.83, 400, 800, 128, 90),
        Rounds = [new RoundResult(0.82, 3.5, 0.95, 0.9)],
        TotalSeconds = 351.5,
        PeakMemoryBytes = 123_456_789,
    };

    /// <summary>A result of that seed with these accuracies.</summary>
    public static DptResult Of(int seed, double stage1, double pseudoLabels, double control, double stage3, double? selfTraining = null) => Result with
    {
        Seed = seed,
        Stage1 = Result.Stage1 with { Top1 = stage1, PseudoLabelAccuracy = pseudoLabels },
        Stage3 = Result.Stage3 with { Top1 = stage3, ControlTop1 = control, SelfTrainingTop1 = selfTraining },
    };

    public Action<RunRequest, CancellationToken> Work { get; init; } = (_, _) => { };

    public DptResult Outcome { get; init; } = Result;

    public IReadOnlyList<string> PlanWarnings { get; init; } = [];

    public List<RunRequest> Requests { get; } = [];

    /// <summary>What was to be drawn.</summary>
    public List<SampleRequest> SampleRequests { get; } = [];

    /// <summary>What was to be exported.</summary>
    public List<ExportRequest> Exports { get; } = [];

    public List<DptStage> Stages { get; } = [];

    /// <summary>What was asked to be compared.</summary>
    public List<SampleComparison> Comparisons { get; } = [];

    /// <summary>The budgets that were planned for.</summary>
    public List<string> Planned { get; } = [];

    public DptOptions? Options { get; private set; }

    public DptPlan Plan(DptOptions options, Device device)
    {
        Options = options;
        var images = new ImageDataset("digits", ["0", "1"], 1, 1, [0, 255], [0, 1]);
        return new DptPlan
        {
            Options = options,
            Data = new DatasetPair(images, images),
            Split = LabelSplit.Draw(images, perClass: 1, seed: 1),
            ClassifierParameters = 320_000,
            GeneratorParameters = 1_490_000,
            GeneratorTokens = 18,
            MemoryBytes = 100 << 20,
            DiskBytes = 50 << 20,
            Warnings = PlanWarnings,
        };
    }

    public IReadOnlyList<StageCost> CostsOf(DptPlan plan, Device device) =>
        [new("stage-1-classifier", 3e9, 0.25), new("stage-2-diffusion", 1.25e18, 7200), new(StageEstimate.Curves, 999, null)];

    public RunPlan PlanFor(
        DptOptions options, Func<IReadOnlyDictionary<string, object>, DptOptions> complete, Budget budget, Device device)
    {
        Planned.Add(budget.Text);
        PlannedRule[] rules =
        [
            new(new Dictionary<string, object> { ["stage1.steps"] = 77, ["stage1.averageDecay"] = 0.875 }, "seven is lucky"),
            new(new Dictionary<string, object> { ["diffusion.flip"] = true }, "mirrors are cheap"),
        ];
        complete(rules[0].Settings);
        return new RunPlan(
            budget, rules, [new("stage-1-classifier", 30, 64 << 20), new("stage-2-diffusion", 60, 128 << 20), new(StageEstimate.Curves, 10, 64 << 20)], 90);
    }

    public void RequireConsent(DptStage? stage, RunRequest request)
    {
    }

    public DptResult Run(RunRequest request, CancellationToken stop)
    {
        Do(request, stop);
        var outcome = Outcome with { Seed = request.Plan.Options.Seed };
        File.WriteAllText(request.Folder.ResultPath, JsonText.Of(outcome));
        return outcome;
    }

    public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop)
    {
        Stages.Add(stage);
        if (stage is DptStage.Evaluate)
        {
            Requests.Add(request);
        }
        else
        {
            Do(request, stop);
        }

        return [new NamedValue("top1", 0.8125)];
    }

    public IReadOnlyList<NamedValue> MeasureSamples(RunRequest request, SampleComparison comparison, CancellationToken stop)
    {
        Requests.Add(request);
        Comparisons.Add(comparison);
        return [new NamedValue("frechetDistance", 2.5)];
    }

    private void Do(RunRequest request, CancellationToken stop)
    {
        Requests.Add(request);
        File.WriteAllText(request.Folder.ConfigPath, request.Session.Settings);
        Work(request, stop);
    }

    /// <summary>Grey images of two classes, each of its number's shade.</summary>
    public Samples Sample(RunLayout run, SampleRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        SampleRequests.Add(request);
        int[] labels = [.. Enumerable.Range(0, 2).SelectMany(label => Enumerable.Repeat(label, request.PerClass))];
        return new Samples("generator", new ImageDataset(
            "samples", ["cat", "dog"], 1, 8, [.. labels.SelectMany((label, i) => Enumerable.Repeat((byte)((100 * label) + i), 64))], labels));
    }

    public string Export(RunLayout run, ExportRequest request, Device device, IRunObserver observer)
    {
        Exports.Add(request);
        return "weights";
    }

    public Predictions Predict(
        RunLayout run, IReadOnlyList<string> paths, bool skipBroken, Device device, IRunObserver observer, CancellationToken stop) =>
        new("classifier", [.. paths.Select(path => new ImagePrediction(path, "1", 0.75f, new Dictionary<string, float> { ["0"] = 0.25f, ["1"] = 0.75f }))], []);

    /// <summary>What was to be probed.</summary>
    public List<ProbeRequest> Probes { get; } = [];

    public ProbeResult Probe(ProbeRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        Probes.Add(request);
        return new ProbeResult(
            "features", 8, [.. request.Seeds.Select(seed => new ProbeScore(seed, Labelled: 4, Regression: 0.25 * seed, Neighbours: 0.125, request.Lambda ?? 2.5))], ["a warning"]);
    }

    /// <summary>What was to be trained without labels.</summary>
    public List<PretrainRequest> Pretrainings { get; } = [];

    public PretrainResult Pretrain(PretrainRequest request, Device device, IRunObserver observer, CancellationToken stop)
    {
        Pretrainings.Add(request);
        return new PretrainResult("network", Parameters: 7, Images: 8, Steps: 9, "imagenet", ["a warning"]);
    }

    public IReadOnlyList<NamedValue> RunNetwork(NetworkRequest request, Device device) =>
        [new NamedValue("network", request.Network.ToString()), new NamedValue("request", $"{request.X} {request.T} {request.Y} {request.Out} {request.Gradients}")];

    public IReadOnlyList<NamedValue> Import(ImportRequest request, Device device) => [new NamedValue("request", request.ToString())];

    public IReadOnlyList<NamedValue> SampleNetwork(NetworkSampleRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        [new NamedValue("request", request.ToString())];

    public EncodeResult Encode(EncodeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        new(request.ToString(), Images: 5, Found: 2, "[5, 2, 8, 4, 4]");

    public IReadOnlyList<NamedValue> Decode(DecodeRequest request, Device device, IRunObserver observer, CancellationToken stop) =>
        [new NamedValue("request", request.ToString())];

    /// <summary>The sets that were to be brought.</summary>
    public List<string> Brought { get; } = [];

    public void GetData(PublishedSet set, string folder, Uri? from, IRunObserver observer, CancellationToken stop) =>
        Brought.Add($"{set.Name} to {folder} from {from?.ToString() ?? "its address"}");

    public IReadOnlyList<NamedValue> DescribeData(DptOptions options)
    {
        Options = options;
        return [new NamedValue("classes", 10)];
    }

    public DataCheck CheckData(DptOptions options)
    {
        Options = options;
        var images = new ImageDataset("digits", ["0", "1"], 1, 1, [0, 255], [0, 1]);
        return new DataCheck(new DatasetPair(images, images), []);
    }

    public void ExportContactSheet(DptOptions options, string file) => File.WriteAllText(file, "sheet");
}
