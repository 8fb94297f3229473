using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>
/// What a U-ViT makes of image, time and label before its first block (spec 4.1): the tokens [label, time, patches] with
/// their positions. The time's token is its sinusoids, or what an MLP of SiLU makes of them.
/// </summary>
internal sealed class UVitEmbedding
{
    private readonly PatchEmbedOp.Parts _parts;
    private readonly (Linear Hidden, Linear Output)? _time;

    /// <summary>Registers the parameters in the scope of the network.</summary>
    public UVitEmbedding(ParameterScope root, UVitConfig config, TransformerBlockConfig block)
    {
        var (width, patch, channels) = (config.Width, config.PatchSize, config.Channels);
        var fanIn = Initializer.FanIn(channels * patch * patch);
        var position = root.Add(
            "pos_embed",
            new TensorShape(1, config.Grid(1).Tokens, width),
            Initializer.Normal(config.FastStart ? 0.3f : 0.02f));
        var labels = config.NumClasses == 0
            ? null
            : root["label_emb"].Add(
                "weight",
                new TensorShape(config.NumClasses, width),
                Initializer.Normal(config.FastStart ? 0.5f : 1));
        var projection = root["patch_embed"]["proj"];
        _parts = new PatchEmbedOp.Parts(
            projection.Add("weight", new TensorShape(width, channels, patch, patch), fanIn),
            projection.Add("bias", new TensorShape(width), fanIn),
            position,
            labels);
        _time = config.MlpTimeEmbed ? Time(root["time_embed"], block) : null;
    }

    /// <summary>The tokens of a batch.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="images">[B, C, S, S].</param>
    /// <param name="times">Network times, [B].</param>
    /// <param name="labels">Rows of the label table, [B]; empty without one.</param>
    /// <returns>[B, e+n, D].</returns>
    public Tensor Forward(Tape tape, Tensor images, Slice<float> times, Slice<int> labels)
    {
        if (_time is not { } mlp)
        {
            return tape.PatchEmbed(images, _parts, labels, times);
        }

        // The last bias is the same for every image, as a class token is, whose place behind the label is the time's here.
        var width = _parts.Position.Shape.Last;
        var bias = tape.Reshape(mlp.Output.Bias!, new TensorShape(1, 1, width));
        var tokens = tape.PatchEmbed(images, _parts with { ClassToken = bias }, labels);
        var hidden = mlp.Hidden.Forward(tape, tape.TimeEmbedding(times, width, Sinusoids.CosineFirst));
        var time = tape.Linear(tape.Activate(hidden, Activation.Silu), mlp.Output.Weight);
        var row = tape.Reshape(time, new TensorShape(time.Shape[0], 1, width));
        return tape.Add(tokens, tape.Pad(row, axis: 1, start: labels.IsEmpty ? 0 : 1, tokens.Shape[1]));
    }

    private static (Linear Hidden, Linear Output) Time(ParameterScope scope, TransformerBlockConfig block)
    {
        var (width, hidden) = (block.Width, 4 * block.Width);
        return (
            new Linear(scope["0"], width, hidden, block.Weight(width), Initializer.Zero),
            new Linear(scope["2"], hidden, width, block.Weight(hidden), Initializer.Zero));
    }
}
