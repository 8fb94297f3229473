using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>The folder of a finished run for reports, with everything in it that a report can show, and the data of the run.</summary>
internal sealed class ReportFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>A whole run.</summary>
    /// <param name="classNames">Names of the classes.</param>
    /// <param name="side">Side of the images, which are colour.</param>
    /// <param name="perClass">Training images of each class; the first of them is labelled.</param>
    public ReportFolder(IReadOnlyList<string> classNames, int side = 4, int perClass = 3)
    {
        Run = new RunLayout(_folder.File("run"));
        foreach (var stage in Run.Stages)
        {
            Directory.CreateDirectory(stage.FolderPath);
        }

        var train = Images(classNames, side, perClass);
        Data = new DatasetPair(train, train);
        Write("result.json", JsonText.Of(Result));
        Write("metrics.jsonl", """
            {"stage":"stage-1-classifier","step":10,"time":1,"labelled/loss":2.3,"unlabelled/loss":1.5}
            {"stage":"stage-1-classifier","step":20,"time":2,"labelled/loss":1.3,"unlabelled/loss":1.1,"test/top1":0.6}
            {"stage":"stage-2-diffusion","step":20,"time":3,"train/loss":0.3,"seen/loss":0.2}
            {"stage":"stage-3-classifier-control","step":10,"time":4,"labelled/loss":2,"test/top1":0.5}
            {"stage":"stage-3-classifier","step":10,"time":4,"labelled/loss":2,"test/top1":0.55}
            {"stage":"stage-3-classifier","step":20,"time":5,"labelled/loss":1,"test/top1":0.9}

            """);
        Write("config.resolved.json", ConfigLoader.Load(
            null, null, new Dictionary<string, string>(), [new Assignment("seed", "7", "--seed")]).ToJson());
        JsonFiles.Save(Run.RecordPath, new RunRecord
        {
            Started = new DateTime(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc),
            CommandLine = ["run", "--data", "folder:my pictures"],
            Device = "host, 2 threads",
            Kernels = new Dictionary<string, string>(),
            Seed = 7,
            DataHashes = new Dictionary<string, string> { ["train"] = train.Hash },
        });
        Write("labels.csv", "index,label\n" + string.Concat(classNames.Select((_, label) => $"{label * perClass},{label}\n")));
        PseudoLabelFile.Save(Run.Round(1).Labels.PseudoLabelsPath, train, new PseudoLabels(
            [.. train.Labels.Select((label, i) => i == 1 ? (label + 1) % classNames.Count : label)],
            [.. train.Labels.Select((_, i) => (float)(i + 1) / train.Count)]));
        foreach (var (stage, seconds) in Run.Stages.Zip([30.0, 60, 10]))
        {
            Finish(stage, seconds);
        }

        Draw(classNames.Count, side);
        long[][] confusion = [.. classNames.Select((_, truth) => classNames.Select((_, said) => truth == said ? 3L : truth + said == 1 ? truth : 0).ToArray())];
        JsonFiles.Save(Run.Round(1).Retrain.ConfusionPath, confusion);
        Directory.CreateDirectory(Run.Round(1).Diffusion.FilmPath);
        File.WriteAllBytes(Run.Round(1).Diffusion.FrameOf(20), [1, 2, 3]);
        File.WriteAllBytes(Run.Round(1).Diffusion.NeighboursPath, [4, 5, 6]);
    }

    /// <summary>What the run achieved: 180 test images only stage 3 has right, 40 only the control.</summary>
    public static DptResult Result { get; } = FakeCommands.Result with
    {
        Stage3 = FakeCommands.Result.Stage3 with { PairedControl = new PairedControl(180, 40, 2000) },
    };

    public RunLayout Run { get; }

    public DatasetPair Data { get; }

    /// <summary>The report, written now.</summary>
    public string Page()
    {
        Report.Write(Run, Data);
        return File.ReadAllText(Run.ReportPath);
    }

    /// <summary>The report of a run with another result.</summary>
    public string PageOf(DptResult result)
    {
        Write("result.json", JsonText.Of(result));
        return Page();
    }

    public void Write(string name, string content) => _folder.Write($"run/{name}", content);

    public void Dispose() => _folder.Dispose();

    private static void Finish(StageFolder stage, double seconds) => JsonFiles.Save(stage.ManifestPath, new StageManifest
    {
        Stage = stage.Name,
        Origin = new StageOrigin(new Dictionary<string, string>(), new Dictionary<string, string>()),
        Machines = ["host"],
        Outputs = [],
        Seconds = seconds,
        PeakMemoryBytes = 1 << 20,
    });

    private static ImageDataset Images(IReadOnlyList<string> classNames, int side, int perClass)
    {
        int[] labels = [.. classNames.SelectMany((_, label) => Enumerable.Repeat(label, perClass))];
        var pixels = new byte[labels.Length * 3 * side * side];
        new Random(1).NextBytes(pixels);
        return new ImageDataset("pictures", classNames, 3, side, pixels, labels, [.. labels.Select((label, i) => $"{classNames[label]}/{i}.png")]);
    }

    private void Draw(int classes, int side)
    {
        var plan = new ImageShardPlan(classes, 2, 3, side, 256, "key");
        var shards = ImageShards.BeginOrResume(Run.Round(1).Diffusion.PseudoImagesPath, plan, new SilentObserver());
        foreach (var shard in shards.Missing)
        {
            var pixels = new byte[shard.Count * 3 * side * side];
            new Random(shard.Label).NextBytes(pixels);
            shards.Write(shard, pixels);
        }
    }
}
