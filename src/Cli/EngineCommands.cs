using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>The engine behind the command line.</summary>
internal sealed class EngineCommands : IDptCommands
{
    private const int SheetColumns = 20;
    private const int SheetPixels = 48;
    private const string Missing = "this build has kernels and data only; the training stages are not part of it";

    public IReadOnlyList<NamedValue> Plan(DptOptions options)
    {
        var data = DatasetCatalog.Load(options.Data);
        var split = LabelSplit.Create(data.Train, options.Data, options.Seed);
        return
        [
            new("training images", data.Train.Count),
            new("test images", data.Test.Count),
            new("labelled images", split.Count),
        ];
    }

    public DptResult Run(RunRequest request, CancellationToken stop) =>
        throw new DptException(FailureKind.Environment, Missing);

    public IReadOnlyList<NamedValue> RunStage(DptStage stage, RunRequest request, CancellationToken stop) =>
        throw new DptException(FailureKind.Environment, Missing);

    public IReadOnlyList<NamedValue> DescribeData(DptOptions options)
    {
        var (train, test) = DatasetCatalog.Load(options.Data);
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
        ];
    }

    public void ExportContactSheet(DptOptions options, string file)
    {
        var train = DatasetCatalog.Load(options.Data).Train;
        var images = new List<byte>();
        for (var c = 0; c < train.Classes; c++)
        {
            // A row may be shorter than the others: what is missing stays black.
            var members = Enumerable.Range(0, train.Count).Where(i => train.Labels[i] == c).Take(SheetColumns).ToList();
            members.ForEach(i => images.AddRange(train.Image(i)));
            images.AddRange(new byte[(SheetColumns - members.Count) * train.ImageLength]);
        }

        SampleGrid.Save(
            file, [.. images], train.Channels, train.ImageSize, SheetColumns, Math.Max(1, SheetPixels / train.ImageSize));
    }
}
