namespace DPT.Engine.Dpt;

/// <summary>
/// Everything that decides a run, resolved: no value here is optional by accident. Files and flags use the same
/// names in camel case with dots, e.g. <c>diffusion.learningRate</c>. Defaults live in the application's
/// <c>defaults.json</c>, not here, so that "unset" and "set to the default" differ.
/// </summary>
public sealed record DptOptions
{
    /// <summary>What to learn from.</summary>
    public required DataOptions Data { get; init; }

    /// <summary>Seed of everything random in the run.</summary>
    public required int Seed { get; init; }

    /// <summary>
    /// Rounds of the method: in each after the first, the classifier that the one before it ended with labels all images anew, the
    /// generator goes on from there, and stage 3 is trained again from scratch. The control is the same for all.
    /// </summary>
    public required int Rounds { get; init; }

    /// <summary><c>auto</c>, <c>host</c>, <c>cuda</c> or <c>sim</c>.</summary>
    public required string Device { get; init; }

    /// <summary><c>fp32</c>; <c>bf16</c> is refused by every device so far.</summary>
    public required string Precision { get; init; }

    /// <summary>The network that classifies, the same in stages 1 and 3.</summary>
    public required ClassifierOptions Classifier { get; init; }

    /// <summary>A frozen network with a regression on its features in place of the network that classifies.</summary>
    public required ProbeOptions Probe { get; init; }

    /// <summary>Training of such a network without labels, which no run does by itself.</summary>
    public required PretrainOptions Pretrain { get; init; }

    /// <summary>Stage 1: semi-supervised training.</summary>
    public required SemiSupervisedOptions Stage1 { get; init; }

    /// <summary>Stage 2: the class-conditional generator and its training.</summary>
    public required DiffusionOptions Diffusion { get; init; }

    /// <summary>Stage 2: drawing the pseudo-images.</summary>
    public required GenerateOptions Generate { get; init; }

    /// <summary>Stage 3: training with pseudo-images, and its controls without them.</summary>
    public required RetrainOptions Stage3 { get; init; }

    /// <summary>Checkpoints and logging.</summary>
    public required RunOptions Run { get; init; }

    /// <summary>Updates of the control.</summary>
    internal int ControlSteps => Stage3.ControlSteps ?? Math.Max(Stage1.Steps, Stage3.Steps);
}

/// <summary>The data set, its size, and which labels the method may see.</summary>
public sealed record DataOptions
{
    /// <summary>Where the images are, as one of <see cref="DatasetCatalog.Kinds"/> says it.</summary>
    public required string Spec { get; init; }

    /// <summary>Side to which images are resized, in pixels; null keeps the native size.</summary>
    public int? ImageSize { get; init; }

    /// <summary>
    /// A table of the classes of <c>folder:</c>'s training images, see <see cref="LabelTable.FileFormat"/>; null takes them from the folders.
    /// </summary>
    public string? Labels { get; init; }

    /// <summary>
    /// Labels that the method may see, per class; 0 means all of them; null <see cref="LabelSplit.UsualPerClass"/>, or all where some
    /// training images have none.
    /// </summary>
    public int? LabelsPerClass { get; init; }

    /// <summary>
    /// A file naming the labelled images, see <see cref="LabelSplit.FileFormat"/>; null draws them by seed.
    /// </summary>
    public string? LabelFile { get; init; }

    /// <summary>
    /// This many training images, the same for every seed and whatever their labels, are set aside and stand in for the test images:
    /// what settings are chosen by. null trains on all of them and measures on the test images.
    /// </summary>
    public int? Development { get; init; }

    /// <summary>
    /// At most this many training images, drawn by seed whatever their labels; labelled ones are chosen among them. Where some have no
    /// label, those that have one all stay. null uses all.
    /// </summary>
    public int? TrainLimit { get; init; }

    /// <summary>At most this many test images, the same for every seed; null uses all.</summary>
    public int? TestLimit { get; init; }

