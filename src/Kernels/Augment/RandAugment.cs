namespace DPT.Engine.Kernels;

/// <summary>The operations of RandAugment, in the order of the draws.</summary>
internal enum RandAugmentOp
{
    AutoContrast,
    Brightness,
    Color,
    Contrast,
    Equalize,
    Identity,
    Posterize,
    Rotate,
    Sharpness,
    ShearX,
    ShearY,
    Solarize,
    TranslateX,
    TranslateY,
}

/// <summary>
/// RandAugment as semi-supervised learning uses it: three operations with replacement, each with a strength uniform in
/// its own range, then Cutout. Source: method specification, section 1.5.
/// </summary>
internal static class RandAugment
{
    private const int Operations = 14;
    private const int Draws = 3;

    /// <summary>Draws and applies: three times (operation, strength), then side, x and y of the cutout.</summary>
    public static void Apply(ByteImage image, ByteImage scratch, ref PhiloxStream random)
    {
        for (var draw = 0; draw < Draws; draw++)
        {
            var op = (RandAugmentOp)random.NextInt(Operations);
            var (least, most) = Range(op);
            Apply(op, image, scratch, least + ((most - least) * random.NextUniform()));
        }

        var side = 0.5 * random.NextUniform() * image.Size;
        var x = (double)random.NextUniform() * image.Size;
        var y = (double)random.NextUniform() * image.Size;
        Cutout.Apply(image, side, x, y);
    }

    /// <summary>Applies one operation with a strength from its range.</summary>
    public static void Apply(RandAugmentOp op, ByteImage image, ByteImage scratch, double strength)
    {
        switch (op)
        {
            case RandAugmentOp.AutoContrast:
                PointOps.AutoContrast(image);
                break;
            case RandAugmentOp.Brightness:
                PointOps.Brightness(image, (float)strength);
                break;
            case RandAugmentOp.Color:
                BlendOps.Color(image, (float)strength);
                break;
            case RandAugmentOp.Contrast:
                PointOps.Contrast(image, (float)strength);
                break;
            case RandAugmentOp.Equalize:
                PointOps.Equalize(image);
                break;
            case RandAugmentOp.Posterize:
                PointOps.Posterize(image, Math.Max(1, (int)strength));
                break;
            case RandAugmentOp.Rotate:
                GeometricOps.Rotate(image, scratch, strength);
                break;
            case RandAugmentOp.Sharpness:
                BlendOps.Sharpness(image, scratch, (float)strength);
                break;
            case RandAugmentOp.ShearX:
                GeometricOps.ShearX(image, scratch, strength);
                break;
            case RandAugmentOp.ShearY:
                GeometricOps.ShearY(image, scratch, strength);
                break;
            case RandAugmentOp.Solarize:
                PointOps.Solarize(image, strength);
                break;
            case RandAugmentOp.TranslateX:
                GeometricOps.TranslateX(image, scratch, strength * image.Size);
                break;
            case RandAugmentOp.TranslateY:
                GeometricOps.TranslateY(image, scratch, strength * image.Size);
                break;
        }
    }

    /// <summary>The range of an operation's strength; drawn even for an operation that ignores it.</summary>
    public static (double Least, double Most) Range(RandAugmentOp op) => op switch
    {
        RandAugmentOp.Posterize => (4, 8),
        RandAugmentOp.Rotate => (-30, 30),
        RandAugmentOp.ShearX or RandAugmentOp.ShearY => (-0.3, 0.3),
        RandAugmentOp.TranslateX or RandAugmentOp.TranslateY => (-0.3, 0.3),
        RandAugmentOp.Solarize => (0, 256),
        _ => (0.05, 0.95),
    };
}
