using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>A variant of the registry.</summary>
/// <param name="Operator">Its operator.</param>
/// <param name="Variant">The variant.</param>
/// <param name="IsDefault">Whether it is the first of its operator for its device: the one tried first.</param>
internal sealed record RegisteredVariant(Operator Operator, KernelVariant Variant, bool IsDefault);

/// <summary>
/// Finds variants by the start of their identity: <c>attention</c>, <c>attention.forward/host-v1</c>. A name of an operator is that
/// operator alone, even where another's begins with it: <c>matmul</c> is not <c>matmul.bf16</c>.
/// </summary>
internal static class KernelPattern
{
    /// <summary>The variants that match, in the order of the registry.</summary>
    /// <exception cref="DptException">There is none; the message suggests the nearest.</exception>
    public static IReadOnlyList<RegisteredVariant> Find(string pattern)
    {
        var all = KernelRegistry.Operators.SelectMany(op => op.Variants.Select(variant => new RegisteredVariant(
            op, variant, op.DefaultOn(variant.Targets) == variant))).ToList();
        var named = all.Where(v => v.Operator.Name.Equals(pattern, StringComparison.OrdinalIgnoreCase)).ToList();
        var found = named.Count > 0
            ? named
            : all.Where(v => v.Operator.IdOf(v.Variant).StartsWith(pattern, StringComparison.OrdinalIgnoreCase)).ToList();
        return found.Count > 0
            ? found
            : throw new DptException(
                FailureKind.Usage,
                $"no kernel starts with '{pattern}'" + NearestName.Hint(
                    pattern,
                    all.SelectMany(v => new[] { v.Operator.IdOf(v.Variant), v.Operator.Name, v.Operator.Name.Split('.')[0] })));
    }

    /// <summary>The GPU variants that match.</summary>
    /// <exception cref="DptException">There is none.</exception>
    public static IReadOnlyList<RegisteredVariant> FindAllGpu(string pattern)
    {
        var found = Find(pattern).Where(v => v.Variant is IGpuVariant).ToList();
        return found.Count > 0
            ? found
            : throw new DptException(FailureKind.Usage, $"no kernel for GPUs starts with '{pattern}'");
    }

    /// <summary>The one variant that matches: by its whole identity, or by a start that no other has.</summary>
    /// <exception cref="DptException">There is none, or there are several; the message lists them.</exception>
    public static RegisteredVariant FindOne(string pattern) => One(pattern, Find(pattern));

    /// <summary>The one GPU variant that matches.</summary>
    /// <exception cref="DptException">There is none, or there are several; the message lists them.</exception>
    public static RegisteredVariant FindGpu(string pattern) => One(pattern, FindAllGpu(pattern));

    private static RegisteredVariant One(string pattern, IReadOnlyList<RegisteredVariant> found) =>
        found.FirstOrDefault(v => v.Operator.IdOf(v.Variant) == pattern) ?? (found is [var only]
            ? only
            : throw new DptException(
                FailureKind.Usage,
                $"'{pattern}' is the start of several kernels: "
                + string.Join(", ", found.Select(v => v.Operator.IdOf(v.Variant)))));
}