    /// <summary>
    /// Image files, of training or of test, that take more than this many MiB decoded go to a temporary file, from which training reads
    /// ahead; at least 0. null stands for a quarter of the machine's memory, and never more than 2 GiB.
    /// </summary>
    public int? MemoryLimit { get; init; }

    /// <summary>Leave out images of <c>folder:</c> that cannot be read, instead of stopping; they are listed.</summary>
    public bool SkipBroken { get; init; }

    /// <summary>How images are resized: no setting, it follows from what they are for.</summary>
    internal ImageCrop Crop { get; init; }
}

/// <summary>The classifier. A network reads of its sizes what it has.</summary>
public sealed record ClassifierOptions
{
    /// <summary>Which network, by its name in <see cref="ClassifierCatalog"/>.</summary>
    public required string Network { get; init; }

    /// <summary>Side of a patch, in pixels; a wide residual network has none.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Token width; in a residual network, channels of the first stage.</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks; in a residual network, of each stage; in a wide one, of its layers.</summary>
    public required int Depth { get; init; }

    /// <summary>Attention heads of a transformer.</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of a transformer's MLP as a multiple of the token width.</summary>
    public required int MlpRatio { get; init; }
}

/// <summary>
/// A frozen network with a regression on its features (spec 2.3). Where it is given, nothing of <see cref="ClassifierOptions"/>,
/// <see cref="DptOptions.Stage1"/> and, but for <see cref="RetrainOptions.SelfTraining"/>, of <see cref="DptOptions.Stage3"/> counts.
/// </summary>
public sealed record ProbeOptions
{
    /// <summary>An ONNX file, or a folder of <c>dpt import --as vit</c>; null for no probe.</summary>
    public string? Features { get; init; }

    /// <summary>The network's output that has the features; null where it has one alone.</summary>
    public string? Output { get; init; }

    /// <summary>Name of the <see cref="PixelScale"/> that the network was trained with.</summary>
    public required string Pixels { get; init; }

    /// <summary>Side that images are resized to, for a network that takes any; null for that of the images.</summary>
    public int? Side { get; init; }

    /// <summary>The penalty's weight is this by the number of labelled rows; above 0.</summary>
    public required double Lambda { get; init; }

    /// <summary>A folder that keeps features, for other runs too; null for one in the run folder.</summary>
    public string? Cache { get; init; }

    /// <summary>Whether the run classifies by a probe.</summary>
    internal bool IsUsed => Features is not null;
}

/// <summary>Semi-supervised training of the classifier (spec 2.4).</summary>
public record SemiSupervisedOptions
{
    /// <summary>What learns from the unlabelled images, by its name in <see cref="SemiSupervisedCatalog"/>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Optimiser updates.</summary>
    public required int Steps { get; init; }

    /// <summary>Labelled images in a batch.</summary>
    public required int LabelledBatch { get; init; }

    /// <summary>Unlabelled images in a batch (each gives a weak and a strong view); 0 trains on labels alone.</summary>
    public required int UnlabelledBatch { get; init; }

    /// <summary>Weight of the unlabelled loss.</summary>
    public required double UnlabelledWeight { get; init; }

    /// <summary>FixMatch: the confidence that an unlabelled image needs to take part; FlexMatch: that of the commonest class.</summary>
    public required double Threshold { get; init; }

    /// <summary>FreeMatch and RegMixMatch: momentum of the self-adaptive thresholds; SoftMatch: of mean, variance and class probabilities.</summary>
    public required double ThresholdMomentum { get; init; }

    /// <summary>FreeMatch and RegMixMatch: weight of the fairness term (spec 2.4, optional entropy term); 0 leaves it out.</summary>
    public required double FairnessWeight { get; init; }

