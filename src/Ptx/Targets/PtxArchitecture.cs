namespace DPT.Engine.Ptx;

/// <summary>A GPU architecture that PTX is made for, and the PTX version whose instructions it may use.</summary>
/// <param name="Name">As <c>.target</c> has it: <c>sm_80</c>, <c>sm_90a</c>.</param>
/// <param name="Version">As <c>.version</c> has it.</param>
/// <param name="SharedBytes">Shared memory that one block can have, static and dynamic together.</param>
public sealed record PtxArchitecture(string Name, string Version, int SharedBytes)
{
    /// <summary>Ampere and everything after it: mma.sync for bf16 and tf32, cp.async.</summary>
    public static PtxArchitecture Sm80 { get; } = new("sm_80", "8.0", 163 * 1024);

    /// <summary>Hopper with the instructions that later architectures do not have.</summary>
    public static PtxArchitecture Sm90a { get; } = new("sm_90a", "8.0", 227 * 1024);

    /// <summary>All that kernels are checked for.</summary>
    public static IReadOnlyList<PtxArchitecture> All { get; } = [Sm80, Sm90a];

    /// <summary>The architecture of that name.</summary>
    /// <exception cref="PtxException">There is none; the message lists those that exist.</exception>
    public static PtxArchitecture Find(string name) =>
        All.FirstOrDefault(a => a.Name == name)
        ?? throw new PtxException(
            $"there is no architecture '{name}'; there are {string.Join(", ", All.Select(a => a.Name))}");

    /// <summary>Whether it runs what needs another one at least.</summary>
    public bool Runs(PtxArchitecture least) => least == Sm80 || this == least;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
