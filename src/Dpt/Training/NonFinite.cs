using System.Numerics.Tensors;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// The refusal of numbers that are not finite, wherever they leave a network: one kind of failure, one wording. Nothing is
/// made of such numbers, and the last checkpoint stays as it is.
/// </summary>
internal static class NonFinite
{
    private const string Advice = "lower the learning rate, or clip the gradient (clipNorm)";

    /// <summary>The failure of a training step.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="what">Subject and verb, e.g. <c>the gradient of 'fc.weight' is</c>.</param>
    public static DptException InStep(long step, string what) =>
        new(FailureKind.Diverged, $"training diverged in step {step}: {what} not finite; {Advice}");

    /// <summary>Refuses a network with a weight that is not finite.</summary>
    /// <param name="store">Its weights.</param>
    /// <param name="network">Its name, e.g. <c>the generator</c>.</param>
    /// <exception cref="DptException">Diverged: the message names the weight.</exception>
    public static void RequireWeights(ParameterStore store, string network)
    {
        if (store.FindNonFinite(store.Values) is { } weight)
        {
            throw new DptException(
                FailureKind.Diverged, $"{network} is of no use: its weight '{weight.Name}' is not finite; train it again: {Advice}");
        }
    }

    /// <summary>Refuses what a network gave if a number of it is not finite.</summary>
    /// <param name="values">[items,width].</param>
    /// <param name="width">Numbers per item.</param>
    /// <param name="store">The network's weights; if one is the cause, it is named.</param>
    /// <param name="network">The network's name, e.g. <c>the classifier</c>.</param>
    /// <param name="nameOf">Names what an item is, e.g. <c>image 7 of 'digits'</c>.</param>
    /// <exception cref="DptException">Diverged.</exception>
    public static void RequireOutput(
        ReadOnlySpan<float> values, int width, ParameterStore store, string network, Func<int, string> nameOf)
    {
        if (TensorPrimitives.IsFiniteAll(values))
        {
            return;
        }

        RequireWeights(store, network);
        var first = 0;
        while (TensorPrimitives.IsFiniteAll(values.Slice(first * width, width)))
        {
            first++;
        }

        throw new DptException(
            FailureKind.Diverged, $"what {network} gives for {nameOf(first)} is not finite; train it again: {Advice}");
    }
}
