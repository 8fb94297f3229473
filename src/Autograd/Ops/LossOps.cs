using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>
/// Losses. Each computes the gradient of its input in the same pass and puts it in place, so the backward pass starts
/// there; several losses on one tape add up.
/// </summary>
public static class LossOps
{
    /// <summary>Softmax cross-entropy with class numbers.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[N, C].</param>
    /// <param name="labels">[N], each 0..C-1.</param>
    /// <param name="scale">Factor on the gradient: the loss that is minimised is scale times the sum over rows.</param>
    /// <param name="rowWeights">[N], or empty for 1.</param>
    /// <returns>Weighted loss of each row, [N] (not scaled).</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor CrossEntropy(
        this Tape tape, Tensor logits, Slice<int> labels, float scale, Slice<float> rowWeights = default) =>
        CrossEntropy(tape, logits, labels, default, scale, rowWeights);

    /// <summary>Softmax cross-entropy with target distributions.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="logits">[N, C].</param>
    /// <param name="targets">[N, C].</param>
    /// <param name="scale">Factor on the gradient.</param>
    /// <param name="rowWeights">[N], or empty for 1.</param>
    /// <returns>Weighted loss of each row, [N].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor SoftCrossEntropy(
        this Tape tape, Tensor logits, Slice<float> targets, float scale, Slice<float> rowWeights = default) =>
        CrossEntropy(tape, logits, default, targets, scale, rowWeights);

    /// <summary>A loss of one's own: a kernel that writes the gradient of its input, which the tape then adds to the others.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="input">What the loss is of.</param>
    /// <param name="run">
    /// Runs the kernel. It is given the place for the gradient, laid out like the input, every element to be written; empty if
    /// nobody asks for a gradient.
    /// </param>
    public static void Loss(this Tape tape, Tensor input, Action<Slice<float>> run) => WithGradientOf(tape, input, run);

    /// <summary>Mean squared error per sample.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="prediction">[B, ...].</param>
    /// <param name="target">Like the prediction.</param>
    /// <param name="scale">Factor on the gradient.</param>
    /// <param name="sampleWeights">[B], or empty for 1.</param>
    /// <returns>Weighted loss of each sample, [B].</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Tensor SquaredError(
        this Tape tape, Tensor prediction, Slice<float> target, float scale, Slice<float> sampleWeights = default)
    {
        var batch = prediction.Shape[0];
        Shapes.RequireLength(nameof(SquaredError), nameof(target), target, prediction.Shape.Count);
        Shapes.RequireLengthIfGiven(nameof(SquaredError), nameof(sampleWeights), sampleWeights, batch);
        var losses = tape.New(new TensorShape(batch));
        WithGradientOf(tape, prediction, gradient => tape.Device.Run(LossOperators.SquaredError, new SquaredErrorCall
        {
            Batch = batch,
            Elements = checked((int)(prediction.Shape.Count / batch)),
            Prediction = prediction.Data,
            Target = target,
            SampleWeights = sampleWeights,
            Scale = scale,
            Losses = losses.Data,
            PredictionGradient = gradient,
        }));
        return losses;
    }

    /// <summary>Minimises composed numbers: their gradient is <paramref name="scale"/>, and the backward pass starts there.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="losses">Any shape.</param>
    /// <param name="scale">The loss that is minimised is scale times the sum of the elements.</param>
    /// <returns>The losses.</returns>
    public static Tensor Minimize(this Tape tape, Tensor losses, float scale)
    {
        if (tape.RecordsLoss(losses))
        {
            using var gradient = GradientSink.ForAdding(tape.Device, losses);
            tape.Device.Run(PrimitiveOperators.Map, new MapCall
            {
                Count = losses.Shape.Count,
                Function = MapFunction.Affine,
                A = gradient.Target,
                Factor = 1,
                Offset = scale,
                Y = gradient.Target,
            });
        }

        return losses;
    }

    private static Tensor CrossEntropy(
        Tape tape, Tensor logits, Slice<int> labels, Slice<float> targets, float scale, Slice<float> rowWeights)
    {
        Shapes.RequireRank(nameof(CrossEntropy), nameof(logits), logits, 2);
        Shapes.RequireLengthIfGiven(nameof(CrossEntropy), nameof(labels), labels, logits.Shape[0]);
        Shapes.RequireLengthIfGiven(nameof(CrossEntropy), nameof(targets), targets, logits.Shape.Count);
        Shapes.RequireLengthIfGiven(nameof(CrossEntropy), nameof(rowWeights), rowWeights, logits.Shape[0]);
        var losses = tape.New(new TensorShape(logits.Shape[0]));
        WithGradientOf(tape, logits, gradient => tape.Device.Run(LossOperators.CrossEntropy, new CrossEntropyCall
        {
            Rows = logits.Shape[0],
            Classes = logits.Shape[1],
            Logits = logits.Data,
            Labels = labels,
            Targets = targets,
            RowWeights = rowWeights,
            Scale = scale,
            Losses = losses.Data,
            LogitsGradient = gradient,
        }));
        return losses;
    }

    /// <summary>Runs a loss kernel with a place for the input's gradient, or none.</summary>
    private static void WithGradientOf(Tape tape, Tensor input, Action<Slice<float>> run)
    {
        if (!tape.RecordsLoss(input))
        {
            run(default);
            return;
        }

        using var gradient = GradientSink.ForWriting(tape.Device, input);
        run(gradient.Target);
    }
}
