namespace DPT.Engine.Kernels;

/// <summary>Seeded starting values, adversarial ones included.</summary>
internal static class DeterministicFill
{
    public static double[] Values(Operand operand, int seed)
    {
        var random = new System.Random(StableSeed(operand, seed));
        var values = new double[operand.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = operand.Fill switch
            {
                FillPattern.Normal => Normal(random),
                FillPattern.Positive => 0.5 + random.NextDouble(),
                FillPattern.Unit => random.NextDouble(),
                FillPattern.Large => i % 7 == 3 ? (random.Next(2) == 0 ? -80 : 80) : Normal(random),
                FillPattern.Constant => 0.75,
                FillPattern.Level => (float)12345.678,
                FillPattern.Tiny => Tiny(i, i % 4 == 3 ? Normal(random) : 0),
                FillPattern.Distribution => 1e-3 + random.NextDouble(),
                FillPattern.Integers => random.Next(operand.Modulus),
                _ => 0,
            };
        }

        if (operand.Fill == FillPattern.Distribution)
        {
            NormaliseRows(values, operand.Modulus);
        }

        return values;
    }

    private static int StableSeed(Operand operand, int seed)
    {
        var hash = 17;
        foreach (var letter in operand.Name)
        {
            hash = (hash * 31) + letter;
        }

        return (hash * 31) + seed;
    }

    /// <summary>Denormals, a signed zero, and a number whose square vanishes, in turns.</summary>
    internal static double Tiny(int index, double normal) =>
        (index % 4) switch { 0 => 1e-41, 1 => -0.0, 2 => -1e-39, _ => 1e-20 * normal };

    internal static double Normal(System.Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static void NormaliseRows(double[] values, int row)
    {
        for (var start = 0; start < values.Length; start += row)
        {
            var sum = values.AsSpan(start, row).ToArray().Sum();
            for (var i = start; i < start + row; i++)
            {
                values[i] /= sum;
            }
        }
    }
}
