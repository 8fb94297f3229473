using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.TestSupport;

/// <summary>Every differentiable operator, each with the uses that differ: three lines an operator.</summary>
internal static class OperatorTable
{
    private static readonly PatchGrid Plain = new(Batch: 2, Channels: 2, ImageSize: 4, PatchSize: 2, ExtraTokens: 1);

    private static readonly PatchGrid Colours = new(Batch: 3, Channels: 3, ImageSize: 6, PatchSize: 2, ExtraTokens: 2);

    public static IReadOnlyList<OperatorExample> All { get; } =
    [
        new("Linear", [("x", [3, 5, 7]), ("w", [6, 7]), ("b", [6]), ("r", [3, 5, 6])],
            (t, i) => t.Linear(i["x"], i["w"], i["b"], i["r"])),
        new("Linear without bias", [("x", [4, 5]), ("w", [3, 5])],
            (t, i) => t.Linear(i["x"], i["w"])),
        new("Linear of three dimensions without residual", [("x", [3, 5, 7]), ("w", [11, 7]), ("b", [11])],
            (t, i) => t.Linear(i["x"], i["w"], i["b"])),
        new("Mlp", [("x", [9, 5]), ("w1", [11, 5]), ("b1", [11]), ("w2", [6, 11]), ("b2", [6]), ("r", [9, 6])],
            (t, i) => t.Mlp(i["x"], i["w1"], i["b1"], i["w2"], i["b2"], Activation.Gelu, i["r"]))
            { OneKernel = ["x", "w1", "b1"] },
        new("Mlp of SiLU, its residual is its input", [("x", [2, 4, 5]), ("w1", [7, 5]), ("b1", [7]), ("w2", [5, 7]), ("b2", [5])],
            (t, i) => t.Mlp(i["x"], i["w1"], i["b1"], i["w2"], i["b2"], Activation.Silu, i["x"]))
            { OneKernel = ["x", "w1", "b1"] },
        new("SkipLinear", [("x", [5, 4]), ("skip", [5, 4]), ("w", [6, 8]), ("b", [6])],
            (t, i) => t.SkipLinear(i["x"], i["skip"], i["w"], i["b"])),
        new("LayerNorm", [("x", [6, 9]), ("g", [9]), ("b", [9])],
            (t, i) => t.LayerNorm(i["x"], i["g"], i["b"], 1e-5f)) { OneKernel = ["x", "g", "b"] },
        new("LayerNorm with a small epsilon", [("x", [3, 4, 13]), ("g", [13]), ("b", [13])],
            (t, i) => t.LayerNorm(i["x"], i["g"], i["b"], 1e-6f)) { OneKernel = ["x", "g", "b"] },
        new("LayerNormFirstToken", [("x", [4, 3, 9]), ("g", [9]), ("b", [9])],
            (t, i) => t.LayerNormFirstToken(i["x"], i["g"], i["b"], 1e-5f)) { OneKernel = ["x", "g", "b"] },
        new("BatchNorm", [("x", [7, 4]), ("g", [4]), ("b", [4])],
            (t, i) => t.BatchNorm(i["x"], i["g"], i["b"], 1e-3f)) { OneKernel = ["x", "g", "b"] },
        new("BatchNorm of images, with a leaky ReLU", [("x", [3, 5, 9]), ("g", [9]), ("b", [9])],
            (t, i) => t.BatchNorm(i["x"], i["g"], i["b"], 1e-5f, negativeSlope: 0.1f)) { OneKernel = ["x", "g", "b"] },
        new("BatchNormFixed", [("x", [5, 3]), ("g", [3]), ("b", [3])],
            (t, i) => t.BatchNormFixed(i["x"], i["g"], i["b"], Running(i), 1e-3f, negativeSlope: 0.1f)) { OneKernel = ["x", "g", "b"] },
        new("GroupNorm", [("x", [2, 5, 6]), ("g", [6]), ("b", [6])],
            (t, i) => t.GroupNorm(i["x"], 3, i["g"], i["b"], 1e-5f)) { OneKernel = ["x", "g", "b"] },
        new("GroupNorm with SiLU", [("x", [3, 7, 4]), ("g", [4]), ("b", [4])],
            (t, i) => t.GroupNorm(i["x"], 2, i["g"], i["b"], 1e-6f, Activation.Silu)) { OneKernel = ["x", "g", "b"] },
        new("GroupNorm of images", [("x", [2, 3, 2, 6]), ("g", [6]), ("b", [6])],
            (t, i) => t.GroupNorm(i["x"], 2, i["g"], i["b"], 1e-6f)) { OneKernel = ["x", "g", "b"] },
        new("UpSample", [("x", [2, 3, 2, 5])], (t, i) => t.UpSample(i["x"])),
        new("DownSample", [("x", [2, 4, 6, 3])], (t, i) => t.DownSample(i["x"])),
        new("TimeEmbedding of cosines first", [("x", [3, 6])],
            (t, i) => t.Mul(i["x"], t.TimeEmbedding(i.Floats(999, 0.5f, -3), 6, Sinusoids.CosineFirst))),
        new("TimeEmbedding of sines first", [("x", [2, 8])],
            (t, i) => t.Mul(i["x"], t.TimeEmbedding(i.Floats(1.1f, -1.5f), 8, Sinusoids.SineFirst, factor: 0.5f))),
        new("Attention", [("qkv", [2, 7, 30])],
            (t, i) => t.Attention(i["qkv"], heads: 2)),
        new("Attention of one token", [("qkv", [2, 1, 12])],
            (t, i) => t.Attention(i["qkv"], heads: 1)),
        new("Attention of 66 tokens", [("qkv", [2, 66, 96])],
            (t, i) => t.Attention(i["qkv"], heads: 2)),
        new("PatchEmbed with label and time",
            [("image", [2, 2, 4, 4]), ("w", [10, 2, 2, 2]), ("b", [10]), ("position", [1, 6, 10]), ("table", [4, 10])],
            (t, i) => t.PatchEmbed(
                i["image"], new(i["w"], i["b"], i["position"], i["table"]), i.Ints(3, 1), i.Floats(12.5f, 700)))
            { OneKernel = ["w", "b", "position", "table"] },
        new("PatchEmbed with class token",
            [("image", [3, 1, 4, 4]), ("w", [8, 1, 2, 2]), ("b", [8]), ("position", [1, 5, 8]), ("class", [1, 1, 8])],
            (t, i) => t.PatchEmbed(i["image"], new(i["w"], i["b"], i["position"], ClassToken: i["class"])))
            { OneKernel = ["w", "b", "position", "class"] },
        new("PatchEmbed with patches of nine",
            [("image", [3, 2, 6, 6]), ("w", [10, 2, 3, 3]), ("b", [10]), ("position", [1, 4, 10])],
            (t, i) => t.PatchEmbed(i["image"], new(i["w"], i["b"], i["position"]))) { OneKernel = ["w", "b", "position"] },
        new("Unpatchify", [("tokens", [2, 5, 8])],
            (t, i) => t.Unpatchify(i["tokens"], Plain)),
        new("Unpatchify with convolution", [("tokens", [2, 5, 8]), ("w", [2, 2, 3, 3]), ("b", [2])],
            (t, i) => t.Unpatchify(i["tokens"], Plain, i["w"], i["b"])) { OneKernel = ["tokens", "w", "b"] },
        new("Unpatchify of colours", [("tokens", [3, 11, 12]), ("w", [3, 3, 3, 3]), ("b", [3])],
            (t, i) => t.Unpatchify(i["tokens"], Colours, i["w"], i["b"])) { OneKernel = ["tokens", "w", "b"] },
        new("Convolve", [("x", [3, 16, 3]), ("w", [5, 27]), ("b", [5]), ("r", [3, 16, 5])],
            (t, i) => OnGrid(t, i["x"], side: 4, (x, grid) => t.Convolve(x, grid, i["w"], i["b"], t.FromPatches(i["r"], grid))))
            { OneKernel = ["x", "w", "b", "r"], SharedCalls = 6 },
        new("Convolve without bias, its residual is its input", [("x", [2, 9, 4]), ("w", [4, 36])],
            (t, i) => OnGrid(t, i["x"], side: 3, (x, grid) => t.Convolve(x, grid, i["w"], null, x)))
            { OneKernel = ["x", "w"], SharedCalls = 6 },
        new("Convolve twice of one input", [("x", [2, 4, 3]), ("w", [2, 27])],
            (t, i) => OnGrid(t, i["x"], side: 2, (x, grid) => t.Convolve(x, grid, i["w"], null, t.Convolve(x, grid, i["w"]))))
            { OneKernel = ["x", "w"], SharedCalls = 8 },
        new("Convolve of one pixel", [("x", [2, 1, 2]), ("w", [3, 18]), ("b", [3])],
            (t, i) => OnGrid(t, i["x"], side: 1, (x, grid) => t.Convolve(x, grid, i["w"], i["b"])))
            { OneKernel = ["x", "w", "b"], SharedCalls = 4 },
        new("Conv2d", [("x", [2, 4, 5, 3]), ("w", [5, 3, 3, 3]), ("b", [5]), ("r", [2, 4, 5, 5])],
            (t, i) => t.Conv2d(i["x"], i["w"], new(Padding: 1), i["b"], i["r"])),
        new("Conv2d with a stride, zeros on the right and below", [("x", [1, 6, 6, 2]), ("w", [3, 3, 3, 2]), ("b", [3])],
            (t, i) => t.Conv2d(i["x"], i["w"], new(Stride: 2) { Bottom = 1, Right = 1 }, i["b"])),
        new("Conv2d of two groups and a line", [("x", [2, 3, 6, 4]), ("w", [6, 1, 5, 2])],
            (t, i) => t.Conv2d(i["x"], i["w"], new(Groups: 2) { Left = 2, Right = 2 })),
        new("Conv2d of pixels, its residual is its input", [("x", [3, 2, 2, 4]), ("w", [4, 1, 1, 4])],
            (t, i) => t.Conv2d(i["x"], i["w"], residual: i["x"])),
        new("FromPatches", [("x", [2, 9, 3])], (t, i) => t.FromPatches(i["x"], new(2, 3))),
        new("FromPatches of four pixels", [("x", [3, 4, 8])], (t, i) => t.FromPatches(i["x"], new(3, 4), patch: 2)),
        new("ToPatches", [("x", [37, 3])], (t, i) => t.ToPatches(i["x"], new(2, 3))),
        new("ToPatches of nine pixels", [("x", [57, 2])], (t, i) => t.ToPatches(i["x"], new(1, 6), patch: 3)),
        new("Activate", [("x", [3, 7])], (t, i) => t.Activate(i["x"], Activation.Gelu)),
        new("Dropout", [("x", [3, 2, 9])],
            (t, i) => t.Dropout(i["x"], 0.3f, layer: 2, i.Ints(5, 0, 4, 0))),
        new("CrossEntropy", [("x", [5, 4])],
            (t, i) => t.CrossEntropy(i["x"], i.Ints(0, 3, 1, 2, 2), i.LossScale, i.Floats(1, 0, 2, 0.5f, 1))) { IsLoss = true },
        new("CrossEntropy without weights", [("x", [4, 10])],
            (t, i) => t.CrossEntropy(i["x"], i.Ints(0, 9, 7, 2), i.LossScale)) { IsLoss = true },
        new("SoftCrossEntropy", [("x", [2, 3])],
            (t, i) => t.SoftCrossEntropy(i["x"], i.Floats(0.5f, 0.25f, 0.25f, 0, 1, 0), i.LossScale)) { IsLoss = true },
        new("SquaredError", [("x", [2, 3])],
            (t, i) => t.SquaredError(i["x"], i.Floats(1, 2, 3, -1, 0, 1), i.LossScale, i.Floats(1, 2.5f))) { IsLoss = true },
        new("SquaredError of three dimensions, one sample masked", [("x", [3, 1, 2])],
            (t, i) => t.SquaredError(i["x"], i.Floats(1, 2, 3, -1, 0, 1), i.LossScale, i.Floats(1, 0, 2))) { IsLoss = true },
        new("Loss of one's own: half of the squares", [("x", [2, 3])],
            (t, i) => HalfOfSquares(t, i["x"], i.LossScale)) { IsLoss = true },
        new("Minimize", [("x", [2, 3])],
            (t, i) => t.Minimize(i["x"], i.LossScale)) { IsLoss = true },
        new("Add", [("a", [3, 4]), ("b", [3, 4])], (t, i) => t.Add(i["a"], i["b"])),
        new("Mul", [("a", [3, 4]), ("b", [3, 4])], (t, i) => t.Mul(i["a"], i["b"])),
        new("Div", [("a", [3, 4]), ("b", [3, 4])], (t, i) => t.Div(i["a"], i["b"])) { Positive = ["b"] },
        new("Scale", [("x", [2, 3, 4])], (t, i) => t.Scale(i["x"], -1.5f, 0.25f)),
        new("Exp", [("x", [2, 9])], (t, i) => t.Exp(i["x"])),
        new("Log", [("x", [2, 9])], (t, i) => t.Log(i["x"])) { Positive = ["x"] },
        new("Sqrt", [("x", [2, 9])], (t, i) => t.Sqrt(i["x"])) { Positive = ["x"] },
        new("Sum of the last axis", [("x", [2, 3, 5])], (t, i) => t.Sum(i["x"], -1)),
        new("Sum of an inner axis", [("x", [2, 3, 5, 2])], (t, i) => t.Sum(i["x"], 1)),
        new("Mean", [("x", [2, 3, 5])], (t, i) => t.Mean(i["x"], 0)),
        new("Max of the last axis", [("x", [4, 6])], (t, i) => t.Max(i["x"], 1)),
        new("Max of the first axis", [("x", [4, 6])], (t, i) => t.Max(i["x"], 0)),
        new("Reshape", [("x", [2, 3, 4])], (t, i) => t.Reshape(i["x"], new(6, 4))),
        new("Transpose of the last axes", [("x", [2, 3, 4])], (t, i) => t.Transpose(i["x"], -1, -2)),
        new("Transpose of outer axes", [("x", [2, 3, 4, 5])], (t, i) => t.Transpose(i["x"], 0, 2)),
        new("Expand", [("x", [3, 1, 2])], (t, i) => t.Expand(i["x"], 1, 4)),
        new("Slice", [("x", [3, 5, 2])], (t, i) => t.Slice(i["x"], 1, 1, 3)),
        new("Pad", [("x", [3, 2])], (t, i) => t.Pad(i["x"], -1, 1, 5)),
        new("Concat of the last axis", [("a", [3, 2]), ("b", [3, 4])], (t, i) => t.Concat(-1, i["a"], i["b"])),
        new("Concat of the first axis", [("a", [1, 3, 2]), ("b", [2, 3, 2])], (t, i) => t.Concat(0, i["a"], i["b"])),
        new("Gather", [("table", [4, 3])], (t, i) => t.Gather(i["table"], i.Ints(2, 0, 3, 2, 1))),
        new("Scatter", [("x", [5, 2, 2])], (t, i) => t.Scatter(i["x"], i.Ints(2, 0, 3, 2, 2), 4)),
    ];

    private static Tensor OnGrid(Tape tape, Tensor pixels, int side, Func<Tensor, PixelGrid, Tensor> work)
    {
        var grid = new PixelGrid(pixels.Shape[0], side);
        return tape.ToPatches(work(tape.FromPatches(pixels, grid), grid), grid);
    }

    private static RunningStatistics Running(OperatorInputs i) => new(
        Tape.Constant(new TensorShape(3), i.Floats(0.5f, -1, 2)), Tape.Constant(new TensorShape(3), i.Floats(1, 4, 0.25f)), Momentum: 0.1f);

    private static Tensor HalfOfSquares(Tape tape, Tensor x, float scale)
    {
        tape.Loss(x, gradient =>
        {
            if (!gradient.IsEmpty)
            {
                tape.Device.Run(
                    ElementwiseOperators.Axpby,
                    new AxpbyCall { Count = x.Shape.Count, Alpha = scale, Beta = 0, X = x.Data, Y = gradient });
            }
        });
        return tape.WithoutGradient(() => tape.Scale(tape.Mul(x, x), 0.5f, 0));
    }
}
