namespace Kernels.Tests;

/// <summary>The batches of the golden values: 4 classes, 8 images, scores from sines.</summary>
internal static class GoldenBatch
{
    public const int Classes = 4;
    public const int Rows = 8;

    /// <summary>Probabilities of weak views, [Rows,Classes].</summary>
    public static float[] Weak { get; } = Softmax(k => 3 * Math.Sin((1.1 * k) + 0.2));

    /// <summary>Probabilities of strong views, [Rows,Classes].</summary>
    public static float[] Strong { get; } = Softmax(k => 2 * Math.Sin((0.9 * k) + 0.6));

    /// <summary>The weak views', the classes the other way round.</summary>
    public static float[] Turned { get; } = [.. Weak.Chunk(Classes).SelectMany(row => row.Reverse())];

    private static float[] Softmax(Func<int, double> logit) =>
    [
        .. Enumerable.Range(0, Rows * Classes).Select(k => Math.Exp(logit(k))).Chunk(Classes)
            .SelectMany(powers => powers.Select(power => (float)(power / powers.Sum()))),
    ];
}
