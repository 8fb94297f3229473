using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Images to tokens with positions and extra tokens, in one kernel.</summary>
public static class PatchEmbedOp
{
    /// <summary>The learned parts of an embedding and the geometry that they were made for.</summary>
    /// <param name="Weight">[D, C, p, p].</param>
    /// <param name="Bias">[D].</param>
    /// <param name="Position">[1, e+n, D].</param>
    /// <param name="LabelTable">[classes, D], or null.</param>
    /// <param name="ClassToken">[1, 1, D], or null.</param>
    public sealed record Parts(
        Tensor Weight, Tensor Bias, Tensor Position, Tensor? LabelTable = null, Tensor? ClassToken = null);

    /// <summary>Embeds a batch.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="image">[B, C, S, S]; gets no gradient.</param>
    /// <param name="parts">The learned parts.</param>
    /// <param name="labels">Row of the label table per image, [B]; empty without a table.</param>
    /// <param name="times">Network time per image, [B]; empty without a time token.</param>
    /// <returns>[B, e+n, D] in the order label, time, class, patches.</returns>
    /// <exception cref="KernelException">Sizes do not fit.</exception>
    /// <exception cref="ArgumentException">The image asks for a gradient.</exception>
    public static Tensor PatchEmbed(
        this Tape tape, Tensor image, Parts parts, Slice<int> labels = default, Slice<float> times = default)
    {
        Shapes.RequireRank(nameof(PatchEmbed), nameof(image), image, 4);
        Shapes.RequireRank(nameof(PatchEmbed), "weight", parts.Weight, 4);
        if (image.NeedsGradient)
        {
            throw new ArgumentException("PatchEmbed: 'image' asks for a gradient, which this operator does not compute");
        }

        var width = parts.Weight.Shape[0];
        var extra = (labels.IsEmpty ? 0 : 1) + (times.IsEmpty ? 0 : 1) + (parts.ClassToken is null ? 0 : 1);
        var grid = new PatchGrid(
            image.Shape[0], image.Shape[1], image.Shape[2], parts.Weight.Shape[2], extra);
        var tokens = tape.New(new TensorShape(grid.Batch, grid.Tokens, width));
        tape.Device.Run(PatchEmbedOperators.Forward, new PatchEmbedForwardCall
        {
            Grid = grid,
            Width = width,
            Image = image.Data,
            Weight = parts.Weight.Data,
            Bias = parts.Bias.Data,
            Position = parts.Position.Data,
            LabelRows = labels.IsEmpty ? 0 : parts.LabelTable!.Shape[0],
            LabelTable = labels.IsEmpty ? default : parts.LabelTable!.Data,
            Labels = labels,
            Times = times,
            ClassToken = parts.ClassToken?.Data ?? default,
            Tokens = tokens.Data,
        });
        if (tape.Records(parts.Weight, parts.Bias, parts.Position, parts.LabelTable, parts.ClassToken))
        {
            tape.Record(tokens, new Node(tokens, grid, image, parts, labels, hasTime: !times.IsEmpty));
        }

        return tokens;
    }

    private sealed class Node(
        Tensor tokens, PatchGrid grid, Tensor image, Parts parts, Slice<int> labels, bool hasTime) : TapeNode(tokens)
    {
        public override void Backward(Tape tape)
        {
            var device = tape.Device;
            using var dWeight = GradientSink.ForAdding(device, parts.Weight);
            using var dBias = GradientSink.ForAdding(device, parts.Bias);
            using var dPosition = GradientSink.ForAdding(device, parts.Position);
            using var dTable = labels.IsEmpty ? default : GradientSink.ForAdding(device, parts.LabelTable!);
            using var dClass = parts.ClassToken is null ? default : GradientSink.ForAdding(device, parts.ClassToken);
            device.Run(PatchEmbedOperators.Backward, new PatchEmbedBackwardCall
            {
                Grid = grid,
                Width = Output.Shape.Last,
                Image = image.Data,
                TokensGradient = Output.Gradient,
                LabelRows = labels.IsEmpty ? 0 : parts.LabelTable!.Shape[0],
                Labels = labels,
                HasTime = hasTime,
                WeightGradient = dWeight.Target,
                BiasGradient = dBias.Target,
                PositionGradient = dPosition.Target,
                LabelTableGradient = dTable.Target,
                ClassTokenGradient = dClass.Target,
            });
        }
    }
}
