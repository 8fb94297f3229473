namespace DPT.Engine.Kernels;

/// <summary>Two-dimensional convolution and its gradients: their variants, best first, and the cases that prove them.</summary>
public static class ConvolutionOperators
{
    /// <summary>y = act(x * w + bias) + residual.</summary>
    public static Operator<ConvolutionForwardCall> Forward { get; } =
        new(
            "convolution.forward",
            ForwardCases,
            new ConvolutionForwardHostV1Strips(),
            new ConvolutionForwardV2Tiles(),
            new ConvolutionForwardV1Naive())
        {
            BenchCases = () => Networks().Select(s => new ForwardCase(s).Describe()),
        };

    /// <summary>The gradient of the images.</summary>
    public static Operator<ConvolutionInputGradientCall> InputGradient { get; } =
        new(
            "convolution.inputgradient",
            () => Shapes().Select((s, i) => InputGradientCase(s, accumulate: i % 2 == 1)),
            new ConvolutionInputGradientHostV1Strips(),
            new ConvolutionInputGradientV2Tiles(),
            new ConvolutionInputGradientV1Naive())
        {
            BenchCases = () => Networks().Select(s => InputGradientCase(s, accumulate: false)),
        };

    /// <summary>The gradient of the filter.</summary>
    public static Operator<ConvolutionWeightGradientCall> WeightGradient { get; } =
        new(
            "convolution.weightgradient",
            () => Shapes().Select(WeightGradientCase),
            new ConvolutionWeightGradientHostV1Windows(),
            new ConvolutionWeightGradientV2Tiles(),
            new ConvolutionWeightGradientV1Naive())
        {
            BenchCases = () => Networks().Select(WeightGradientCase),
        };

    /// <summary>
    /// One pixel; windows that do not overlap, overlap and leave pixels out; padding on every side its own, and more of it than a filter
    /// has taps; groups; a line longer than a work item has rows, and small images of which it has many; sums of several blocks of K,
    /// which begin within a line of the filter, in either direction; tiles of a GPU that are whole; pixels for several parts.
    /// </summary>
    private static IEnumerable<ConvolutionShape> Shapes() =>
    [
        new(1, 1, 1, new(1, 1), new(1, 1)),
        new(2, 3, 5, WindowAxis.Padded(5, 3, 1, 1), WindowAxis.Padded(7, 3, 1, 1)),
        new(1, 4, 6, new(6, 3, 2, 0, 1), new(6, 3, 2, 0, 1)),
        new(2, 6, 4, WindowAxis.Padded(4, 3, 1, 1), WindowAxis.Padded(5, 3, 2, 1), Groups: 2),
        new(33, 2, 3, new(5, 2, 3, 1, 0), new(4, 3, 1, 0, 2)),
        new(2, 5, 7, new(9, 1, 2), new(8, 1, 3)),
        new(1, 3, 2, new(4, 2, 1, 3, 2), new(3, 1, 2, 2, 0)),
        new(1, 3, 2, new(1, 1), WindowAxis.Padded(103, 7, 1, 3)),
        new(1, 33, 3, WindowAxis.Padded(4, 3, 1, 1), WindowAxis.Padded(3, 3, 1, 1)),
        new(1, 2, 33, WindowAxis.Padded(3, 3, 1, 1), WindowAxis.Padded(2, 3, 1, 1)),
        new(2, 52, 65, new(7, 1), new(4, 1)),
        new(1, 1, 2, new(23, 1), WindowAxis.Padded(23, 2, 1, 1)),
    ];

    /// <summary>A wide residual network's layers on 64 images of 32 x 32.</summary>
    private static IEnumerable<ConvolutionShape> Networks() =>
    [
        new(64, 32, 32, WindowAxis.Padded(32, 3, 1, 1), WindowAxis.Padded(32, 3, 1, 1)),
        new(64, 64, 64, WindowAxis.Padded(16, 3, 1, 1), WindowAxis.Padded(16, 3, 1, 1)),
        new(64, 128, 128, WindowAxis.Padded(8, 3, 1, 1), WindowAxis.Padded(8, 3, 1, 1)),
        new(64, 32, 64, WindowAxis.Padded(32, 3, 2, 1), WindowAxis.Padded(32, 3, 2, 1)),
    ];

