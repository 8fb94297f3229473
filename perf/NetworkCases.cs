using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>Whole networks against the same networks in TorchSharp: small U-ViTs, U-ViT-S/4, and the presets' classifier.</summary>
internal static class NetworkCases
{
    /// <summary>The forward pass alone.</summary>
    public static IEnumerable<(string Name, Func<Comparison> Open)> Forward(HostDevice device) =>
        All(device).Select(n => ($"{n.Name} forward {n.Sizes}", (Func<Comparison>)(() => new ForwardComparison(n.Open()))));

    /// <summary>A training step.</summary>
    public static IEnumerable<(string Name, Func<Comparison> Open)> Steps(HostDevice device) =>
        All(device).Select(n => ($"{n.Name} step {n.Sizes}", (Func<Comparison>)(() => new StepComparison(n.Open()))));

    private static IEnumerable<(string Name, string Sizes, Func<Network> Open)> All(HostDevice device)
    {
        foreach (var (patch, batch) in new[] { (2, 32), (4, 64) })
        {
            var small = new UVitConfig(
                ImageSize: 16, patch, Channels: 1, Width: 128, Depth: 6, Heads: 4, NumClasses: 11, Convolution: true,
                FastStart: true);
            yield return (
                "U-ViT", $"D128 7 blocks 16x16 p{patch} B{batch}", () => new UVitNetwork(device, small, batch));
        }

        var middle = new UVitConfig(
            ImageSize: 32, PatchSize: 4, Channels: 3, Width: 512, Depth: 12, Heads: 8, NumClasses: 11, Convolution: true,
            FastStart: true);
        yield return ("U-ViT-S/4", "D512 13 blocks 32x32 p4 B8", () => new UVitNetwork(device, middle, 8));

        var classifier = new ClassifierOptions { Network = "vit", PatchSize = 4, Width = 96, Depth = 4, Heads = 4, MlpRatio = 2 };
        yield return (
            "ViT", "D96 4 blocks 16x16 p4 B148", () => new VisionTransformerNetwork(device, classifier, imageSize: 16, 148));
    }
}
