using System.Diagnostics.CodeAnalysis;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// Writes what runs on a tape as ONNX operators: the network that is exported is the one that runs. Every tensor that an operator takes
/// must be known: an input, a parameter, or what an operator before made.
/// </summary>
/// <remarks>
/// A row-major first axis holds the batch, so it is left free wherever a shape is written down. Rows of a <see cref="PixelGrid"/>, whose
/// border is a matter of our memory, become [batch, S, S, channels].
/// </remarks>
internal sealed class OnnxTranslation(OnnxGraph graph, Device device) : ITapeObserver
{
    /// <summary>A size that the reader finds: that of the input, or what is left.</summary>
    private const long Same = 0, Rest = -1;

    private readonly Dictionary<Tensor, string> _names = [];
    private readonly BatchAxis _batch = new();

    /// <summary>Labels of the images, for networks that take them: [batch], whole numbers.</summary>
    public string? Labels { get; init; }

    /// <summary>Times of the images, likewise: [batch], floats.</summary>
    public string? Times { get; init; }

    /// <summary>Says which value a tensor of images is.</summary>
    public void Know(Tensor images, string name)
    {
        _batch.Know(images);
        _names[images] = name;
    }

    /// <summary>The value that a tensor is.</summary>
    /// <exception cref="DptException">Usage: nothing that can be exported made it.</exception>
    public string NameOf(Tensor tensor)
    {
        if (_names.TryGetValue(tensor, out var name))
        {
            return name;
        }

        return tensor switch
        {
            Parameter parameter => Weight(parameter.Name, parameter),
            ModelBuffer buffer => Weight(buffer.Name, buffer),
            _ => throw new DptException(FailureKind.Usage, $"the network has an operator that cannot be exported: what made a tensor {tensor.Shape} is not known"),
        };

        string Weight(string name, Tensor kept) => graph.Weight(name, kept.Shape.ToArray(), device.Download(kept.Data));
    }

    /// <inheritdoc/>
    public void Ran(TracedOperator run)
    {
        _batch.RequireUntouched(run);
        _names[run.Output] = Translated(run);
    }

    private string Translated(TracedOperator run) => run switch
    {
        TracedPatchEmbed embed => PatchEmbed(embed),
        TracedLinear linear => Linear(NameOf(linear.X), linear.Weight, linear.Bias, linear.Residual),
        TracedSkipLinear skip => Linear(Concat(-1, NameOf(skip.X), NameOf(skip.Skip)), skip.Weight, skip.Bias),
        TracedAttention attention => Attention(attention),
        TracedMlp mlp => Linear(
            Activate(Linear(NameOf(mlp.X), mlp.Weight1, mlp.Bias1), mlp.Activation), mlp.Weight2, mlp.Bias2, mlp.Residual),
        TracedLayerNorm norm => LayerNorm(norm),
        TracedUnpatchify tail => Unpatchify(tail),
        TracedActivation activation => Activate(NameOf(activation.X), activation.Function),
        TracedConvolution convolution => Convolve(convolution),
        TracedConv2d convolution => Convolve(convolution),
        TracedBatchNorm norm => BatchNorm(norm),
        TracedGroupNorm norm => GroupNorm(norm),
        TracedTimeEmbedding embedding => TimeEmbedding(embedding),
        TracedGather gather => graph.Node("Gather", [NameOf(gather.Table), Given(Labels, "labels")], ("axis", 0)),
        TracedUpSample up => UpSample(up),
        TracedSumOfFour four => SumOfFour(four),
        TracedFromPatches pixels => FromPatches(pixels),
        TracedToPatches patches => ToPatches(patches),
        TracedMap map => Map(map),
        TracedReduction reduction => graph.Node(
            reduction.Reduction == AxisReduction.Sum ? "ReduceSum" : "ReduceMax",
            [NameOf(reduction.X), graph.Constant((long)reduction.Axis)],
            ("keepdims", 1)),
        TracedReshape reshape => Reshape(NameOf(reshape.X), [Rest, .. reshape.Output.Shape.ToArray().Skip(1).Select(size => (long)size)]),
        TracedTranspose transpose => Transpose(NameOf(transpose.X), Swapped(transpose)),
        TracedExpand expand => graph.Node("Expand", [NameOf(expand.X), graph.Constant(Repeats(expand))]),
        TracedSlice slice => SliceOf(NameOf(slice.X), slice.Axis, slice.Start, slice.Start + slice.Output.Shape[slice.Axis]),
        TracedPlacement placement => Place(placement),
        _ => throw new DptException(FailureKind.Usage, $"{run.GetType().Name} cannot be exported"),
    };

