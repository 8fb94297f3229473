using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace DPT.Engine.Cli;

/// <summary>Turns <c>--device</c> into a device. A device asked for by name is that device or an error.</summary>
internal static class DeviceChoice
{
    /// <summary>Opens the device of a run, in the precision of the run; the caller disposes of it.</summary>
    /// <exception cref="DptException">The device does not exist here, or does not compute in that precision.</exception>
    /// <exception cref="KernelException">A kernel was chosen that does not exist.</exception>
    public static Device Open(DptOptions options, string? kernels, Terminal? terminal)
    {
        var device = Open(options.Device, kernels, terminal);
        if (options.Precision == "bf16")
        {
            if (device.Kind == DeviceKind.Host)
            {
                var name = device.Description;
                device.Dispose();
                throw new DptException(
                    FailureKind.Environment,
                    $"--precision bf16: {name} has no tensor cores and would only be slower; use fp32, or --device cuda (or sim, to try)");
            }

            device.Precision = Precision.Bf16;
        }

        return device;
    }

    /// <summary>Opens the device; the caller disposes of it.</summary>
    /// <param name="name"><c>auto</c>, <c>host</c>, <c>cuda</c> or <c>sim</c>.</param>
    /// <param name="kernels">Kernels chosen by flag, or null.</param>
    /// <param name="terminal">Is told what was chosen, and why; null for nobody.</param>
    /// <exception cref="DptException">The device does not exist here.</exception>
    /// <exception cref="KernelException">A kernel was chosen that does not exist.</exception>
    public static Device Open(string name, string? kernels, Terminal? terminal)
    {
        if (!ConfigKeys.All["device"].TryRead(name, out _))
        {
            throw new DptException(
                FailureKind.Usage, $"--device: device is '{name}', it must be {ConfigKeys.All["device"].Allowed}");
        }

        if (name == "cuda" && CudaDevice.WhyNot is { } reason)
        {
            throw new DptException(FailureKind.Environment, $"--device cuda: {reason}; use host or auto");
        }

        var selection = KernelSelection.FromEnvironment();
        if (kernels is not null)
        {
            selection.Choose(kernels, KernelSelection.Origin.Flag);
        }

        KernelRegistry.RequireKnown(selection);

        Device device = name switch
        {
            "sim" => new SimDevice(selection: selection),
            "cuda" => new CudaDevice(selection: selection),
            "auto" when CudaDevice.WhyNot is null => new CudaDevice(selection: selection),
            _ => new HostDevice(selection: selection),
        };
        var remark = name switch
        {
            "auto" => $" (auto: {CudaDevice.WhyNot ?? "there is a GPU"})",
            "sim" => " (a simulator of GPU code: exact, and thousands of times slower than a GPU)",
            _ => "",
        };
        terminal?.Message($"device: {device.Description}{remark}");
        if (device.Kind == DeviceKind.Cuda && KernelRegistry.UnprovenDefaults() is { Count: > 0 } unproven)
        {
            terminal?.Message(
                $"{unproven.Count} of {KernelRegistry.Operators.Count} operators have no kernel that was ever proven on a card; "
                + "`dpt kernels test --device cuda` proves them on this one");
        }

        return device;
    }

    /// <summary>Says whether kernels ran as they were assembled, on a card that could have had cubins.</summary>
    public static void TellCode(Device device, Terminal terminal)
    {
        if (device is CudaDevice { Cubins: { } cubins } card && card.Loaded.ToList() is { Count: > 0 } loaded)
        {
            var others = loaded.Where(k => !k.IsCubin).Select(k => k.Kernel).ToList();
            terminal.Message(
                $"{loaded.Count - others.Count} of {loaded.Count} kernels ran as cubins of {cubins.Path}"
                + (others.Count == 0 ? "" : $"; the driver compiled {string.Join(", ", others.Take(5))}{(others.Count > 5 ? ", …" : "")}"));
        }
    }
}
