using System.Runtime.Intrinsics;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// The child of <see cref="InstructionSetTests"/>: proves every host variant at the default width and exits with the number of
/// faults.
/// </summary>
internal static class InstructionSetProof
{
    public static int Run()
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        Console.WriteLine(
            $"{device.Description}; accelerated: 128-bit: {YesNo(Vector128.IsHardwareAccelerated)},"
            + $" 256-bit: {YesNo(Vector256.IsHardwareAccelerated)}, 512-bit: {YesNo(Vector512.IsHardwareAccelerated)}");
        var proven = 0;
        var faults = new List<string>();
        foreach (var op in KernelRegistry.Operators)
        {
            foreach (var variant in op.Variants.Where(v => v.Targets.HasFlag(DeviceKind.Host)))
            {
                foreach (var kernelCase in op.Cases())
                {
                    using var memory = new CaseMemory(device, kernelCase);
                    if (kernelCase.Supports(device, variant, memory, out _))
                    {
                        faults.AddRange(KernelProver.Prove(device, op, variant, kernelCase));
                        proven++;
                    }
                }
            }
        }

        faults.ForEach(Console.WriteLine);
        Console.WriteLine($"{proven} cases proven, {faults.Count} faults");
        return Math.Min(faults.Count, 100);
    }

    private static string YesNo(bool value) => value ? "yes" : "no";
}
