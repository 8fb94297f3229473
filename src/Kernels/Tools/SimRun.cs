namespace DPT.Engine.Kernels;

/// <summary>Runs a variant on the simulator for its statistics.</summary>
public static class SimRun
{
    /// <summary>What each launch of the case did, in order.</summary>
    /// <exception cref="KernelException">The variant does not support the case, or the simulator found a fault.</exception>
    public static IReadOnlyList<SimStatistics> Of(
        KernelVariant variant, KernelCase kernelCase, PtxArchitecture architecture, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(variant);
        ArgumentNullException.ThrowIfNull(kernelCase);
        using var device = new SimDevice(seed: (ulong)seed, architecture: architecture, selection: new KernelSelection());
        using var memory = new CaseMemory(device, kernelCase, new CaseValues(kernelCase, seed));
        if (!kernelCase.Supports(device, variant, memory, out var reason))
        {
            throw new KernelException($"{variant.Name} cannot run [{kernelCase.Label}]: {reason}");
        }

        var launches = new List<SimStatistics>();
        device.Launched += launches.Add;
        kernelCase.Launch(device, variant, memory);
        return launches;
    }
}
