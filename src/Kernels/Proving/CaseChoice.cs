namespace DPT.Engine.Kernels;

/// <summary>Picks cases of an operator: all that a variant supports, or one, also a hard one, by its label.</summary>
public static class CaseChoice
{
    /// <summary>The case of that label, or the only one whose label has the text in it; without a text the largest.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="label">Label or a part of it; null for the largest.</param>
    /// <param name="suits">Which cases come into question.</param>
    /// <exception cref="KernelException">There is none, or several; the message lists some.</exception>
    public static KernelCase Find(Operator op, string? label, Func<KernelCase, bool> suits)
    {
        ArgumentNullException.ThrowIfNull(op);
        if (label is not null && HardCases.Find(op, label) is { } hard && suits(hard))
        {
            return hard;
        }

        var cases = op.Cases().Where(suits).ToList();
        if (label is null)
        {
            return cases.MaxBy(c => c.Operands.Sum(o => o.Length)) ?? throw new KernelException($"{op.Name}: no case suits");
        }

        var found = cases.Where(c => c.Label == label).ToList();
        found = found.Count > 0 ? found : cases.FindAll(c => c.Label.Contains(label, StringComparison.OrdinalIgnoreCase));
        return found is [var only] ? only : throw new KernelException(
            $"{op.Name}: {(found.Count == 0 ? "no case has" : $"{found.Count} cases have")} '{label}' in its label; there are "
            + string.Join(", ", (found.Count == 0 ? cases : found).Take(20).Select(c => $"[{c.Label}]")));
    }

    /// <summary>What proves a variant on a device: the operator's cases that it supports, and hard ones made of them.</summary>
    public static IEnumerable<KernelCase> All(Device device, Operator op, KernelVariant variant)
    {
        ArgumentNullException.ThrowIfNull(op);
        return op.Cases().Where(Suits).Concat(HardCases.Of(op, Suits));

        bool Suits(KernelCase kernelCase) => Supports(device, variant, kernelCase);
    }

    /// <summary>Whether the variant supports the case on the device.</summary>
    public static bool Supports(Device device, KernelVariant variant, KernelCase kernelCase)
    {
        ArgumentNullException.ThrowIfNull(kernelCase);
        using var memory = new CaseMemory(device, kernelCase);
        return kernelCase.Supports(device, variant, memory, out _);
    }
}
