namespace DPT.Engine.Kernels;

/// <summary>How strongly images are changed on their way into a batch.</summary>
public enum AugmentPolicy
{
    /// <summary>Only selected and normalised.</summary>
    None,

    /// <summary>Random flip (if allowed) and random crop after reflection padding.</summary>
    Weak,

    /// <summary>Three operations of RandAugment and Cutout, then the weak policy.</summary>
    Strong,
}

/// <summary>
/// Selects images from a data set that lies on the device as bytes, augments each with random numbers of its own
/// and normalises: out = (byte / 255 - mean_c) / deviation_c. The random draws of row b depend on
/// (Seed, Stream, FirstSample + b) alone: they are the words of that <see cref="PhiloxStream"/>. Operations on bytes
/// follow the Python Imaging Library pixel for pixel. In a grey image Color changes nothing and Cutout fills with 121,
/// the mean of its colour (125, 123, 114); what is moved in from outside is black. Source: method specification,
/// section 1.5.
/// </summary>
public readonly record struct AugmentCall : IKernelCall
{
    private const string Op = "augment";

    /// <summary>Images in the batch.</summary>
    public required int Batch { get; init; }

    /// <summary>Channels, 1 or 3.</summary>
    public required int Channels { get; init; }

    /// <summary>Side of the square image, at most 256.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Images in the data set.</summary>
    public required int SourceCount { get; init; }

    /// <summary>The data set, [SourceCount,C,S,S].</summary>
    public required Slice<byte> Source { get; init; }

    /// <summary>
    /// Which image goes to which row, [Batch], 0..SourceCount-1. The host throws at any other number; on a GPU the row
    /// becomes NaN.
    /// </summary>
    public required Slice<int> Indices { get; init; }

    /// <summary>What to do.</summary>
    public required AugmentPolicy Policy { get; init; }

    /// <summary>Mirror half of the images (not for digits).</summary>
    public bool Flip { get; init; }

    /// <summary>Pixels of reflection padding for the random crop, 0..ImageSize-1.</summary>
    public int CropPadding { get; init; }

    /// <summary>The seed of the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>The purpose of the draws; weak and strong views of a batch use different streams.</summary>
    public uint Stream { get; init; }

    /// <summary>Number of the first row's draw; the other rows follow.</summary>
    public long FirstSample { get; init; }

    /// <summary>Mean of each channel, [C].</summary>
    public required Slice<float> Mean { get; init; }

    /// <summary>Standard deviation of each channel, [C].</summary>
    public required Slice<float> Deviation { get; init; }

    /// <summary>Result, [Batch,C,S,S].</summary>
    public required Slice<float> Output { get; init; }

    /// <inheritdoc/>
    public string Shape => $"B={Batch} {SampleShape}";

    /// <inheritdoc/>
    public string SampleShape => $"C={Channels} S={ImageSize} {Policy}{(Flip ? " flip" : "")} pad={CropPadding}";

    /// <inheritdoc/>
    public double Flops => 2.0 * Batch * Channels * ImageSize * ImageSize;

    /// <inheritdoc/>
    public double Bytes => 5.0 * Batch * Channels * ImageSize * ImageSize;

    /// <inheritdoc/>
    public void Validate()
    {
        var pixels = (long)Channels * ImageSize * ImageSize;
        Require.Size(Op, "batch", Batch, 1, Require.MaxSize / AugmentPlan.Words);
        Require.That(Op, Channels is 1 or 3, $"{Channels} channels, it must be 1 or 3");
        Require.Size(Op, "image size", ImageSize, 1, 256);
        Require.Size(Op, "source count", SourceCount);
        Require.Size(Op, "crop padding", CropPadding, 0, ImageSize - 1);
        Require.Operand(Op, nameof(Source), Source, SourceCount * pixels);
        Require.Operand(Op, nameof(Indices), Indices, Batch);
        Require.Operand(Op, nameof(Mean), Mean, Channels);
        Require.Operand(Op, nameof(Deviation), Deviation, Channels);
        Require.Operand(Op, nameof(Output), Output, Batch * pixels);
    }
}
