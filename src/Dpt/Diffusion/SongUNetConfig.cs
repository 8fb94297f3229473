using System.Globalization;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>The sizes of a SongUNet (spec 4.7), and the blocks that follow from them.</summary>
/// <param name="ImageSize">Side of the image, S; a multiple of 2^(levels - 1).</param>
/// <param name="Channels">Channels.</param>
/// <param name="Width">Channels of the first convolution, a multiple of 4; 128 officially.</param>
/// <param name="Multipliers">Channels of each level over the width, the largest images first; (2, 2, 2) officially for 32 x 32.</param>
/// <param name="Blocks">Blocks of a level on the way down, one more on the way up; 4 officially.</param>
/// <param name="Classes">Classes; 0 for an unconditional model.</param>
public sealed record SongUNetConfig(
    int ImageSize, int Channels, int Width, IReadOnlyList<int> Multipliers, int Blocks, int Classes)
{
    /// <summary>Largest head of attention, which has one: a limit of its operators.</summary>
    private const int LargestHead = 256;

    /// <summary>Levels with images of this side have attention, as in every official model.</summary>
    private const int AttentionSide = 16;

    private const int LargestGroups = 32, LeastOfGroup = 4;

    /// <summary>Numbers that tell how an image was augmented; 0 if the network is not told.</summary>
    public int AugmentationWidth { get; init; }

    /// <summary>What a network time is multiplied by before it is embedded, see <see cref="VariancePreservingSchedule.EdmTimeFactor"/>.</summary>
    public float TimeFactor { get; init; } = 1;

    /// <summary>Share of a block's numbers that is dropped in training, in front of its last convolution.</summary>
    public float Dropout { get; init; }

    /// <summary>Recompute each block's activations in the backward pass.</summary>
    public bool Recompute { get; init; }

    /// <summary>The multipliers as settings have them: 2:2:2.</summary>
    public string ChannelMultipliers => string.Join(':', Multipliers);

    /// <summary>Numbers that tell a block time and class.</summary>
    public int EmbeddingWidth => 4 * Width;

    /// <summary>The configuration that options ask for on images of a data set.</summary>
    /// <exception cref="DptException">Usage: a size does not fit.</exception>
    public static SongUNetConfig From(DiffusionOptions options, ImageForm form)
    {
        var config = new SongUNetConfig(form.Side, form.Channels, options.Width, Parse(options.ChannelMultipliers), options.Depth, form.Classes)
        {
            AugmentationWidth = options.Augment > 0 ? EdmAugmentation.Labels : 0,
            Dropout = (float)options.Dropout,
            TimeFactor = (float)VariancePreservingSchedule.Find(options.Schedule).EdmTimeFactor,
            Recompute = options.Recompute,
        };
        config.Validate();
        return config;
    }

    /// <summary>Groups of a norm: of 4 channels or more, at most 32.</summary>
    public static int Groups(int channels) => Math.Min(LargestGroups, channels / LeastOfGroup);

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="DptException">Usage: a size does not fit; the message says which.</exception>
    public void Validate()
    {
        Usage.Require(Width >= LeastOfGroup && Width % LeastOfGroup == 0, $"a songunet of width {Width}: it must be a multiple of {LeastOfGroup}");
        Usage.Require(Blocks >= 1, $"a songunet of depth {Blocks}: a level has at least 1 block");
        var halvings = Multipliers.Count - 1;
        Usage.Require(
            ImageSize >> halvings << halvings == ImageSize,
            $"images of {ImageSize} pixels cannot be halved {halvings} times; use fewer diffusion.channelMultipliers, or resize with --image-size");
        foreach (var block in Encoder().Concat(Decoder()))
        {
            RequireGroups(block.Ins);
            RequireGroups(block.Outs);
            Usage.Require(
                !block.HasAttention || block.Outs <= LargestHead,
                $"attention on {block.Outs} channels, the limit is {LargestHead}; lower diffusion.width or diffusion.channelMultipliers");
        }
    }

    /// <summary>The blocks on the way down, in their order.</summary>
    internal IEnumerable<SongUNetBlockShape> Encoder() => Down().Select(block => block with { Dropout = Dropout });

    /// <summary>The blocks on the way up, in their order.</summary>
    internal IEnumerable<SongUNetBlockShape> Decoder() => Up().Select(block => block with { Dropout = Dropout });

    private IEnumerable<SongUNetBlockShape> Down()
    {
        var outs = Width;
        for (var level = 0; level < Multipliers.Count; level++)
        {
            var side = ImageSize >> level;
            if (level > 0)
            {
                yield return new SongUNetBlockShape($"{side}x{side}_down", side, outs, outs) { Resampling = Resampling.Down };
            }

            for (var i = 0; i < Blocks; i++)
            {
                var ins = outs;
                outs = Width * Multipliers[level];
                yield return new SongUNetBlockShape($"{side}x{side}_block{i}", side, ins, outs) { HasAttention = side == AttentionSide };
            }
        }
    }

    private IEnumerable<SongUNetBlockShape> Up()
    {
        var skips = new Stack<int>([Width, .. Encoder().Select(block => block.Outs)]);
        var outs = skips.Peek();
        for (var level = Multipliers.Count - 1; level >= 0; level--)
        {
            var side = ImageSize >> level;
            if (level == Multipliers.Count - 1)
            {
                yield return new SongUNetBlockShape($"{side}x{side}_in0", side, outs, outs) { HasAttention = true };
                yield return new SongUNetBlockShape($"{side}x{side}_in1", side, outs, outs);
            }
            else
            {
                yield return new SongUNetBlockShape($"{side}x{side}_up", side, outs, outs) { Resampling = Resampling.Up };
            }

            for (var i = 0; i <= Blocks; i++)
            {
                var ins = outs + skips.Pop();
                outs = Width * Multipliers[level];
                yield return new SongUNetBlockShape($"{side}x{side}_block{i}", side, ins, outs)
                {
                    TakesSkip = true,
                    HasAttention = i == Blocks && side == AttentionSide,
                };
            }
        }
    }

    private static int[] Parse(string multipliers)
    {
        const int Most = 64;
        var parts = multipliers.Split(':');
        var parsed = Array.ConvertAll(
            parts, part => int.TryParse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) ? number : 0);
        Usage.Require(
            parsed.Length <= 10 && Array.TrueForAll(parsed, number => number is >= 1 and <= Most),
            $"diffusion.channelMultipliers '{multipliers}' must be a whole number of 1 to {Most} for each of at most 10 levels, like 2:2:2");
        return parsed;
    }

    private static void RequireGroups(int channels) => Usage.Require(
        channels % Groups(channels) == 0,
        $"a songunet norms {LargestGroups} groups, which do not cut {channels} channels; use a diffusion.width that is a multiple of {LargestGroups}");
}

