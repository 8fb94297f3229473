using System.Diagnostics;
using System.Globalization;

namespace DPT.Engine.Dpt;

/// <summary>
/// Stage 3: the classifier retrained from scratch on the labelled few plus the pseudo-images (spec 6.2), and its controls, without
/// which an improvement proves nothing: the same training with the same seed on the labelled few alone, for as many updates or more;
/// and, if asked for, on the labelled few plus real images with their pseudo-labels. The first control knows nothing of pseudo-labels,
/// so the first round trains it for all.
/// </summary>
internal sealed class RetrainStage
{
    /// <summary>What <c>stage3.controlSteps</c> comes to where it says nothing itself: it may follow from stage 1's updates.</summary>
    private const string ControlUpdates = "updates of the control";

    private const string SelfTraining = "stage3.selfTraining";

    private readonly RunContext _context;
    private readonly LabelStage _labels;
    private readonly DiffusionStage _diffusion;
    private readonly RetrainStage? _first;
    private readonly StageFolder _folder;

    /// <summary>The stage of a round.</summary>
    /// <param name="context">The run.</param>
    /// <param name="labels">What labels the images in this round.</param>
    /// <param name="diffusion">Stage 2 of this round.</param>
    /// <param name="round">Number of the round, from 1.</param>
    /// <param name="first">Stage 3 of the first round; null if this is it.</param>
    public RetrainStage(RunContext context, LabelStage labels, DiffusionStage diffusion, int round, RetrainStage? first)
    {
        (_context, _labels, _diffusion, _first) = (context, labels, diffusion, first);
        _folder = context.Folder.Round(round).Retrain;
        var given = context.GivenToClassify(["seed", "classifier", "stage3"], "train", "test", "labels");
        if (context.Options.Probe.IsUsed)
        {
            given[SelfTraining] = $"{context.Options.Stage3.SelfTraining}";
        }
        else if (context.Options.Stage3.ControlSteps is null)
        {
            given[ControlUpdates] = context.Options.ControlSteps.ToString(CultureInfo.InvariantCulture);
        }

        Runner = new StageRunner(context, _folder, given, GivenToTrain(given));
    }

    /// <summary>What decides whether the stage has to run.</summary>
    public StageRunner Runner { get; }

    /// <summary>Name of the control's training in metrics and progress.</summary>
    public static string ControlOf(StageFolder folder) => $"{folder.Name}-control";

    /// <summary>Name of the second control's.</summary>
    public static string SelfTrainingOf(StageFolder folder) => $"{folder.Name}-self-training";

    /// <summary>Trains both classifiers, or reads the finished result.</summary>
    public Stage3Result Run(CancellationToken stop)
    {
        var pseudoImages = _diffusion.LoadImages();
        var made = Made(pseudoImages);
        return Runner.Run(made, () => Work(pseudoImages, made, stop));
    }

    /// <summary>The result of the finished stage, untouched.</summary>
    /// <exception cref="DptException">It is not finished, or not as it should be.</exception>
    public Stage3Result Read() => Runner.Read<Stage3Result>(Made(_diffusion.LoadImages()));

    /// <summary>The manifest and the result, if the stage is finished and of one piece with those before it; else null.</summary>
    public (StageManifest Manifest, Stage3Result Result)? Find() => Runner.Find<Stage3Result>(Made(_diffusion.LoadImages()));

    /// <summary>The finished stage's predictions on the test set.</summary>
    public ConfusionMatrix LoadConfusion() => new(JsonFiles.Load<long[][]>(_folder.ConfusionPath));

    /// <summary>What stage 2, finished, made for this one.</summary>
    private Dictionary<string, string> Made(ImageDataset pseudoImages) => new()
    {
        ["generator"] = _diffusion.GeneratorHash,
        ["pseudo-images"] = pseudoImages.Hash,
    };

    /// <summary>What is compared with stage 3 changes nothing in it.</summary>
    private static SortedDictionary<string, string> GivenToTrain(SortedDictionary<string, string> given)
    {
        var toTrain = new SortedDictionary<string, string>(given, given.Comparer);
        toTrain.Remove("stage3.controlSteps");
        toTrain.Remove(ControlUpdates);
        toTrain.Remove(SelfTraining);
        return toTrain;
    }

