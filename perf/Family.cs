using DPT.Engine.Kernels;

namespace Perf;

/// <summary>Cases that belong together and whose ratios are summed up as one geometric mean.</summary>
/// <param name="Name">How expectations call it.</param>
/// <param name="Cases">Its cases; a comparison is opened only when its turn comes.</param>
internal sealed record Family(string Name, Func<HostDevice, IEnumerable<(string Name, Func<Comparison> Open)>> Cases)
{
    /// <summary>All families: one line for each file of cases.</summary>
    public static IReadOnlyList<Family> Host { get; } =
    [
        new("matmul", MatMulCases.All),
        new("convolution", ConvolutionCases.All),
        new("attention", AttentionCases.All),
        new("elementwise", ElementwiseCases.All),
        new("optimizer", OptimizerCases.All),
        new("forward", NetworkCases.Forward),
        new("training step", NetworkCases.Steps),
        new("sampling", SamplingCases.All),
    ];
}
