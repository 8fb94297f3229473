using System.Globalization;
using System.Text.RegularExpressions;

namespace DPT.Engine.Dpt;

/// <summary>
/// The names that the library diffusers gives to the tensors of Stable Diffusion's autoencoder (<c>AutoencoderKL</c>): levels of the
/// decoder in the order that they run in, attention of linear layers, under older and newer names.
/// </summary>
internal static partial class DiffusersAutoencoder
{
    private static readonly (string Theirs, string Official)[] _parts =
    [
        (".mid_block.resnets.0.", ".mid.block_1."),
        (".mid_block.resnets.1.", ".mid.block_2."),
        (".mid_block.attentions.0.group_norm.", ".mid.attn_1.norm."),
        (".mid_block.attentions.0.to_q.", ".mid.attn_1.q."),
        (".mid_block.attentions.0.to_k.", ".mid.attn_1.k."),
        (".mid_block.attentions.0.to_v.", ".mid.attn_1.v."),
        (".mid_block.attentions.0.to_out.0.", ".mid.attn_1.proj_out."),
        (".mid_block.attentions.0.query.", ".mid.attn_1.q."),
        (".mid_block.attentions.0.key.", ".mid.attn_1.k."),
        (".mid_block.attentions.0.value.", ".mid.attn_1.v."),
        (".mid_block.attentions.0.proj_attn.", ".mid.attn_1.proj_out."),
        (".downsamplers.0.", ".downsample."),
        (".upsamplers.0.", ".upsample."),
        (".resnets.", ".block."),
        (".conv_shortcut.", ".nin_shortcut."),
        (".conv_norm_out.", ".norm_out."),
    ];

    /// <summary>The tensors by the official names and in the official shapes, whichever of the two they have.</summary>
    /// <exception cref="InvalidDataException">Two of them are the same by the official names.</exception>
    public static Dictionary<string, WeightTensor> OfficialNames(Dictionary<string, WeightTensor> tensors)
    {
        var levels = new TensorShapes(tensors).Count("decoder.up_blocks");
        if (levels == 0)
        {
            return tensors;
        }

        var official = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
        {
            var own = OfficialName(name, levels);
            if (!official.TryAdd(own, OfficialShape(own, tensor)))
            {
                throw new InvalidDataException($"it has '{OneLine.Start(own)}' twice, under two names");
            }
        }

        return official;
    }

    private static string OfficialName(string name, int levels) => _parts.Aggregate(
        UpBlock().Replace(DownBlock().Replace(name, "encoder.down.$1."), match => $"decoder.up.{levels - 1 - int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)}."),
        (text, part) => text.Replace(part.Theirs, part.Official, StringComparison.Ordinal));

    /// <summary>A linear layer of attention is a convolution of one pixel.</summary>
    private static WeightTensor OfficialShape(string name, WeightTensor tensor) =>
        name.Contains(".mid.attn_1.", StringComparison.Ordinal) && tensor.Shape.Count == 2
            ? tensor with { Shape = [.. tensor.Shape, 1, 1] }
            : tensor;

    [GeneratedRegex(@"^encoder\.down_blocks\.([0-9]{1,3})\.", RegexOptions.CultureInvariant)]
    private static partial Regex DownBlock();

    [GeneratedRegex(@"^decoder\.up_blocks\.([0-9]{1,3})\.", RegexOptions.CultureInvariant)]
    private static partial Regex UpBlock();
}
