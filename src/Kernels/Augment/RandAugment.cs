namespace DPT.Engine.Kernels;

/// <summary>
/// RandAugment as semi-supervised learning uses it: three operations with replacement, each with a strength uniform in
/// its own range, then Cutout; all drawn before anything is applied. Source: method specification, section 1.5.
/// </summary>
/// <param name="First">First operation.</param>
/// <param name="Second">Second operation.</param>
/// <param name="Third">Third operation.</param>
/// <param name="Square">What is cut out at the end.</param>
internal readonly record struct RandAugment(
    RandAugmentStep First, RandAugmentStep Second, RandAugmentStep Third, Cutout Square)
{
    private const int Operations = 14;

    /// <summary>Draws three times (operation, strength), then side, x and y of the cutout.</summary>
    public static RandAugment Sample(int size, ref PhiloxStream random)
    {
        var first = SampleStep(size, ref random);
        var second = SampleStep(size, ref random);
        var third = SampleStep(size, ref random);
        var side = 0.5 * random.NextUniform() * size;
        var x = (double)random.NextUniform() * size;
        var y = (double)random.NextUniform() * size;
        return new RandAugment(first, second, third, Cutout.Of(size, side, x, y));
    }

    /// <summary>Applies everything, in order.</summary>
    public void Apply(ByteImage image, ByteImage scratch)
    {
        First.Apply(image, scratch);
        Second.Apply(image, scratch);
        Third.Apply(image, scratch);
        Square.Apply(image);
    }

    /// <summary>The range of an operation's strength; drawn even for an operation that ignores it.</summary>
    public static (double Min, double Max) Range(RandAugmentOp op) => op switch
    {
        RandAugmentOp.Posterize => (4, 8),
        RandAugmentOp.Rotate => (-30, 30),
        RandAugmentOp.ShearX or RandAugmentOp.ShearY => (-0.3, 0.3),
        RandAugmentOp.TranslateX or RandAugmentOp.TranslateY => (-0.3, 0.3),
        RandAugmentOp.Solarize => (0, 256),
        _ => (0.05, 0.95),
    };

    private static RandAugmentStep SampleStep(int size, ref PhiloxStream random)
    {
        var op = (RandAugmentOp)random.NextInt(Operations);
        var (min, max) = Range(op);
        return RandAugmentStep.Of(op, size, min + ((max - min) * random.NextUniform()));
    }
}
