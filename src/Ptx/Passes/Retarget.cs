namespace DPT.Engine.Ptx;

/// <summary>
/// Puts in the architecture that the module is for. ILGPU prints <c>sm_80</c> for everything newer, and has no name at
/// all for architectures with an <c>a</c>.
/// </summary>
public static class Retarget
{
    /// <summary>The module for that architecture.</summary>
    public static PtxModule Apply(PtxModule module, PtxArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(architecture);
        return module with { Version = architecture.Version, Target = architecture.Name };
    }
}