    /// <summary><c>adamw</c>, <c>muon</c> or <c>sgd</c>.</summary>
    public required string Optimizer { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Updates of linear warm-up.</summary>
    public required int WarmUp { get; init; }

    /// <summary>Weight decay.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>Decay of the moving average of the weights; after n updates at most (1 + n) / (10 + n).</summary>
    public required double AverageDecay { get; init; }

    /// <summary>Largest global gradient norm; 0 does not clip.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>Mirror images at random.</summary>
    public required bool Flip { get; init; }

    /// <summary>Random shift of the weak view, in pixels.</summary>
    public required int CropPadding { get; init; }
}

/// <summary>Stage 3 (spec 6.2) and what it is compared with.</summary>
public sealed record RetrainOptions : SemiSupervisedOptions
{
    /// <summary>
    /// Share of the labelled images in a batch, 0..0.99, that is drawn from the labelled few; the rest are pseudo-images. Null draws
    /// from both as from one set, as the paper does: the more pseudo-images, the fewer true labels are then in a batch.
    /// </summary>
    public double? RealShare { get; init; }

    /// <summary>
    /// Updates of the control, at least as many as those of stage 3; null for as many as stage 1 or stage 3, whichever has more. Only
    /// a control that more training no longer helps says what pseudo-images are worth.
    /// </summary>
    public int? ControlSteps { get; init; }

    /// <summary>
    /// Train a second control, with as many real images and their stage-1 labels in place of the pseudo-images: it tells
    /// self-training from the generator's part.
    /// </summary>
    public bool SelfTraining { get; init; }

    /// <summary>Labelled images of a batch that are drawn from the labelled few, less than all; null if both are one set.</summary>
    internal int? RealBatch => RealShare is { } share ? (int)(share * LabelledBatch) : null;
}

/// <summary>The generator, its forward process and its training (spec 4). A network reads of its sizes what it has.</summary>
public sealed record DiffusionOptions
{
    /// <summary>Which network, by its name in <see cref="GeneratorCatalog"/>.</summary>
    public required string Network { get; init; }

    /// <summary>
    /// A folder of <c>dpt import --as autoencoder</c>: the network learns and draws its latents, and sizes in pixels are those of latents. null
    /// for the pixels of images.
    /// </summary>
    public string? Autoencoder { get; init; }

    /// <summary>A file of <c>dpt encode</c> with the moments of the run's training images; null encodes them into the run folder.</summary>
    public string? Latents { get; init; }

    /// <summary>Side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Token width; of a songunet, channels of the first convolution.</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks without the middle one; even. Of a songunet: blocks of a level.</summary>
    public required int Depth { get; init; }

    /// <summary>Of a songunet: channels of each level over the width, the largest images first: 2:2:2.</summary>
    public required string ChannelMultipliers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of the MLP over the token width.</summary>
    public required int MlpRatio { get; init; }

    /// <summary>Whether queries, keys and values have a bias.</summary>
    public required bool QkvBias { get; init; }

    /// <summary>Whether each block of the second half is given what its partner in the first half made.</summary>
    public required bool LongSkip { get; init; }

    /// <summary>Whether a U-ViT's token of the time goes through an MLP first.</summary>
    public required bool MlpTimeEmbed { get; init; }

    /// <summary>End in a 3x3 convolution.</summary>
    public required bool Convolution { get; init; }

    /// <summary><c>noise</c>, <c>velocity</c> or <c>data</c>: what the network predicts.</summary>
    public required string Prediction { get; init; }

    /// <summary>
    /// <c>vp</c> (linear beta), <c>cosine</c>, <c>discrete</c> (1000 steps of latent diffusion), or <c>edm</c> (noise levels that are
    /// log-normal in training; with <c>velocity</c>, EDM's preconditioning and loss).
    /// </summary>
    public required string Schedule { get; init; }

    /// <summary><c>official</c> (normal 0.02) or <c>fast</c> (default linear, label 0.5, position 0.3, identity convolution).</summary>
    public required string Initialisation { get; init; }

    /// <summary>Optimiser updates.</summary>
    public required int Steps { get; init; }

    /// <summary>Images in a batch.</summary>
    public required int Batch { get; init; }

    /// <summary>Micro-batches a batch is cut into; the gradient is their sum.</summary>
    public required int Accumulation { get; init; }

    /// <summary>Recompute the activations of each block in the backward pass instead of storing them.</summary>
    public required bool Recompute { get; init; }

