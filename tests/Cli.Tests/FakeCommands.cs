using DPT.Engine.Cli;
using DPT.Engine.Dpt;

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
        Stage1 = new Stage1Result(0.8125, 0.82, 61.5),
        Stage2 = new Stage2Result(1_490_000, 1500, 96_000, 450, new FrechetResult(3.25, "stage-1 classifier", 1280), 200),
        Stage3 = new Stage3Result(0.9, 0.83, 128, 90),
        TotalSeconds = 351.5,
        PeakMemoryBytes = 123_456_789,
    };

    public Action<RunRequest, CancellationToken> Work { get; init; } = (_, _) => { };

    public List<RunRequest> Requests { get; } = [];

    public List<DptStage> Stages { get; } = [];

    public DptOptions? Options { get; private set; }

    public IReadOnlyList<NamedValue> Plan(DptOptions options)
    {
        Options = options;
        return [new NamedValue("diffusion parameters", 1_490_000L)];
    }

    public DptResult Run(RunRequest request, CancellationToken stop)
    {
        Requests.Add(request);
        Work(request, stop);
        return Result;
    }

    public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop)
    {
        Stages.Add(stage);
        Requests.Add(request);
        Work(request, stop);
        return [new NamedValue("top1", 0.8125)];
    }

    public IReadOnlyList<NamedValue> DescribeData(DptOptions options)
    {
        Options = options;
        return [new NamedValue("classes", 10)];
    }

    public void ExportContactSheet(DptOptions options, string file) => File.WriteAllText(file, "sheet");
}
