namespace DPT.Engine.Kernels;

/// <summary>Values under which kernels go wrong that are right on tame ones.</summary>
public enum Hardship
{
    /// <summary>Normal around 4096: what subtracts its mean too late has nothing left.</summary>
    Offset,

    /// <summary>Rising from -500 to 500 along the operand: maxima come last, sums pass through zero.</summary>
    Ramp,

    /// <summary>Normal, every thirteenth value 1,000 times as large.</summary>
    Outliers,

    /// <summary>Normal times 10,000: exponentials of such numbers overflow and vanish.</summary>
    Huge,

    /// <summary>Denormals, signed zeros and numbers whose squares vanish, in one operand.</summary>
    Tiny,

    /// <summary>NaN in two places of one operand.</summary>
    NaN,

    /// <summary>Infinity in two places of one operand.</summary>
    Infinity,

    /// <summary>Minus infinity in two places of one operand.</summary>
    MinusInfinity,
}

/// <summary>Fills operands with hard values.</summary>
internal static class HardValues
{
    /// <summary>What stands in a label between the shape and the hardship.</summary>
    public const string Separator = " | ";

    /// <summary>Makes an operand's values hard.</summary>
    public static void PutInto(Operand operand, double[] values, Hardship hardship, int seed)
    {
        switch (hardship)
        {
            case Hardship.NaN:
                Plant(values, double.NaN);
                break;
            case Hardship.Infinity:
                Plant(values, double.PositiveInfinity);
                break;
            case Hardship.MinusInfinity:
                Plant(values, double.NegativeInfinity);
                break;
            default:
                Fill(values, hardship, operand.HardScale, seed);
                break;
        }
    }

    private static void Fill(double[] values, Hardship hardship, double scale, int seed)
    {
        var random = new System.Random(seed);
        for (var i = 0; i < values.Length; i++)
        {
            var normal = DeterministicFill.Normal(random);
            values[i] = scale * hardship switch
            {
                Hardship.Offset => 4096 + normal,
                Hardship.Ramp => (1000.0 * (i + 0.5) / values.Length) - 500,
                Hardship.Outliers => i % 13 == 5 ? 1e3 * normal : normal,
                Hardship.Huge => 1e4 * normal,
                _ => DeterministicFill.Tiny(i, normal),
            };
        }
    }

    /// <summary>Inside the operand and at its end.</summary>
    private static void Plant(double[] values, double value)
    {
        values[values.Length / 3] = value;
        values[^1] = value;
    }

    /// <summary>Whether an operand starts with values that hard ones may take the place of.</summary>
    public static bool AreTakenBy(Operand operand) =>
        CanBeIn(operand) && operand.Fill == FillPattern.Normal;

    /// <summary>Whether a kernel reads the operand as numbers with fractions.</summary>
    public static bool CanBeIn(Operand operand) =>
        operand.Role != OperandRole.Output && OperandElement.IsReal(operand) && operand.Length > 0;
}
