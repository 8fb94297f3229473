namespace DPT.Engine.Ptx;

/// <summary>What every kernel's text goes through between ILGPU and the driver, in this order.</summary>
public static class PtxPasses
{
    /// <summary>Takes the module of one kernel through all passes.</summary>
    /// <param name="module">As the compiler printed it, with one entry.</param>
    /// <param name="kernel">Its name and the bounds of its launches.</param>
    /// <param name="architecture">What the text shall be for.</param>
    /// <returns>The module that runs.</returns>
    /// <exception cref="PtxException">A pass met what it does not know.</exception>
    public static PtxModule Apply(PtxModule module, PtxKernel kernel, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(architecture);
        module = RemoveUncalledFunctions.Apply(module);
        module = CarriedValues.Apply(module);
        module = PromoteLocals.Apply(module);
        module = FoldSharedOffsets.Apply(module);
        module = RemoveDeadCode.Apply(module);
        module = RoundEach.Apply(module);
        module = SumsInPlace.Apply(module);
        module = ReadableNames.Apply(module, kernel);
        module = SharedAlignment.Apply(module);
        module = TensorParameters.Apply(module, kernel);
        module = LaunchBounds.Apply(module, kernel);
        return Retarget.Apply(module, architecture);
    }
}
