using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The constants of MSN's loss; the usual ones are the published (spec 2.2).</summary>
internal sealed record MsnLossConfig
{
    /// <summary>What cosines of embeddings and prototypes are divided by, above 0.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Targets are assignments to the power of one over this, in (0, 1].</summary>
    public double Sharpening { get; init; } = 0.25;

    /// <summary>Whether targets are balanced over the prototypes (<see cref="SinkhornBalance"/>).</summary>
    public bool BalancesTargets { get; init; } = true;

    /// <summary>Weight of the term that keeps all prototypes in use, at least 0.</summary>
    public double MeanEntropyWeight { get; init; } = 1;
}

/// <summary>The parts of the loss of a step, without weights.</summary>
/// <param name="CrossEntropy">Of each anchor with its target, [N].</param>
/// <param name="MeanEntropyGap">
/// What the entropy of the mean assignment lacks to that of equal shares, ln P, [1, 1]: 0 if all prototypes are used alike, ln P if
/// one has everything.
/// </param>
/// <param name="Entropy">Of each anchor's assignment, [N, 1]; it is not minimised.</param>
internal sealed record MsnLosses(Tensor CrossEntropy, Tensor MeanEntropyGap, Tensor Entropy);

/// <summary>
/// The loss of masked siamese networks (Assran et al. 2022; spec 2.2): anchors, views of which parts are missing, are to be assigned to
/// prototypes as the target, a whole view of the same image, is; and all prototypes are to be used.
/// </summary>
internal static class MsnLoss
{
    /// <summary>Added to mean assignments, so that one that a float cannot hold has a logarithm; nothing beside any other.</summary>
    private const float LeastMean = 1e-30f;

    /// <summary>What the anchors of a batch are to be assigned to; without a gradient.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="embeddings">Of the target views, [B, O].</param>
    /// <param name="prototypes">[P, O].</param>
    /// <param name="config">The constants.</param>
    /// <returns>[B, P], each row with a sum of 1.</returns>
    public static Tensor Targets(Tape tape, Tensor embeddings, Tensor prototypes, MsnLossConfig config) => tape.WithoutGradient(() =>
    {
        // A softmax to the power of 1/T, at a sum of 1 again, is the softmax of scores over T.
        var targets = PrototypeScores.Of(tape, embeddings, prototypes, config.Temperature * config.Sharpening);
        tape.Device.Run(LossOperators.Softmax, new SoftmaxCall
        {
            Rows = targets.Shape[0],
            Classes = targets.Shape[1],
            Logits = targets.Data,
            Probabilities = targets.Data,
        });
        return config.BalancesTargets ? SinkhornBalance.Of(tape, targets) : targets;
    });

    /// <summary>Minimises the mean cross-entropy of the anchors with their targets and, weighted, the gap of the mean entropy.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="anchors">Embeddings of the anchors, [V B, O]: the first view of every image, then the second, and so on.</param>
    /// <param name="prototypes">[P, O].</param>
    /// <param name="targets">[B, P], see <see cref="Targets"/>.</param>
    /// <param name="config">The constants.</param>
    /// <exception cref="ArgumentException">The anchors are no multiple of the targets.</exception>
    public static MsnLosses Minimize(Tape tape, Tensor anchors, Tensor prototypes, Tensor targets, MsnLossConfig config)
    {
        var scores = PrototypeScores.Of(tape, anchors, prototypes, config.Temperature);
        var crossEntropy = tape.SoftCrossEntropy(scores, ForViews(tape, targets, anchors.Shape[0]).Data, scale: 1f / anchors.Shape[0]);
        var logarithms = LogSoftmax(tape, scores);
        var assignments = tape.Exp(logarithms);
        var gap = MeanEntropyGap(tape, assignments);
        tape.Minimize(gap, (float)config.MeanEntropyWeight);
        var entropy = tape.WithoutGradient(() => tape.Scale(tape.Sum(tape.Mul(assignments, logarithms), axis: 1), -1));
        return new MsnLosses(crossEntropy, gap, entropy);
    }

    /// <summary>The targets once for each view: [B, P] to [V B, P].</summary>
    private static Tensor ForViews(Tape tape, Tensor targets, int anchors)
    {
        var (batch, prototypes) = (targets.Shape[0], targets.Shape[1]);
        var once = tape.Reshape(targets, new TensorShape(1, batch, prototypes));
        return tape.Reshape(tape.Expand(once, axis: 0, anchors / batch), new TensorShape(anchors, prototypes));
    }

    private static Tensor LogSoftmax(Tape tape, Tensor scores)
    {
        // The result does not depend on what is taken off, so the maximum needs no gradient.
        var largest = tape.WithoutGradient(() => tape.Scale(tape.Expand(tape.Max(scores, axis: 1), axis: 1, scores.Shape[1]), -1));
        var shifted = tape.Add(scores, largest);
        var logSums = tape.Log(tape.Sum(tape.Exp(shifted), axis: 1));
        return tape.Add(shifted, tape.Scale(tape.Expand(logSums, axis: 1, scores.Shape[1]), -1));
    }

    private static Tensor MeanEntropyGap(Tape tape, Tensor assignments)
    {
        var mean = tape.Mean(assignments, axis: 0);
        var negative = tape.Sum(tape.Mul(mean, tape.Log(tape.Scale(mean, 1, LeastMean))), axis: 1);
        return tape.Scale(negative, 1, MathF.Log(assignments.Shape[1]));
    }
}
