namespace DPT.Engine.Kernels;

/// <summary>EDM's augmentation: the variants, best first, and the cases that prove them.</summary>
public static class AugmentEdmOperator
{
    /// <summary>Mirrors, turns, scales, stretches and shifts images.</summary>
    public static Operator<AugmentEdmCall> Transform { get; } =
        new("augment.edm", Cases, new AugmentEdmHostV1Passes(), new AugmentEdmV1Tiles());

    /// <summary>Maps that no draw gives: a number changed a little, quarter turns, all outside, far out, and no map at all.</summary>
    private static readonly float[][] Special =
    [
        [1, 0, 1e-30f, 0, 1, 0], [0, -1, 0, 1, 0, 0], [-1, 0, 0, 0, -1, 0], [1, 0, 0.5f, 0, 1, -3], [1, 0, 1e9f, 0, 1, 0],
        [3, 0.5f, 0, -0.25f, 2.5f, 1], [0.1f, 0, 0, 0, 0.1f, 0], [0, 0, 1, 0, 0, -0.25f],
    ];

    private static IEnumerable<KernelCase> Cases()
    {
        yield return Case(3, 1, 1, probability: 1);
        yield return Case(4, 2, 2, probability: 1);
        yield return Case(Special.Length, 1, 5, probability: null);
        yield return Case(3, 3, 7, probability: 1);
        yield return Case(3, 2, 8, probability: 0);
        yield return Case(2, 1, 13, probability: 1, FillPattern.Large);
        yield return Case(2, 1, 17, probability: 0.5);
        yield return Case(1, 1, 9, probability: 1, FillPattern.Unit);
    }

    private static KernelCase<AugmentEdmCall> Case(
        int batch, int channels, int size, double? probability, FillPattern fill = FillPattern.Normal) => new(
            FormattableString.Invariant($"B={batch} C={channels} S={size} {(probability is null ? "special" : $"p={probability}")} {fill}"),
            [
                Operand.In("images", batch * channels * size * size, fill),
                Operand.In("maps", batch * EdmAugmentation.MapLength, FillPattern.Derived),
                Operand.In("labels", batch * EdmAugmentation.Labels, FillPattern.Derived),
                Operand.Out("output", batch * channels * size * size, (2 * Sym6.Taps) + (2 * Sym6.Raising)),
            ],
            m => new AugmentEdmCall
            {
                Batch = batch,
                Channels = channels,
                ImageSize = size,
                Images = m["images"],
                Maps = m["maps"],
                Labels = m["labels"],
                Output = m["output"],
            },
            v => AugmentEdmReference.Augment(batch, channels, size, v["images"], v["maps"], v["labels"], v["output"]))
        {
            Derive = v => Draw(batch, size, probability, v["maps"], v["labels"]),
        };

    private static void Draw(int batch, int size, double? probability, double[] maps, double[] labels)
    {
        var map = new float[EdmAugmentation.MapLength];
        var label = new float[EdmAugmentation.Labels];
        for (var image = 0; image < batch; image++)
        {
            var random = new PhiloxStream(3, 1, image);
            var drawn = EdmAugmentation.Sample(ref random, probability ?? 1);
            drawn.WriteMap(size, map);
            drawn.WriteLabels(label);
            Array.ConvertAll(probability is null ? Special[image] : map, v => (double)v).CopyTo(maps, image * map.Length);
            Array.ConvertAll(label, v => (double)v).CopyTo(labels, image * label.Length);
        }
    }
}
