namespace DPT.Engine.Dpt;

/// <summary>
/// A classifier trained on all true labels: an outside judge of pseudo-images and accuracies. The method itself never
/// sees it.
/// </summary>
internal sealed class ReferenceJudge
{
    private const string Name = "reference";
    private const int Batch = 128;

    private readonly RunContext _context;
    private readonly string _folder;

    public ReferenceJudge(RunContext context)
    {
        _context = context;
        _folder = Path.Combine(context.Folder.FolderPath, Name);
    }

    /// <summary>The trained judge; trained at the first use, continued from its checkpoints after that.</summary>
    public ClassifierTraining Train(CancellationToken stop)
    {
        var options = _context.Options.Stage1 with { UnlabelledBatch = 0, LabelledBatch = Batch };
        var key = StageRunner.KeyOf(
            _context.Options.Classifier, options, _context.Options.Seed, _context.Data.Train.Hash);
        var training = new ClassifierTraining(
            _context, Name, options, _context.Data.Train, Path.Combine(_folder, "checkpoints"), key,
            _context.StageSeed(0));
        try
        {
            training.Run(stop);
            return training;
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }
}
