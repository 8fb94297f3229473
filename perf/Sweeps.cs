using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Perf;

/// <summary>
/// How time grows with work: the U-ViT's training step and forward pass and the ViT's training step, each over its batch,
/// its width and its tokens.
/// </summary>
internal static class Sweeps
{
    private const int Patch = 4;
    private const int HeadSize = 32;

    private static readonly Size Middle = new(Batch: 32, Width: 128, Side: 4);

    /// <summary>All of them; points are opened only when they are measured.</summary>
    public static IEnumerable<Sweep> All(HostDevice device)
    {
        var workloads = new (string Name, int ExtraTokens, Func<Size, Comparison> Open)[]
        {
            ("U-ViT step", 2, size => new StepComparison(UVit(device, size))),
            ("U-ViT forward", 2, size => new ForwardComparison(UVit(device, size))),
            ("ViT step", 1, size => new StepComparison(VisionTransformer(device, size))),
        };
        foreach (var (name, extra, open) in workloads)
        {
            var tokens = (Middle.Side * Middle.Side) + extra;
            SweepPoint Point(int value, Size size) => new(value, size.Batch, () => open(size));

            yield return new Sweep(
                name, "batch", $"width {Middle.Width}, {tokens} tokens", Reference: 8,
                [.. new[] { 1, 2, 4, 8, 16, 32, 64, 128 }.Select(b => Point(b, Middle with { Batch = b }))]);
            yield return new Sweep(
                name, "width", $"batch {Middle.Batch}, {tokens} tokens, heads of {HeadSize}", Reference: 128,
                [.. new[] { 64, 96, 128, 192, 256, 384, 512 }.Select(w => Point(w, Middle with { Width = w }))]);
            yield return new Sweep(
                name, "tokens", $"batch {Middle.Batch}, width {Middle.Width}", Reference: 64 + extra,
                [.. new[] { 4, 8, 12, 16, 20, 24 }.Select(s => Point((s * s) + extra, Middle with { Side = s }))]);
        }
    }

    private static UVitNetwork UVit(HostDevice device, Size size) => new(
        device,
        new UVitConfig(
            size.Side * Patch, Patch, Channels: 1, size.Width, Depth: 6, size.Width / HeadSize, NumClasses: 11,
            Convolution: true, FastStart: true),
        size.Batch);

    private static VisionTransformerNetwork VisionTransformer(HostDevice device, Size size) => new(
        device,
        new ClassifierOptions
        {
            Network = "vit",
            PatchSize = Patch,
            Width = size.Width,
            Depth = 4,
            Heads = size.Width / HeadSize,
            MlpRatio = 2,
        },
        size.Side * Patch,
        size.Batch);

    /// <summary>What a sweep changes one of.</summary>
    /// <param name="Batch">Images.</param>
    /// <param name="Width">Of a token.</param>
    /// <param name="Side">Patches along the side of an image.</param>
    private sealed record Size(int Batch, int Width, int Side);
}
