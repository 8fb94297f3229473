namespace DPT.Engine.Dpt;

/// <summary>Makes one classifier: what stage 1, stage 3, the controls and the judge share.</summary>
internal interface IClassifierTraining : IDisposable
{
    /// <summary>The classifier; after <see cref="Run"/> it is trained.</summary>
    IImageClassifier Classifier { get; }

    /// <summary>Steps to the end.</summary>
    int Steps { get; }

    /// <summary>Seconds of training so far.</summary>
    double Seconds { get; }

    /// <summary>The factor on the learning rate since the training diverged and went back; null if it never did.</summary>
    double? LoweredRate { get; }

    /// <summary>What has computed the training, earlier sessions first.</summary>
    IReadOnlyList<string> Machines { get; }

    /// <summary>Trains to the end.</summary>
    void Run(CancellationToken stop);

    /// <summary>Writes the classifier with what it is for; the file appears whole or not at all.</summary>
    void Save(string path);

    /// <summary>Prepares to train what the run classifies with: a network, or where a frozen one is given a probe on its features.</summary>
    /// <param name="context">The run.</param>
    /// <param name="name">Name in metrics and messages.</param>
    /// <param name="options">Budget and rates of a network's training.</param>
    /// <param name="labelled">Images whose labels may be used.</param>
    /// <param name="checkpoints">Folder of the checkpoints.</param>
    /// <param name="origin">What the training is made from.</param>
    /// <param name="seed">Seed of the stage.</param>
    static IClassifierTraining Of(
        RunContext context,
        string name,
        SemiSupervisedOptions options,
        LabelledImages labelled,
        string checkpoints,
        StageOrigin origin,
        ulong seed) => context.Options.Probe.IsUsed
        ? new ProbeTraining(context, name, labelled.Images)
        : new ClassifierTraining(context, name, options, labelled, checkpoints, origin, seed);
}
