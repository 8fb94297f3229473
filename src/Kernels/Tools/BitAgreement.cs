using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>Whether two devices compute the same bits: a card and the simulator run the same text.</summary>
public static class BitAgreement
{
    /// <summary>The operands that differ after the case, with how many elements of each.</summary>
    /// <exception cref="KernelException">One of the devices cannot run it.</exception>
    public static IReadOnlyList<string> Differences(
        Device one, Device other, KernelVariant variant, KernelCase kernelCase, int seed)
    {
        ArgumentNullException.ThrowIfNull(kernelCase);
        var (left, right) = (Run(one, variant, kernelCase, seed), Run(other, variant, kernelCase, seed));
        return [.. kernelCase.Operands.Select(o => (o.Name, Count: Different(left[o.Name], right[o.Name])))
            .Where(o => o.Count > 0)
            .Select(o => $"'{o.Name}' in {o.Count} of {left[o.Name].Length} elements")];
    }

    private static Dictionary<string, double[]> Run(Device device, KernelVariant variant, KernelCase kernelCase, int seed)
    {
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, seed));
        kernelCase.Launch(device, variant, memory);
        return kernelCase.Operands.ToDictionary(o => o.Name, o => memory.Read(o.Name));
    }

    /// <summary>As bits: 0 and -0 differ, and a NaN equals itself.</summary>
    private static int Different(double[] left, double[] right)
    {
        var a = MemoryMarshal.Cast<double, long>(left);
        var b = MemoryMarshal.Cast<double, long>(right);
        var count = 0;
        for (var i = 0; i < a.Length; i++)
        {
            count += a[i] == b[i] ? 0 : 1;
        }

        return count;
    }
}
