namespace DPT.Engine.Dpt;

/// <summary>
/// A classifier trained on all true labels: an outside judge of pseudo-images and accuracies. The method itself never
/// sees it.
/// </summary>
internal static class ReferenceJudge
{
    private const int Batch = 128;

    /// <summary>The trained judge; trained at the first use, continued from its checkpoints after that.</summary>
    /// <param name="context">The run; nothing of it changes but the judge's own folder.</param>
    /// <param name="stop">Stops the training with everything saved.</param>
    /// <exception cref="DptException">Usage: some training images have no label that it could learn.</exception>
    public static IClassifierTraining Train(RunContext context, CancellationToken stop)
    {
        Usage.Require(
            !context.Data.Train.HasUnlabelled,
            $"'{context.Data.Train.Name}' has training images without a label: the judge learns the true label of every one");
        var options = context.Options.Stage1 with { UnlabelledBatch = 0, LabelledBatch = Batch };
        var given = context.GivenToClassify(["seed", "classifier", "stage1"], "train", "test");
        using var own = context.WithMetricsAt(context.Folder.JudgeMetricsPath);
        var training = IClassifierTraining.Of(
            own,
            RunLayout.JudgeName,
            options,
            LabelledImages.Of(context.Data.Train),
            context.Folder.JudgeCheckpointsPath,
            new StageOrigin(given, new Dictionary<string, string>()),
            context.StageSeed(0));
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