    private string PatchEmbed(TracedPatchEmbed embed)
    {
        var (parts, patch, width) = (embed.Parts, embed.Parts.Weight.Shape[2], (long)embed.Parts.Weight.Shape[0]);
        var pixels = graph.Node(
            "Conv", [NameOf(embed.Image), NameOf(parts.Weight), NameOf(parts.Bias)], ("kernel_shape", Square(patch)), ("strides", Square(patch)));
        var tokens = new List<string> { Transpose(Reshape(pixels, Same, width, Rest), 0, 2, 1) };
        if (parts.ClassToken is { } classToken)
        {
            // Zeros of the batch's size give the token as often as there are images.
            var zeros = graph.Node("Mul", [SliceOf(tokens[0], axis: 1, 0, 1), graph.Constant(0f)]);
            tokens.Insert(0, Add(zeros, NameOf(classToken)));
        }

        if (embed.HasTimes)
        {
            tokens.Insert(0, TimeToken((int)width));
        }

        if (embed.HasLabels)
        {
            tokens.Insert(0, Unsqueezed(graph.Node("Gather", [NameOf(parts.LabelTable!), Given(Labels, "labels")], ("axis", 0))));
        }

        return Add(Concat(1, [.. tokens]), NameOf(parts.Position));
    }

    /// <summary>[cos(t f) | sin(t f)]; the sine of an odd width ends in that of 0.</summary>
    private string TimeToken(int width)
    {
        var frequencies = Frequencies(width / 2, steps: width / 2);
        var times = Reshape(InDouble(Given(Times, "times")), Rest, 1, 1);
        return InFloat(Concat(-1, Sinusoid("Cos", times, frequencies), Sinusoid("Sin", times, [.. frequencies, .. new double[width % 2]])));
    }

    private string TimeEmbedding(TracedTimeEmbedding embedding)
    {
        var (half, isSineFirst) = (embedding.Output.Shape.Last / 2, embedding.Order == Sinusoids.SineFirst);
        var frequencies = Frequencies(half, steps: isSineFirst ? half - 1 : half);
        var scaled = graph.Node("Mul", [Given(Times, "times"), graph.Constant(embedding.Factor)]);
        var times = Reshape(InDouble(scaled), Rest, 1);
        string[] parts = [Sinusoid("Cos", times, frequencies), Sinusoid("Sin", times, frequencies)];
        return InFloat(Concat(-1, isSineFirst ? [parts[1], parts[0]] : parts));
    }

    /// <summary>In double precision, as ours is computed.</summary>
    private string Sinusoid(string function, string times, double[] frequencies) =>
        graph.Node(function, [graph.Node("Mul", [times, graph.Constant(frequencies)])]);

    private static double[] Frequencies(int half, int steps) =>
        [.. Enumerable.Range(0, half).Select(i => Math.Pow(10_000, -(double)i / steps))];

    private string InDouble(string x) => graph.Node("Cast", [x], ("to", (int)Messages.TensorProto.Types.DataType.Double));

    private string InFloat(string x) => graph.Node("Cast", [x], ("to", (int)Messages.TensorProto.Types.DataType.Float));

    private string Linear(string x, Tensor weight, Tensor? bias, Tensor? residual = null)
    {
        var y = graph.Node("MatMul", [x, Transpose(NameOf(weight), 1, 0)]);
        return Plus(Plus(y, bias), residual);
    }

    private string Attention(TracedAttention attention)
    {
        var (heads, width) = (attention.Heads, attention.Output.Shape.Last);
        var split = Transpose(Reshape(NameOf(attention.Qkv), Same, Same, 3, heads, width / heads), 2, 0, 3, 1, 4);
        string Part(int index) => graph.Node("Gather", [split, Scalar(index)], ("axis", 0));
        var queries = graph.Node("Mul", [Part(0), graph.Constant((float)(1 / Math.Sqrt((double)width / heads)))]);
        var scores = graph.Node("MatMul", [queries, Transpose(Part(1), 0, 1, 3, 2)]);
        var mixed = graph.Node("MatMul", [graph.Node("Softmax", [scores], ("axis", -1)), Part(2)]);
        return Reshape(Transpose(mixed, 0, 2, 1, 3), Same, Same, width);
    }

    private string LayerNorm(TracedLayerNorm norm)
    {
        var x = norm.FirstToken ? graph.Node("Gather", [NameOf(norm.X), Scalar(0)], ("axis", 1)) : NameOf(norm.X);
        return graph.Node("LayerNormalization", [x, NameOf(norm.Gamma), NameOf(norm.Beta)], ("axis", -1), ("epsilon", norm.Epsilon));
    }

    private string Unpatchify(TracedUnpatchify tail)
    {
        var (grid, tokens) = (tail.Grid, NameOf(tail.Tokens));
        var patches = Reshape(
            SliceOf(tokens, axis: 1, grid.ExtraTokens, grid.Tokens), Same, grid.Side, grid.Side, grid.PatchSize, grid.PatchSize, grid.Channels);
        var image = Reshape(Transpose(patches, 0, 5, 1, 3, 2, 4), Same, grid.Channels, grid.ImageSize, grid.ImageSize);
        return tail.Weight is null ? image : Conv3(image, NameOf(tail.Weight), tail.Bias);
    }

