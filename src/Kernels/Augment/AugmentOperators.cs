namespace DPT.Engine.Kernels;

/// <summary>Augmentation: the variants, best first, and the cases that prove them.</summary>
public static class AugmentOperators
{
    private const int SourceCount = 5;

    /// <summary>Selects, augments and normalises images.</summary>
    public static Operator<AugmentCall> Augment { get; } =
        new("augment", Cases, new AugmentHostV1Bytes(), new AugmentV1Block());

    private static IEnumerable<KernelCase> Cases()
    {
        foreach (var policy in Enum.GetValues<AugmentPolicy>())
        {
            yield return Case(1, 1, 1, policy, flip: true, padding: 0);
            yield return Case(9, 1, 2, policy, flip: true, padding: 1);
            yield return Case(17, 3, 5, policy, flip: false, padding: 4);
            yield return Case(33, 3, 32, policy, flip: true, padding: 4);
            yield return Case(32, 1, 28, policy, flip: false, padding: 3);
        }
    }

    private static KernelCase<AugmentCall> Case(
        int batch, int channels, int size, AugmentPolicy policy, bool flip, int padding)
    {
        var pixels = channels * size * size;
        AugmentCall Call(CaseMemory? memory) => new()
        {
            Batch = batch,
            Channels = channels,
            ImageSize = size,
            SourceCount = SourceCount,
            Source = memory?.Byte("source") ?? default,
            Indices = memory?.Int("indices") ?? default,
            Policy = policy,
            Flip = flip,
            CropPadding = padding,
            Seed = 11,
            Stream = 2,
            FirstSample = 1000,
            Mean = memory?["mean"] ?? default,
            Deviation = memory?["deviation"] ?? default,
            Output = memory?["output"] ?? default,
        };
        return new KernelCase<AugmentCall>(
            Call(null).Shape,
            [
                Operand.InByte("source", SourceCount * pixels),
                Operand.InInt("indices", batch, SourceCount),
                Operand.In("mean", channels, FillPattern.Unit),
                Operand.In("deviation", channels, FillPattern.Positive),
                Operand.Out("output", batch * pixels),
            ],
            Call,
            v => AugmentReference.Augment(
                Call(null), v["source"], v["indices"], v["mean"], v["deviation"], v["output"]));
    }
}
