using System.Runtime.InteropServices;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Turns <c>--device</c> into a device. A device asked for by name is that device or an error.</summary>
internal static class DeviceChoice
{
    /// <summary>Why the CUDA device cannot be used here.</summary>
    public static string WhyNotCuda { get; } = HasCudaDriver()
        ? "there is an NVIDIA driver, but no CUDA device in this version"
        : "no NVIDIA driver here, and no CUDA device in this version";

    /// <summary>Opens the device; the caller disposes of it.</summary>
    /// <param name="name"><c>auto</c>, <c>host</c>, <c>cuda</c> or <c>sim</c>.</param>
    /// <param name="kernels">Kernels chosen by flag, or null.</param>
    /// <param name="terminal">Is told what was chosen, and why.</param>
    /// <exception cref="DptException">The device does not exist here.</exception>
    /// <exception cref="KernelException">A kernel was chosen that does not exist.</exception>
    public static Device Open(string name, string? kernels, Terminal terminal)
    {
        if (!ConfigKeys.All["device"].TryRead(name, out _))
        {
            throw new DptException(
                FailureKind.Usage, $"--device: device is '{name}', it must be {ConfigKeys.All["device"].Allowed}");
        }

        if (name == "cuda")
        {
            throw new DptException(FailureKind.Environment, $"--device cuda: {WhyNotCuda}; use host or auto");
        }

        var selection = KernelSelection.FromEnvironment();
        if (kernels is not null)
        {
            selection.Choose(kernels, KernelSelection.Origin.Flag);
        }

        Device device = name == "sim" ? new SimDevice(selection: selection) : new HostDevice(selection: selection);
        var reason = name switch
        {
            "auto" => $" (auto: {WhyNotCuda})",
            "sim" => " (a simulator of GPU code: exact, and thousands of times slower than a GPU)",
            _ => "",
        };
        terminal.Message($"device: {device.Description}{reason}");
        return device;
    }

    /// <summary>Refuses a number format that the device does not compute in.</summary>
    /// <exception cref="DptException">It does not.</exception>
    public static void RequirePrecision(Device device, string precision)
    {
        if (precision != "fp32")
        {
            throw new DptException(
                FailureKind.Environment, $"--precision {precision}: {device.Description} computes in fp32 only");
        }
    }

    private static bool HasCudaDriver()
    {
        var library = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";
        if (!NativeLibrary.TryLoad(library, out var handle))
        {
            return false;
        }

        NativeLibrary.Free(handle);
        return true;
    }
}
