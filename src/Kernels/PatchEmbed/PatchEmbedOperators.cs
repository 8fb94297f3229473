namespace DPT.Engine.Kernels;

/// <summary>Patch embedding: its variants, best first, and the cases that prove them.</summary>
public static class PatchEmbedOperators
{
    private const int LabelRows = 5;

    /// <summary>Images of 32 x 32 as a U-ViT cuts them.</summary>
    private static readonly PatchGrid Bench = new(64, 3, 32, 2, 2);

    /// <summary>Images to tokens.</summary>
    public static Operator<PatchEmbedForwardCall> Forward { get; } =
        new("patchembed.forward", ForwardCases, new PatchEmbedForwardHostV1Simd(), new PatchEmbedForwardV1Tiles())
        {
            BenchCases = () => [ForwardCase(Bench, 512, new Extras(true, true, false))],
        };

    /// <summary>Gradients of projection, bias, positions, label table and class token.</summary>
    public static Operator<PatchEmbedBackwardCall> Backward { get; } =
        new("patchembed.backward", BackwardCases, new PatchEmbedBackwardHostV1Simd(), new PatchEmbedBackwardV1Tiles())
        {
            BenchCases = () => [BackwardCase(Bench, 512, new Extras(true, true, false))],
        };

    /// <summary>Which extra tokens a case has.</summary>
    private sealed record Extras(bool Label, bool Time, bool Class)
    {
        public int Count => (Label ? 1 : 0) + (Time ? 1 : 0) + (Class ? 1 : 0);

        public override string ToString() =>
            (Label ? " label" : "") + (Time ? " time" : "") + (Class ? " class" : "");
    }

    /// <summary>Shapes with 1, primes, odd widths and the edges of tiles (4 patches, 32 patches, 2 vectors).</summary>
    private static IEnumerable<(PatchGrid Grid, int Width, Extras Extras)> Shapes()
    {
        var none = new Extras(false, false, false);
        var time = new Extras(false, true, false);
        var all = new Extras(true, true, true);
        var unet = new Extras(true, true, false);
        yield return (new PatchGrid(1, 1, 1, 1, 0), 2, none);
        yield return (new PatchGrid(2, 1, 4, 4, 1), 3, time);
        yield return (new PatchGrid(3, 3, 6, 2, 3), 8, all);
        yield return (new PatchGrid(7, 2, 5, 1, 2), 17, unet);
        yield return (new PatchGrid(3, 1, 16, 4, 2), 128, unet);
        yield return (new PatchGrid(2, 3, 14, 2, 1), 33, new Extras(false, false, true));
        yield return (new PatchGrid(5, 4, 9, 3, 1), 31, new Extras(true, false, false));
        yield return (new PatchGrid(21, 1, 20, 4, 2), 48, unet);
        yield return (new PatchGrid(17, 1, 8, 1, 0), 2, none);
        yield return (new PatchGrid(17, 1, 18, 9, 0), 66, none);
    }

    private static IEnumerable<KernelCase> ForwardCases() =>
        Shapes().Select(s => ForwardCase(s.Grid, s.Width, s.Extras));

    private static IEnumerable<KernelCase> BackwardCases() =>
        Shapes().Select(s => BackwardCase(s.Grid, s.Width, s.Extras));

    private static KernelCase<PatchEmbedForwardCall> ForwardCase(PatchGrid grid, int width, Extras extras) => new(
        $"{grid} D={width}{extras}",
        [
            Operand.In("image", grid.Batch * grid.ImageElements),
            Operand.In("weight", width * grid.PatchElements),
            Operand.In("bias", width),
            Operand.In("position", grid.Tokens * width),
            Operand.InInt("labels", grid.Batch, LabelRows),
            Operand.In("table", LabelRows * width),
            Operand.In("times", grid.Batch, FillPattern.Unit),
            Operand.In("class", width),
            Operand.Out("tokens", grid.Batch * grid.Tokens * width, grid.PatchElements),
        ],
        m => new PatchEmbedForwardCall
        {
            Grid = grid,
            Width = width,
            Image = m["image"],
            Weight = m["weight"],
            Bias = m["bias"],
            Position = m["position"],
            LabelRows = extras.Label ? LabelRows : 0,
            LabelTable = extras.Label ? m["table"] : default,
            Labels = extras.Label ? m.Int("labels") : default,
            Times = extras.Time ? m["times"] : default,
            ClassToken = extras.Class ? m["class"] : default,
            Tokens = m["tokens"],
        },
        v => PatchEmbedReference.Forward(
            grid, width, v["image"], v["weight"], v["bias"], v["position"],
            extras.Label ? v["labels"] : null, v["table"], extras.Time ? v["times"] : null,
            extras.Class ? v["class"] : null, v["tokens"]))
    {
        Derive = v => SpreadTimes(v["times"]),
    };

    private static KernelCase<PatchEmbedBackwardCall> BackwardCase(PatchGrid grid, int width, Extras extras) => new(
        $"{grid} D={width}{extras}",
        [
            Operand.In("image", grid.Batch * grid.ImageElements),
            Operand.In("dtokens", grid.Batch * grid.Tokens * width),
            Operand.InInt("labels", grid.Batch, LabelRows),
            Operand.Update("dweight", width * grid.PatchElements, grid.Batch * grid.Patches),
            Operand.Update("dbias", width, grid.Batch * grid.Patches),
            Operand.Update("dposition", grid.Tokens * width, grid.Batch),
            Operand.Update("dtable", LabelRows * width, grid.Batch),
            Operand.Update("dclass", width, grid.Batch),
        ],
        m => new PatchEmbedBackwardCall
        {
            Grid = grid,
            Width = width,
            Image = m["image"],
            TokensGradient = m["dtokens"],
            LabelRows = extras.Label ? LabelRows : 0,
            Labels = extras.Label ? m.Int("labels") : default,
            HasTime = extras.Time,
            WeightGradient = m["dweight"],
            BiasGradient = m["dbias"],
            PositionGradient = m["dposition"],
            LabelTableGradient = extras.Label ? m["dtable"] : default,
            ClassTokenGradient = extras.Class ? m["dclass"] : default,
        },
        v => PatchEmbedReference.Backward(
            grid, width, v["image"], v["dtokens"], extras.Label ? v["labels"] : null, extras.Time,
            v["dweight"], v["dbias"], v["dposition"], v["dtable"], extras.Class ? v["dclass"] : null));

    /// <summary>Network times from 1 to 999, the range of the models.</summary>
    private static void SpreadTimes(double[] times)
    {
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = 999 - (998.0 * i / Math.Max(1, times.Length - 1));
        }
    }
}