    /// <summary>Our filter is [out, 9 in] in the order line, column, channel.</summary>
    private string Convolve(TracedConvolution convolution)
    {
        var (ins, outs) = (convolution.X.Shape.Last, convolution.Output.Shape.Last);
        var filter = ChannelsSecond(Reshape(NameOf(convolution.Weight), outs, 3, 3, ins));
        var y = ChannelsLast(Conv3(ChannelsSecond(NameOf(convolution.X)), filter, convolution.Bias));
        return Plus(y, convolution.Residual);
    }

    /// <summary>Channels are last here, second there, in images and filters.</summary>
    private string Convolve(TracedConv2d convolution)
    {
        var (options, filter) = (convolution.Options, convolution.Weight.Shape);
        var y = graph.Node(
            "Conv",
            [ChannelsSecond(NameOf(convolution.X)), ChannelsSecond(NameOf(convolution.Weight)), .. Given(convolution.Bias)],
            ("kernel_shape", new[] { filter[1], filter[2] }),
            ("strides", Square(options.Stride)),
            ("pads", new[] { options.Top, options.Left, options.Bottom, options.Right }),
            ("group", options.Groups));
        return Plus(ChannelsLast(y), convolution.Residual);
    }

    /// <summary>With fixed statistics alone: those of the batch that is traced say nothing about another.</summary>
    private string BatchNorm(TracedBatchNorm norm)
    {
        Usage.Require(norm.HasFixedStatistics, "a network that normalises by the batch it is given cannot be exported; what learns does so, not what is used");
        Usage.Require(norm.X.Shape.Rank == 4, $"batch norm of {norm.X.Shape} cannot be exported, of images with channels last it can");
        var y = ChannelsLast(graph.Node(
            "BatchNormalization",
            [ChannelsSecond(NameOf(norm.X)), NameOf(norm.Gamma), NameOf(norm.Beta), NameOf(norm.Mean), NameOf(norm.Variance)],
            ("epsilon", norm.Epsilon)));
        return norm.NegativeSlope == 1 ? y : graph.Node("LeakyRelu", [y], ("alpha", norm.NegativeSlope));
    }

    /// <summary>Each group as one channel of an instance norm, then scale and shift of each channel.</summary>
    private string GroupNorm(TracedGroupNorm norm)
    {
        var shape = norm.X.Shape;
        Usage.Require(shape.Rank is 3 or 4, $"group norm of {shape} cannot be exported");
        int[] toSecond = shape.Rank == 4 ? [0, 3, 1, 2] : [0, 2, 1], toLast = shape.Rank == 4 ? [0, 2, 3, 1] : [0, 2, 1];
        var groups = Reshape(Transpose(NameOf(norm.X), toSecond), Same, norm.Groups, Rest);
        float[] ones = [.. Enumerable.Repeat(1f, norm.Groups)];
        var normalised = graph.Node(
            "InstanceNormalization",
            [groups, graph.Constant(ones), graph.Constant(new float[norm.Groups])],
            ("epsilon", norm.Epsilon));
        long[] sizes = [shape.Last, .. shape.ToArray()[1..^1].Select(size => (long)size)];
        var y = Transpose(Reshape(normalised, [Same, .. sizes]), toLast);
        return Activate(Add(graph.Node("Mul", [y, NameOf(norm.Gamma)]), NameOf(norm.Beta)), norm.Activation);
    }

    private string UpSample(TracedUpSample up)
    {
        var (lines, columns, channels) = (up.X.Shape[1], up.X.Shape[2], up.X.Shape[3]);
        var apart = Reshape(NameOf(up.X), Same, lines, 1, columns, 1, channels);
        return Reshape(graph.Node("Expand", [apart, graph.Constant(1L, 1, 2, 1, 2, 1)]), Same, 2 * lines, 2 * columns, channels);
    }

    private string SumOfFour(TracedSumOfFour four)
    {
        var (lines, columns, channels) = (four.Output.Shape[1], four.Output.Shape[2], four.Output.Shape[3]);
        var apart = Reshape(NameOf(four.X), Same, lines, 2, columns, 2, channels);
        return graph.Node("ReduceSum", [apart, graph.Constant(2L, 4)], ("keepdims", 0));
    }

    private string Conv3(string image, string filter, Tensor? bias) => graph.Node(
        "Conv", [image, filter, .. Given(bias)], ("kernel_shape", Square(3)), ("pads", new[] { 1, 1, 1, 1 }));

