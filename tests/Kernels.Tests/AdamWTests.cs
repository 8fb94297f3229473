using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// The first update of AdamW in closed form, for gradients above, at and below epsilon: corrected, the moments are the
/// gradient and its square, so a weight moves by rate g / (|g| + epsilon).
/// </summary>
public sealed class AdamWTests
{
    private const float Rate = 0.5f;
    private const float Epsilon = 1e-8f;

    private static readonly float[] Gradients = [1, -0.3f, 1e-4f, -1e-6f, 1e-8f, -3e-9f, 1e-10f, 0];

    [Test]
    public void FirstUpdate_OfAnyGradient_IsThatOfTheFormula([Values] SimdWidth width)
    {
        using var device = new HostDevice(threads: 1, width, new KernelSelection());
        using var weights = device.Upload<float>(new float[Gradients.Length]);
        using var gradients = device.Upload<float>(Gradients);
        using var first = device.Upload<float>(new float[Gradients.Length]);
        using var second = device.Upload<float>(new float[Gradients.Length]);
        device.Run(OptimizerOperators.AdamW, new AdamWCall
        {
            Count = Gradients.Length,
            Parameters = weights.Slice,
            Gradients = gradients.Slice,
            Moment1 = first.Slice,
            Moment2 = second.Slice,
            Step = 1,
            LearningRate = Rate,
            Beta1 = 0.9f,
            Beta2 = 0.99f,
            Epsilon = Epsilon,
            WeightDecay = 0,
        });
        var moved = device.Download(weights.Slice);
        for (var i = 0; i < moved.Length; i++)
        {
            var expected = -Rate * Gradients[i] / (Math.Abs((double)Gradients[i]) + Epsilon);
            Assert.That(moved[i], Is.EqualTo(expected).Within(1e-4).Percent, $"gradient {Gradients[i]}");
        }
    }
}
