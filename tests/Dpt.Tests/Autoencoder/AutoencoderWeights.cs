using System.Globalization;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>An autoencoder of small images with the weights of <c>make-torch-files.py</c>, which are too many for a file but follow a formula.</summary>
internal static class AutoencoderWeights
{
    public static readonly KlAutoencoderConfig Config = new(Channels: 3, Width: 32, [1, 2], Blocks: 1, LatentChannels: 3);

    /// <summary>The tensors as the official code has them: filters with their channels second.</summary>
    public static Dictionary<string, (TensorShape Shape, float[] Values)> Official()
    {
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        _ = new KlAutoencoder(store, Config);
        return store.Parameters.OrderBy(p => p.Name, StringComparer.Ordinal).Select((p, i) => (p.Name, Tensor: Tensor(p.Name, p.Shape, i)))
            .ToDictionary(item => item.Name, item => item.Tensor);
    }

    /// <summary>The same by the names of diffusers; of linear layers in attention, or of convolutions, as before.</summary>
    public static Dictionary<string, (TensorShape Shape, float[] Values)> Diffusers(bool isOld)
    {
        (string Official, string Theirs)[] attention = isOld
            ? [("q", "query"), ("k", "key"), ("v", "value"), ("proj_out", "proj_attn"), ("norm", "group_norm")]
            : [("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0"), ("norm", "group_norm")];
        return Official().ToDictionary(item => Name(item.Key), item => item.Key.Contains("attn_1", StringComparison.Ordinal) && item.Value.Shape.Rank == 4
            ? (new TensorShape(item.Value.Shape[0], item.Value.Shape[1]), item.Value.Values)
            : item.Value);

        string Name(string official)
        {
            var words = official.Split('.');
            return string.Join('.', words switch
            {
                [var half, "mid", "attn_1", var part, var kind] => [half, "mid_block", "attentions", "0", attention.Single(a => a.Official == part).Theirs, kind],
                [var half, "mid", var block, .. var rest] => [half, "mid_block", "resnets", block == "block_1" ? "0" : "1", .. rest],
                ["encoder", "down", var level, "block", .. var rest] => ["encoder", "down_blocks", level, "resnets", .. Shortcut(rest)],
                ["encoder", "down", var level, "downsample", .. var rest] => ["encoder", "down_blocks", level, "downsamplers", "0", .. rest],
                ["decoder", "up", var level, "block", .. var rest] => ["decoder", "up_blocks", Turned(level), "resnets", .. Shortcut(rest)],
                ["decoder", "up", var level, "upsample", .. var rest] => ["decoder", "up_blocks", Turned(level), "upsamplers", "0", .. rest],
                [var half, "norm_out", var kind] => [half, "conv_norm_out", kind],
                _ => words,
            });
        }

        static string Turned(string level) =>
            (Config.Multipliers.Count - 1 - int.Parse(level, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);

        static IEnumerable<string> Shortcut(string[] words) => words.Select(word => word == "nin_shortcut" ? "conv_shortcut" : word);
    }

    private static (TensorShape Shape, float[] Values) Tensor(string name, TensorShape ours, int number)
    {
        var shape = ours.Rank == 4 ? new TensorShape(ours[0], ours[3], ours[1], ours[2]) : ours;
        var (factor, offset) = shape.Rank == 4
            ? (1.7 / Math.Sqrt(shape[1] * shape[2] * shape[3]), 0.0)
            : (0.3, name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal) ? 1.0 : 0.0);
        var values = new float[shape.Count];
        for (var i = 0L; i < values.Length; i++)
        {
            values[i] = (float)(((((i * 7919) + (number * 104729L)) % 2003 / 1001.5) - 1) * factor + offset);
        }

        return (shape, values);
    }
}
