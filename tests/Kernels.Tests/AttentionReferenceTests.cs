using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The reference itself: its gradient against difference quotients of its forward pass.</summary>
public sealed class AttentionReferenceTests
{
    [TestCase(1, 1, 1, 1)]
    [TestCase(2, 3, 2, 4)]
    [TestCase(1, 5, 1, 3)]
    public void Backward_AnyShape_IsTheDerivativeOfForward(int batch, int tokens, int heads, int size)
    {
        var reference = new AttentionReference(new AttentionShape(batch, tokens, heads, size));
        var elements = batch * tokens * heads * size;
        var random = new Random(5);
        var qkv = Normal(random, 3 * elements);
        var dOutput = Normal(random, elements);
        var output = new double[elements];
        var logSumExp = new double[batch * tokens * heads];
        var gradient = new double[3 * elements];
        reference.Forward(qkv, output, logSumExp);
        reference.Backward(qkv, output, dOutput, gradient);

        for (var i = 0; i < qkv.Length; i++)
        {
            const double Step = 1e-5;
            var slope = (Loss(i, Step) - Loss(i, -Step)) / (2 * Step);
            Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-8), $"derivative by element {i}");
        }

        double Loss(int element, double step)
        {
            var moved = (double[])qkv.Clone();
            moved[element] += step;
            var y = new double[elements];
            reference.Forward(moved, y, []);
            return y.Zip(dOutput, (a, b) => a * b).Sum();
        }
    }

    private static double[] Normal(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
            * Math.Cos(2 * Math.PI * random.NextDouble()))];
}
