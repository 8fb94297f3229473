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
        Tensor Weight, Tensor Bias, Tensor Position, Tensor? LabelTable = null, Tensor? ClassToken = null)
    {
        /// <summary>Whether one of them needs a gradient.</summary>
        internal bool NeedGradient => Weight.NeedsGradient || Bias.NeedsGradient || Position.NeedsGradient
            || LabelTable?.NeedsGradient == true || ClassToken?.NeedsGradient == true;

        internal void RequireFit(PatchGrid grid)
        {
            var width = Weight.Shape[0];
            Shapes.Require(
                nameof(PatchEmbed), "weight", Weight, new TensorShape(width, grid.Channels, grid.PatchSize, grid.PatchSize));
            Shapes.Require(nameof(PatchEmbed), "bias", Bias, new TensorShape(width));
            Shapes.Require(nameof(PatchEmbed), "position", Position, new TensorShape(1, grid.Tokens, width));
            Shapes.RequireIfGiven(nameof(PatchEmbed), "class token", ClassToken, new TensorShape(1, 1, width));
            if (LabelTable is not null)
            {
                Shapes.RequireMatrix(nameof(PatchEmbed), LabelTable, width);
            }
        }
    }

    /// <summary>Embeds a batch.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="image">[B, C, S, S].</param>
    /// <param name="parts">The learned parts.</param>
    /// <param name="labels">Row of the label table per image, [B]; empty without a table.</param>
    /// <param name="times">Network time per image, [B]; empty without a time token.</param>
    /// <returns>[B, e+n, D] in the order label, time, class, patches.</returns>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    /// <exception cref="KernelException">Sizes do not fit, or parts and numbers do not go together.</exception>
    public static Tensor PatchEmbed(
        this Tape tape, Tensor image, Parts parts, Slice<int> labels = default, Slice<float> times = default)
    {
        Shapes.RequireRank(nameof(PatchEmbed), nameof(image), image, 4);
        Shapes.RequireRank(nameof(PatchEmbed), "weight", parts.Weight, 4);
        var (width, channels, patch) = (parts.Weight.Shape[0], parts.Weight.Shape[1], parts.Weight.Shape[2]);
        var extra = (labels.IsEmpty ? 0 : 1) + (times.IsEmpty ? 0 : 1) + (parts.ClassToken is null ? 0 : 1);
        var grid = new PatchGrid(image.Shape[0], channels, image.Shape[2], patch, extra);
        Shapes.Require(
            nameof(PatchEmbed), nameof(image), image, new TensorShape(grid.Batch, channels, grid.ImageSize, grid.ImageSize));
        parts.RequireFit(grid);
        Shapes.RequireLengthIfGiven(nameof(PatchEmbed), nameof(labels), labels, grid.Batch);
        Shapes.RequireLengthIfGiven(nameof(PatchEmbed), nameof(times), times, grid.Batch);
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
        tape.Observer?.Ran(new TracedPatchEmbed(tokens, image, parts, !labels.IsEmpty, !times.IsEmpty));
        if (tape.Records(image, parts.Weight, parts.Bias, parts.Position, parts.LabelTable, parts.ClassToken))
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
            tape.AddGradient(image, () => OfImage(tape));
            if (parts.NeedGradient)
            {
                OfParts(tape.Device);
            }
        }

        /// <summary>Token gradients times the projection are the patches, which go back to where they came from.</summary>
        private Tensor OfImage(Tape tape)
        {
            // A patch of the projection is ordered (channel, row, column), one of an image (row, column, channel).
            var (width, pixels) = (Output.Shape.Last, grid.PatchSize * grid.PatchSize);
            var projection = tape.Transpose(tape.Reshape(parts.Weight, new TensorShape(width, grid.Channels, pixels)), 1, 2);
            var patches = tape.New(Output.Shape.WithLast(grid.PatchElements));
            tape.Device.Run(MatMulOperators.MatMul, new MatMulCall
            {
                M = Output.Shape.Rows,
                N = grid.PatchElements,
                K = width,
                A = Output.Gradient,
                B = projection.Data,
                C = patches.Data,
            });
            return tape.Unpatchify(patches, grid);
        }

        private void OfParts(Device device)
        {
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
