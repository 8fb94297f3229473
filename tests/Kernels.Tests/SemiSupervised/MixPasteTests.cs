using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Parts of images in others, by hand, and what is refused.</summary>
public sealed class MixPasteTests
{
    private const int Side = 3, Channels = 2;

    /// <summary>
    /// Image 1 goes into image 0: its line 2 into line 0, its columns 0 and 1 into columns 1 and 2. A line without a column brings nothing,
    /// nor does a column without a line; channels are alike.
    /// </summary>
    [Test]
    public void Pixels_WithALineAndAColumn_AreTheOthers()
    {
        float[] own = [.. Enumerable.Range(0, 18)], other = [.. Enumerable.Range(100, 18)];
        var mixed = Run([.. own, .. other], [0, 1], [1, 1], [2, -1, -7], [-1, 0, 1]);
        float[] expected = [0, 106, 107, 3, 4, 5, 6, 7, 8, 9, 115, 116, 12, 13, 14, 15, 16, 17];
        Assert.That(mixed[..18], Is.EqualTo(expected));
        Assert.That(mixed[18..21], Is.EqualTo(new[] { 100, 106, 107 }), "an image with a part of itself");
    }

    [TestCase(2, 0, 0, 0, "index 2 of row 0 is not in 0..1")]
    [TestCase(0, -1, 0, 0, "index -1 of row 0 is not in 0..1")]
    [TestCase(0, 0, 3, 0, "an image of 3 lines and columns has no number 3")]
    [TestCase(0, 0, 0, 3, "an image of 3 lines and columns has no number 3")]
    public void Places_ThatAreNone_AreRefused(int own, int pasted, int line, int column, string says) => Assert.That(
        () => Run(new float[36], [own, 0], [pasted, 0], [line, 0, 0], [column, 0, 0]),
        Throws.TypeOf<KernelException>().With.Message.EqualTo($"mix.paste: {says}"));

    /// <summary>A kernel cannot throw: what has no place is NaN, and nothing else is.</summary>
    [Test]
    public void Places_ThatAreNone_AreNaNOnAGpu()
    {
        using var device = new SimDevice(selection: new KernelSelection());
        var mixed = Run(device, new float[36], [0, 2], [-1, 0], [0, -1, -1], [0, 3, -1]);
        float[] first = [float.NaN, float.NaN, 0, 0, 0, 0, 0, 0, 0];
        float[] second = [0, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN, float.NaN];
        Assert.That(mixed, Is.EqualTo((float[])[.. first, .. first, .. second, .. second]));
    }

    [Test]
    public void Calls_Sizes_AreChecked()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var floats = device.Allocate<float>(36);
        using var ints = device.Allocate<int>(3);
        var call = Call(floats.Slice, ints.Slice, ints.Slice, ints.Slice, ints.Slice, floats.Slice);
        Assert.That(call.Validate, Throws.Nothing);
        foreach (var bad in new[]
        {
            call with { Rows = 3 }, call with { Rows = 0 }, call with { SourceRows = 3 }, call with { SourceRows = 0 }, call with { Channels = 3 },
            call with { Channels = 0 }, call with { Side = 4 }, call with { Side = 1 << 15 }, call with { Own = default },
            call with { Pasted = default }, call with { Lines = ints.Slice.Range(0, 2) }, call with { Columns = ints.Slice.Range(0, 2) },
            call with { Images = floats.Slice.Range(0, 35) }, call with { Mixed = floats.Slice.Range(0, 35) },
        })
        {
            Assert.That(bad.Validate, Throws.TypeOf<KernelException>());
        }
    }

    private static float[] Run(float[] images, int[] own, int[] pasted, int[] lines, int[] columns)
    {
        using var device = new HostDevice(threads: 2, selection: new KernelSelection());
        return Run(device, images, own, pasted, lines, columns);
    }

    private static float[] Run(Device device, float[] images, int[] own, int[] pasted, int[] lines, int[] columns)
    {
        using var source = device.Upload<float>(images);
        using var around = device.Upload<int>(own);
        using var inside = device.Upload<int>(pasted);
        using var ofLines = device.Upload<int>(lines);
        using var ofColumns = device.Upload<int>(columns);
        using var mixed = device.Allocate<float>(own.Length * Channels * Side * Side);
        device.Run(MixPasteOperator.Paste, Call(source.Slice, around.Slice, inside.Slice, ofLines.Slice, ofColumns.Slice, mixed.Slice));
        return device.Download(mixed.Slice);
    }

    private static MixPasteCall Call(
        Slice<float> images, Slice<int> own, Slice<int> pasted, Slice<int> lines, Slice<int> columns, Slice<float> mixed) => new()
    {
        Rows = 2,
        SourceRows = 2,
        Channels = Channels,
        Side = Side,
        Images = images,
        Own = own,
        Pasted = pasted,
        Lines = lines,
        Columns = columns,
        Mixed = mixed,
    };
}
