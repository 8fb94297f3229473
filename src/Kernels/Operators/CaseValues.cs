namespace DPT.Engine.Kernels;

/// <summary>The operands of a case as doubles, by name: what a reference reads and writes.</summary>
public sealed class CaseValues
{
    private readonly Dictionary<string, double[]> _values = [];

    /// <summary>Draws every operand from <paramref name="seed"/>; outputs start as NaN.</summary>
    public CaseValues(KernelCase kernelCase, int seed)
    {
        Seed = seed;
        foreach (var (operand, index) in kernelCase.Operands.Select((o, i) => (o, i)))
        {
            _values[operand.Name] = operand.Role == OperandRole.Output
                ? Filled(operand.Length, double.NaN)
                : DeterministicFill.Values(operand, (seed * 1009) + index);
        }

        kernelCase.Derive?.Invoke(this);
        foreach (var operand in kernelCase.Operands)
        {
            RoundToElement(operand, _values[operand.Name]);
        }
    }

    private CaseValues(Dictionary<string, double[]> values, int seed)
    {
        _values = values;
        Seed = seed;
    }

    /// <summary>What the values were drawn from.</summary>
    public int Seed { get; }

    /// <summary>The operand of that name.</summary>
    public double[] this[string name] => _values[name];

    /// <summary>An independent copy.</summary>
    public CaseValues Clone() => new(_values.ToDictionary(p => p.Key, p => (double[])p.Value.Clone()), Seed);

    private static double[] Filled(long length, double value)
    {
        var values = new double[length];
        Array.Fill(values, value);
        return values;
    }

    /// <summary>The reference must see exactly the numbers that the kernel sees.</summary>
    private static void RoundToElement(Operand operand, double[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = OperandElement.Rounded(operand, values[i]);
        }
    }
}