    private static IEnumerable<KernelCase> ForwardCases()
    {
        foreach (var shape in Shapes())
        {
            yield return new ForwardCase(shape).Describe();
        }

        var (one, two) = (Shapes().ElementAt(1), Shapes().ElementAt(3));
        yield return new ForwardCase(one) { Bias = true }.Describe();
        yield return new ForwardCase(two) { Bias = true, Residual = ResidualKind.Own }.Describe();
        yield return new ForwardCase(one) { Residual = ResidualKind.Result, Activation = Activation.Silu }.Describe();
        yield return new ForwardCase(two) { Bias = true, PreActivation = true, Activation = Activation.Gelu }.Describe();
    }

    private static KernelCase<ConvolutionInputGradientCall> InputGradientCase(ConvolutionShape shape, bool accumulate) => new(
        shape + (accumulate ? " accumulate" : ""),
        [
            Operand.In("dy", shape.OutputElements),
            Operand.In("w", shape.FilterElements),
            Sum("dx", shape.InputElements, shape.Taps * shape.GroupOuts, accumulate),
        ],
        m => new ConvolutionInputGradientCall
        {
            Sizes = shape, OutputGradient = m["dy"], Weight = m["w"], InputGradient = m["dx"], Accumulate = accumulate,
        },
        v => ConvolutionReference.InputGradient(in shape, v["dy"], v["w"], v["dx"], accumulate));

    private static KernelCase<ConvolutionWeightGradientCall> WeightGradientCase(ConvolutionShape shape) => new(
        shape.ToString(),
        [
            Operand.In("x", shape.InputElements),
            Operand.In("dy", shape.OutputElements),
            Operand.Update("dw", shape.FilterElements, shape.Outputs),
        ],
        m => new ConvolutionWeightGradientCall
        {
            Sizes = shape, X = m["x"], OutputGradient = m["dy"], WeightGradient = m["dw"],
        },
        v => ConvolutionReference.WeightGradient(in shape, v["x"], v["dy"], v["dw"]));

    private static Operand Sum(string name, long length, int terms, bool accumulate) =>
        accumulate ? Operand.Update(name, length, terms) : Operand.Out(name, length, terms);

    /// <summary>A convolution and what follows its sums.</summary>
    private readonly record struct ForwardCase(ConvolutionShape Shape)
    {
        public bool Bias { get; init; }

        public Activation Activation { get; init; }

        public bool PreActivation { get; init; }

        public ResidualKind Residual { get; init; }

        public KernelCase<ConvolutionForwardCall> Describe()
        {
            var self = this;
            return new(Label, [.. self.Operands()], self.Bind, self.Truth);
        }

        private string Label => Shape
            + (Bias ? " bias" : "")
            + (Activation == Activation.None ? "" : $" {Activation}")
            + (PreActivation ? " pre" : "")
            + (Residual == ResidualKind.None ? "" : $" residual:{Residual}");

        private IEnumerable<Operand> Operands()
        {
            var terms = Shape.Windows.Elements;
            yield return Operand.In("x", Shape.InputElements);
            yield return Operand.In("w", Shape.FilterElements);
            yield return Sum("y", Shape.OutputElements, terms, Residual == ResidualKind.Result);
            if (Bias)
            {
                yield return Operand.In("bias", Shape.Outs);
            }

            if (Residual == ResidualKind.Own)
            {
                yield return Operand.In("residual", Shape.OutputElements);
            }

            if (PreActivation)
            {
                yield return Operand.Out("pre", Shape.OutputElements, terms);
            }
        }

        private ConvolutionForwardCall Bind(CaseMemory m) => new()
        {
            Sizes = Shape,
            X = m["x"],
            Weight = m["w"],
            Y = m["y"],
            Bias = Bias ? m["bias"] : default,
            Activation = Activation,
            PreActivation = PreActivation ? m["pre"] : default,
            Residual = Residual switch
            {
                ResidualKind.Own => m["residual"],
                ResidualKind.Result => m["y"],
                _ => default,
            },
        };

        private void Truth(CaseValues v)
        {
            var y = v["y"];
            for (var i = 0; i < y.Length; i++)
            {
                var (pixel, o) = Math.DivRem(i, Shape.Outs);
                var (row, column) = Math.DivRem(pixel, Shape.Horizontal.Count);
                var (image, line) = Math.DivRem(row, Shape.Vertical.Count);
                var sum = ConvolutionReference.Forward(Shape, v["x"], v["w"], image, line, column, o) + (Bias ? v["bias"][o] : 0);
                if (PreActivation)
                {
                    v["pre"][i] = sum;
                }

                y[i] = ActivationReference.Value(Activation, sum) + Residual switch
                {
                    ResidualKind.Own => v["residual"][i],
                    ResidualKind.Result => y[i],
                    _ => 0,
                };
            }
        }
    }
}
