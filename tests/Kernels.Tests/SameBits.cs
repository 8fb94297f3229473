using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Holds a variant to the same bits on devices that differ in what must not matter: threads, schedules.</summary>
internal static class SameBits
{
    /// <summary>Runs every case that the variant supports on each device and compares everything it leaves.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="variant">The variant.</param>
    /// <param name="cases">The cases.</param>
    /// <param name="devices">What sets a device apart, and the device, opened anew for each case.</param>
    public static void Require(
        Operator op, KernelVariant variant, IEnumerable<KernelCase> cases, params (string Setting, Func<Device> Open)[] devices)
    {
        foreach (var kernelCase in cases)
        {
            var start = new CaseValues(kernelCase, 2);
            Dictionary<string, double[]>? expected = null;
            foreach (var (setting, open) in devices)
            {
                using var device = open();
                using var memory = new CaseMemory(device, kernelCase, start);
                if (!kernelCase.Supports(device, variant, memory, out _))
                {
                    break;
                }

                kernelCase.Launch(device, variant, memory);
                var actual = kernelCase.Operands.ToDictionary(o => o.Name, o => memory.Read(o.Name));
                expected ??= actual;
                foreach (var (name, values) in actual)
                {
                    Assert.That(
                        values.AsSpan().SequenceEqual(expected[name]),
                        $"{op.IdOf(variant)} [{kernelCase.Label}] '{name}' has other bits with {setting}");
                }
            }
        }
    }
}