    /// <summary><c>adamw</c> or <c>muon</c>.</summary>
    public required string Optimizer { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Updates of linear warm-up.</summary>
    public required int WarmUp { get; init; }

    /// <summary>Weight decay.</summary>
    public required double WeightDecay { get; init; }

    /// <summary>AdamW's first decay.</summary>
    public required double Beta1 { get; init; }

    /// <summary>AdamW's second decay.</summary>
    public required double Beta2 { get; init; }

    /// <summary>Decay of the moving average of the weights; after n updates at most (1 + n) / (10 + n).</summary>
    public required double AverageDecay { get; init; }

    /// <summary>Largest global gradient norm; 0 does not clip.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>Probability of replacing the label by the null label.</summary>
    public required double LabelDropout { get; init; }

    /// <summary>Of a songunet: probability of each change to a training image, which the network is told of (<see cref="Kernels.EdmAugmentation"/>).</summary>
    public required double Augment { get; init; }

    /// <summary>Of a songunet: share of a block's numbers that is dropped in training.</summary>
    public required double Dropout { get; init; }

    /// <summary>Mirror images at random; of latents, those of mirrored images.</summary>
    public required bool Flip { get; init; }
}

/// <summary>Sampling (spec 5).</summary>
public sealed record GenerateOptions
{
    /// <summary>Pseudo-images per class, K.</summary>
    public required int PerClass { get; init; }

    /// <summary>Guidance scale s of the specification: eps + s (eps - eps_null); the usual weight is 1 + s.</summary>
    public required double Guidance { get; init; }

    /// <summary>Lowest noise level sigma/alpha at which is guided, see <see cref="Dpt.Guidance"/>.</summary>
    public required double GuidedAbove { get; init; }

    /// <summary>Noise level sigma/alpha below which is guided; null for no limit.</summary>
    public double? GuidedBelow { get; init; }

    /// <summary>Name of the solver, e.g. <c>dpm-solver-fast</c>.</summary>
    public required string Solver { get; init; }

    /// <summary>Network evaluations per image (a guided pair counts once).</summary>
    public required int Evaluations { get; init; }

    /// <summary>Of pixels and solvers that work on images: the quantile of dynamic thresholding, in (0, 1]; null for none.</summary>
    public double? Threshold { get; init; }

    /// <summary>Images drawn together.</summary>
    public required int Batch { get; init; }

    /// <summary>Whether the network is asked without the class too.</summary>
    private bool IsGuided => Guidance > 0;

    /// <summary>Whether some evaluations are guided and some are not.</summary>
    private bool IsGuidedInPart => IsGuided && (GuidedAbove > 0 || GuidedBelow is not null);

    /// <summary>Most images that the network sees together.</summary>
    internal int NetworkBatch => IsGuided ? 2 * Batch : Batch;

    /// <summary>Images that there is memory for in the network: guided evaluations have their own.</summary>
    internal int NetworkImages => IsGuidedInPart ? 3 * Batch : NetworkBatch;
}

/// <summary>Checkpoints and logging.</summary>
public sealed record RunOptions
{
    /// <summary>Updates from one checkpoint to the next.</summary>
    public required int CheckpointEvery { get; init; }

    /// <summary>Checkpoints kept per stage.</summary>
    public required int CheckpointsKept { get; init; }

    /// <summary>Checkpoints after a multiple of so many updates are kept besides, at least 1; null keeps none besides.</summary>
    public int? CheckpointsKeptEvery { get; init; }

    /// <summary>Updates from one metrics line to the next.</summary>
    public required int LogEvery { get; init; }

    /// <summary>Evaluations on the test set per stage, for the curves; at least 1.</summary>
    public required int EvaluationPoints { get; init; }

    /// <summary>
    /// What follows when numbers of a training are no longer finite: <c>stop</c>, or <c>retry</c>: it goes back to its newest checkpoint with
    /// half of the learning rate, three times at most.
    /// </summary>
    public required string OnDivergence { get; init; }
}