/// <summary>What a block of a SongUNet does to the size of its images.</summary>
internal enum Resampling
{
    None,
    Down,
    Up,
}

/// <summary>Where a block of a SongUNet stands.</summary>
/// <param name="Name">Its official name.</param>
/// <param name="Side">Side of the images that it gives.</param>
/// <param name="Ins">Channels that it is given.</param>
/// <param name="Outs">Channels that it gives.</param>
internal readonly record struct SongUNetBlockShape(string Name, int Side, int Ins, int Outs)
{
    public Resampling Resampling { get; init; }

    public bool HasAttention { get; init; }

    /// <summary>Share of its numbers that is dropped in training.</summary>
    public float Dropout { get; init; }

    /// <summary>Whether the last of what the way down left is put behind its input.</summary>
    public bool TakesSkip { get; init; }

    /// <summary>Whether its input, in another size or not, is what its result is added to; otherwise a convolution of one pixel makes that.</summary>
    public bool IsKept => Ins == Outs && Resampling == Resampling.None;

    /// <summary>Floats of its result for an image.</summary>
    public long Result => Pixels * Outs;

    /// <summary>Floats that lie on the tape for an image in front of it: its input with the skip behind it.</summary>
    public long Joined => TakesSkip ? Pixels * Ins : 0;

    /// <summary>The tensors that it leaves on the tape, its result among them: floats of an image, and how many are of that size.</summary>
    public IEnumerable<(long Floats, int Count)> Tensors
    {
        get
        {
            // The embedding at every pixel, two convolutions, a norm, the sum, what is not dropped; of attention two shapes, norm, mix,
            // projection, sum, and query, key and value.
            const int OfBody = 5, OfAttention = 6;
            yield return (Resampling switch { Resampling.Down => 4 * Pixels, Resampling.Up => Pixels / 4, _ => Pixels } * Ins, 1);
            yield return (Pixels * Ins, Resampling switch { Resampling.Down => 4, Resampling.Up => 2, _ => 0 });
            yield return (Pixels * Outs, OfBody + (Dropout > 0 ? 1 : 0) + (IsKept ? 0 : 1) + (HasAttention ? OfAttention : 0));
            yield return (3 * Pixels * Outs, HasAttention ? 1 : 0);
        }
    }

    /// <summary>Floats of an image that it leaves on the tape, those of its result among them.</summary>
    public long Recorded => Tensors.Sum(tensor => tensor.Floats * tensor.Count);

    private long Pixels => (long)Side * Side;
}