    private string FromPatches(TracedFromPatches pixels)
    {
        var (side, patch, width) = (pixels.Grid.Side, pixels.Patch, pixels.Output.Shape.Last);
        var split = Reshape(NameOf(pixels.Tokens), Same, side / patch, side / patch, patch, patch, width);
        return Reshape(Transpose(split, 0, 1, 3, 2, 4, 5), Same, side, side, width);
    }

    private string ToPatches(TracedToPatches patches)
    {
        var (side, patch, width) = (patches.Grid.Side, patches.Patch, patches.Rows.Shape.Last);
        var split = Reshape(NameOf(patches.Rows), Same, side / patch, patch, side / patch, patch, width);
        return Reshape(Transpose(split, 0, 1, 3, 2, 4, 5), Same, side / patch * (side / patch), patch * patch * width);
    }

    private string Map(TracedMap map)
    {
        string Of(string type) => graph.Node(type, map.B is null ? [NameOf(map.A)] : [NameOf(map.A), NameOf(map.B)]);
        return map.Function switch
        {
            MapFunction.Add => Of("Add"),
            MapFunction.Multiply => Of("Mul"),
            MapFunction.Divide => Of("Div"),
            MapFunction.Exp => Of("Exp"),
            MapFunction.Log => Of("Log"),
            MapFunction.Sqrt => Of("Sqrt"),
            MapFunction.Equal => graph.Node("Cast", [Of("Equal")], ("to", (int)Messages.TensorProto.Types.DataType.Float)),
            MapFunction.Affine => Add(graph.Node("Mul", [NameOf(map.A), graph.Constant(map.Factor)]), graph.Constant(map.Offset)),
            _ => throw new DptException(FailureKind.Usage, $"{map.Function} cannot be exported"),
        };
    }

    private string Activate(string x, Activation function) => function switch
    {
        Activation.None => x,
        Activation.Gelu => graph.Node("Gelu", [x]),
        Activation.Silu => graph.Node("Mul", [x, graph.Node("Sigmoid", [x])]),
        _ => throw new DptException(FailureKind.Usage, $"{function} cannot be exported"),
    };

    /// <summary>Parts with nothing between them; what is before the first and behind the last is 0.</summary>
    private string Place(TracedPlacement placement)
    {
        var (axis, size, at) = (placement.Axis, placement.Output.Shape[placement.Axis], placement.Parts[0].Start);
        foreach (var (part, start) in placement.Parts)
        {
            Usage.Require(start == at, "a network that leaves zeros between what it puts together cannot be exported");
            at += part.Shape[axis];
        }

        var joined = Concat(axis, [.. placement.Parts.Select(part => NameOf(part.X))]);
        return at - placement.Parts[0].Start == size
            ? joined
            : graph.Node("Pad", [joined, graph.Constant(placement.Parts[0].Start, size - (long)at), graph.Constant(0f), graph.Constant((long)axis)]);
    }

    private static int[] Swapped(TracedTranspose transpose)
    {
        int[] order = [.. Enumerable.Range(0, transpose.X.Shape.Rank)];
        (order[transpose.Axis], order[transpose.Other]) = (transpose.Other, transpose.Axis);
        return order;
    }

    /// <summary>An axis keeps its size where 1 stands.</summary>
    private static long[] Repeats(TracedExpand expand)
    {
        var sizes = Enumerable.Repeat(1L, expand.X.Shape.Rank).ToArray();
        sizes[expand.Axis] = expand.Output.Shape[expand.Axis];
        return sizes;
    }

    private static int[] Square(int size) => [size, size];

    private string[] Given(Tensor? bias) => bias is null ? [] : [NameOf(bias)];

    private static string Given([NotNull] string? input, string what) =>
        input ?? throw new DptException(FailureKind.Usage, $"the network takes {what}, which nobody gives it");

    private string Reshape(string x, params long[] sizes) => graph.Node("Reshape", [x, graph.Constant(sizes)]);

    private string Transpose(string x, params int[] order) => graph.Node("Transpose", [x], ("perm", order));

    private string ChannelsSecond(string x) => Transpose(x, 0, 3, 1, 2);

    private string ChannelsLast(string x) => Transpose(x, 0, 2, 3, 1);

    private string Concat(int axis, params string[] parts) => parts.Length == 1 ? parts[0] : graph.Node("Concat", parts, ("axis", axis));

    private string SliceOf(string x, int axis, int start, int end) =>
        graph.Node("Slice", [x, graph.Constant((long)start), graph.Constant((long)end), graph.Constant((long)axis)]);

    private string Unsqueezed(string x) => graph.Node("Unsqueeze", [x, graph.Constant(1L)]);

    private string Scalar(int value) => graph.Node("Squeeze", [graph.Constant((long)value)]);

    private string Plus(string a, Tensor? b) => b is null ? a : Add(a, NameOf(b));

    private string Add(string a, string b) => graph.Node("Add", [a, b]);
}
