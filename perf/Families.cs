using DPT.Engine.Kernels;

namespace Perf;

/// <summary>The cases, by family: one line for each file of cases.</summary>
internal static class Families
{
    public static Func<HostDevice, IEnumerable<(string Name, Func<Contest> Open)>>[] Host { get; } =
    [
        MatMulCases.All,
        AttentionCases.All,
        UVitCases.All,
    ];
}
