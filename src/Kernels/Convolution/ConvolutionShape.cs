namespace DPT.Engine.Kernels;

/// <summary>
/// The sizes of a convolution of images that lie with channels last: x [B,H,W,C] to y [B,H',W',C'] by a filter
/// [C',kh,kw,C/g]. Output channels and channels are cut into g groups, and a group sees its own channels only.
/// </summary>
/// <remarks>
/// PyTorch's images are [B,C,H,W] and its filter [C',C/g,kh,kw]: the same numbers with the channel moved from behind the first axis to
/// the last place, <c>x.permute(0, 2, 3, 1)</c>, for images and filter alike. As PyTorch's, the filter is not turned round:
/// a convolution is a correlation. H' and W' are <see cref="WindowAxis.Count"/>.
/// </remarks>
/// <param name="Batch">Images, B.</param>
/// <param name="Channels">Channels, C; a multiple of the groups.</param>
/// <param name="Outs">Output channels, C'; a multiple of the groups.</param>
/// <param name="Vertical">H and what the filter does to it.</param>
/// <param name="Horizontal">W and what the filter does to it.</param>
/// <param name="Groups">Groups, g.</param>
public readonly record struct ConvolutionShape(
    int Batch, int Channels, int Outs, WindowAxis Vertical, WindowAxis Horizontal, int Groups = 1)
{
    /// <summary>Numbers of the images, B H W C.</summary>
    public long InputElements => (long)Batch * Vertical.Size * Horizontal.Size * Channels;

    /// <summary>Numbers of the filter, C' kh kw C/g.</summary>
    public long FilterElements => (long)Outs * Taps * GroupChannels;

    /// <summary>Numbers of the result, B H' W' C'.</summary>
    public long OutputElements => (long)Outputs * Outs;

    /// <summary>Channels that an output channel sees, C/g.</summary>
    internal int GroupChannels => Channels / Groups;

    /// <summary>Output channels of a group, C'/g.</summary>
    internal int GroupOuts => Outs / Groups;

    /// <summary>Taps of the filter, kh kw.</summary>
    internal int Taps => Vertical.Kernel * Horizontal.Kernel;

    /// <summary>Pixels of all images, B H W.</summary>
    internal int Inputs => Batch * Vertical.Size * Horizontal.Size;

    /// <summary>Positions of the filter on all images, B H' W'.</summary>
    internal int Outputs => Batch * Vertical.Count * Horizontal.Count;

    /// <summary>What positions of the filter see of the images, of a group's channels.</summary>
    internal WindowMap Windows => new(Vertical.Taps, Horizontal.Taps, GroupChannels, Channels);

    /// <summary>What pixels see of the gradients of the result, of a group's channels.</summary>
    internal WindowMap TurnedWindows => new(Vertical.TurnedTaps, Horizontal.TurnedTaps, GroupOuts, Outs);

    internal double Flops => 2.0 * OutputElements * Taps * GroupChannels;

    /// <inheritdoc/>
    public override string ToString() => $"B={Batch} {OfImage}";

    /// <summary>The sizes of one image in one short line.</summary>
    internal string OfImage => $"C={Channels} C'={Outs} H={Vertical} W={Horizontal}" + (Groups == 1 ? "" : $" g={Groups}");

    /// <summary>Checks the sizes.</summary>
    /// <param name="op">The operator that the message begins with.</param>
    /// <exception cref="KernelException">A size is out of its range, or channels are no multiple of the groups.</exception>
    public void Validate(string op)
    {
        Vertical.Validate(op, "vertical");
        Horizontal.Validate(op, "horizontal");
        Require.Size(op, "batch", Batch);
        Require.Size(op, "channels", Channels);
        Require.Size(op, "output channels", Outs);
        Require.Size(op, "groups", Groups, 1, Math.Min(Channels, Outs));
        Require.That(op, Channels % Groups == 0, $"{Channels} channels are no multiple of {Groups} groups");
        Require.That(op, Outs % Groups == 0, $"{Outs} output channels are no multiple of {Groups} groups");
        Require.Size(op, "pixels of all images", (long)Batch * Vertical.Size * Horizontal.Size);
        Require.Size(op, "pixels of all results", (long)Batch * Vertical.Count * Horizontal.Count);
        Require.Size(op, "numbers that an output channel sees", (long)Taps * GroupChannels);
        Require.Size(op, "numbers that see a channel", (long)Taps * GroupOuts);
    }
}
