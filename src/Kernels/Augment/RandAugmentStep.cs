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

/// <summary>An operation with its strength in the form that pixels need: no double is left.</summary>
/// <param name="Op">The operation.</param>
/// <param name="Amount">Share of the image in a blend.</param>
/// <param name="Level">Bits that stay (Posterize); the first byte that is inverted (Solarize).</param>
/// <param name="Map">Where pixels come from (geometric operations).</param>
internal readonly record struct RandAugmentStep(RandAugmentOp Op, float Amount, int Level, AffineMap Map)
{
    /// <summary>The operation on an image of that size, with a strength from its range.</summary>
    public static RandAugmentStep Of(RandAugmentOp op, int size, double strength) => op switch
    {
        RandAugmentOp.Posterize => new(op, 0, Math.Max(1, (int)strength), default),
        RandAugmentOp.Solarize => new(op, 0, (int)Math.Ceiling(strength), default),
        RandAugmentOp.Rotate => new(op, 0, 0, AffineMap.Rotation(size, strength)),
        RandAugmentOp.ShearX => new(op, 0, 0, AffineMap.Shear(strength, 0)),
        RandAugmentOp.ShearY => new(op, 0, 0, AffineMap.Shear(0, strength)),
        RandAugmentOp.TranslateX => new(op, 0, 0, AffineMap.Shift(strength * size, 0)),
        RandAugmentOp.TranslateY => new(op, 0, 0, AffineMap.Shift(0, strength * size)),
        _ => new(op, (float)strength, 0, default),
    };

    /// <summary>Applies it.</summary>
    public void Apply(ByteImage image, ByteImage scratch)
    {
        switch (Op)
        {
            case RandAugmentOp.AutoContrast:
                PointOps.AutoContrast(image);
                break;
            case RandAugmentOp.Brightness:
                PointOps.Brightness(image, Amount);
                break;
            case RandAugmentOp.Color:
                BlendOps.Color(image, Amount);
                break;
            case RandAugmentOp.Contrast:
                PointOps.Contrast(image, Amount);
                break;
            case RandAugmentOp.Equalize:
                PointOps.Equalize(image);
                break;
            case RandAugmentOp.Identity:
                break;
            case RandAugmentOp.Posterize:
                PointOps.Posterize(image, Level);
                break;
            case RandAugmentOp.Sharpness:
                BlendOps.Sharpness(image, scratch, Amount);
                break;
            case RandAugmentOp.Solarize:
                PointOps.Solarize(image, Level);
                break;
            default:
                GeometricOps.Move(image, scratch, Map);
                break;
        }
    }
}