    private StageWork<Stage3Result> Work(ImageDataset pseudoImages, Dictionary<string, string> made, CancellationToken stop)
    {
        var options = _context.Options.Stage3;
        var real = _context.Data.Train.Select(_context.Split.Indices);
        var drawn = Train(
            new Contender(
                _folder.Name, LabelledImages.Of(real, pseudoImages, options.RealBatch), options, _folder.CheckpointsPath, _folder.ClassifierPath), made, stop);
        JsonFiles.Save(_folder.ConfusionPath, drawn.Matrix.Rows);
        var control = _first is null ? TrainControl(real, made, stop) : null;
        var selfTraining = options.SelfTraining ? TrainItself(real, made, stop) : null;
        var controlTop1 = control is null ? _first!.Read().ControlTop1 : control.Matrix.Accuracy;
        _context.Observer.Message(
            $"{_folder.Name}: top-1 {Measured.Percent(drawn.Matrix.Accuracy)}, control {Measured.Percent(controlTop1)}"
            + (selfTraining is null ? "" : $", self-training {Measured.Percent(selfTraining.Matrix.Accuracy)}"));
        Trained[] all = [.. new[] { drawn, control, selfTraining }.OfType<Trained>()];
        var result = new Stage3Result(
            drawn.Matrix.Accuracy,
            controlTop1,
            drawn.Steps,
            control?.Steps ?? _context.Options.ControlSteps,
            _context.Options.Generate.PerClass,
            all.Sum(trained => trained.Seconds),
            selfTraining?.Matrix.Accuracy,
            control is null ? null : Pair(drawn, control),
            drawn.LoweredRate,
            control?.LoweredRate,
            selfTraining?.LoweredRate);
        return new StageWork<Stage3Result>(
            result, [_folder.ClassifierPath, _folder.ConfusionPath], [.. all.SelectMany(trained => trained.Machines).Distinct()]);
    }

    private Trained TrainControl(ImageDataset real, Dictionary<string, string> made, CancellationToken stop)
    {
        var longer = _context.Options.Stage3 with { Steps = _context.Options.ControlSteps };
        return Train(new Contender(ControlOf(_folder), LabelledImages.Of(real), longer, _folder.ControlCheckpointsPath), made, stop);
    }

    /// <summary>The second control.</summary>
    private Trained TrainItself(ImageDataset real, Dictionary<string, string> made, CancellationToken stop)
    {
        var labels = _labels.LoadPseudoLabels().Labels;
        var images = SelfTrainingImages.Draw(
            _context.Data.Train, labels, _context.Options.Generate.PerClass, _context.StageSeed(3));
        return Train(
            new Contender(
                SelfTrainingOf(_folder),
                LabelledImages.Of(real, images, _context.Options.Stage3.RealBatch),
                _context.Options.Stage3,
                _folder.SelfTrainingCheckpointsPath),
            made,
            stop);
    }

    private Trained Train(Contender contender, Dictionary<string, string> made, CancellationToken stop)
    {
        using var training = IClassifierTraining.Of(
            _context,
            contender.Name,
            contender.Options,
            contender.Labelled,
            contender.CheckpointsPath,
            Runner.TrainingOrigin(made).With("stage3.steps", contender.Options.Steps),
            _context.StageSeed(3));
        training.Run(stop);
        var clock = Stopwatch.StartNew();
        if (contender.WeightsPath is { } path)
        {
            training.Save(path);
        }

        var test = _context.Data.Test;
        var predicted = training.Classifier.Label(test, stop).Labels;
        return new Trained(
            ConfusionMatrix.Of(test.Classes, test.Labels, predicted),
            [.. predicted.Zip(test.Labels, (said, isSo) => said == isSo)],
            training.Steps,
            training.Seconds + clock.Elapsed.TotalSeconds,
            training.LoweredRate,
            training.Machines);
    }

    /// <summary>Both image by image; null if there are none.</summary>
    private static PairedControl? Pair(Trained drawn, Trained control)
    {
        var pairs = drawn.IsRight.Zip(control.IsRight).ToList();
        return pairs.Count == 0
            ? null
            : new PairedControl(pairs.Count(image => image is (true, false)), pairs.Count(image => image is (false, true)), pairs.Count);
    }

    /// <summary>One of the trainings: they differ in nothing else.</summary>
    /// <param name="Name">Name in metrics and messages.</param>
    /// <param name="Labelled">Images whose labels it learns.</param>
    /// <param name="Options">Stage 3's, with its own number of updates.</param>
    /// <param name="CheckpointsPath">Where its checkpoints are.</param>
    /// <param name="WeightsPath">Where its weights go; null for a control.</param>
    private sealed record Contender(
        string Name, LabelledImages Labelled, SemiSupervisedOptions Options, string CheckpointsPath, string? WeightsPath = null);

    /// <summary>One of the trainings, finished.</summary>
    /// <param name="Matrix">Its predictions on the test set.</param>
    /// <param name="IsRight">Whether it has each test image right.</param>
    /// <param name="Steps">Its steps.</param>
    /// <param name="Seconds">What it has taken.</param>
    /// <param name="LoweredRate">The factor on its learning rate since it diverged; null if it never did.</param>
    /// <param name="Machines">What computed it.</param>
    private sealed record Trained(
        ConfusionMatrix Matrix, bool[] IsRight, int Steps, double Seconds, double? LoweredRate, IReadOnlyList<string> Machines);
}
