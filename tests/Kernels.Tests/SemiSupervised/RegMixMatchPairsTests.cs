using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>RegMixMatch's pairs by hand: who is mixed with whom, as what, and how a batch is filled.</summary>
public sealed class RegMixMatchPairsTests
{
    private static readonly int[] _labels = [0, 1, 2, 1, 0, 2];
    private static readonly int[] _order = [3, 5, 2, 0, 1, 4];

    /// <summary>Images 0, 2 and 3 take part, in the order 3, 2, 0 as the others; each pair is there twice and counts once.</summary>
    [Test]
    public void Pairs_AreOfThoseThatTakePart_InTheirOrderAndInTheOther()
    {
        var (own, pasted, targets, weights) = Run([1, 0, 1, 0.5f, -1, float.NaN], share: 0.25f);
        Assert.That(own, Is.EqualTo(new[] { 0, 0, 2, 2, 3, 3 }));
        Assert.That(pasted, Is.EqualTo(new[] { 3, 3, 2, 2, 0, 0 }));
        Assert.That(weights, Is.EqualTo(new[] { 0.125, 0, 0.125, 0, 0.125, 0 }));
        float[] first = [0.75f, 0.25f, 0], second = [0, 0, 1], third = [0.25f, 0.75f, 0];
        Assert.That(targets, Is.EqualTo((float[])[.. first, .. first, .. second, .. second, .. third, .. third]));
    }

    /// <summary>Four of six: pairs 0 and 2 are there twice, spread over the batch.</summary>
    [Test]
    public void Pairs_ThatDoNotDivideTheRows_AreSpreadOverThem()
    {
        var (own, pasted, _, weights) = Run([1, 1, 0, 1, 1, 0], share: 0.5f);
        Assert.That(own, Is.EqualTo(new[] { 0, 0, 1, 3, 3, 4 }));
        Assert.That(pasted, Is.EqualTo(new[] { 3, 3, 0, 1, 1, 4 }));
        Assert.That(weights.Select(weight => weight > 0), Is.EqualTo(new[] { true, false, true, true, false, true }));
    }

    [Test]
    public void Rows_WhereNoneTakesPart_AreThemselvesWithoutWeight()
    {
        var (own, pasted, targets, weights) = Run(new float[6], share: 0.3f);
        Assert.That(own, Is.EqualTo(new[] { 0, 1, 2, 3, 4, 5 }));
        Assert.That(pasted, Is.EqualTo(own));
        Assert.That(weights, Is.All.Zero);
        Assert.That(targets.Chunk(3).Select(row => Array.IndexOf(row, 1f)), Is.EqualTo(_labels));
    }

    [Test]
    public void Calls_Sizes_AreChecked()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var floats = device.Allocate<float>(6);
        using var ints = device.Allocate<int>(3);
        var call = new RegMixMatchPairsCall
        {
            Rows = 3, Classes = 2, Weight = 1, Labels = ints.Slice, TakesPart = floats.Slice, Order = ints.Slice, Share = floats.Slice,
            Own = ints.Slice, Pasted = ints.Slice, Targets = floats.Slice, Weights = floats.Slice,
        };
        var few = ints.Slice.Range(0, 2);
        Assert.That(call.Validate, Throws.Nothing);
        foreach (var bad in new[]
        {
            call with { Rows = 4 }, call with { Rows = 0 }, call with { Rows = (1 << 24) + 1 }, call with { Classes = 3 }, call with { Labels = few },
            call with { TakesPart = floats.Slice.Range(0, 2) }, call with { Order = few }, call with { Share = default }, call with { Own = few },
            call with { Pasted = few }, call with { Targets = floats.Slice.Range(0, 5) }, call with { Weights = floats.Slice.Range(0, 2) },
        })
        {
            Assert.That(bad.Validate, Throws.TypeOf<KernelException>());
        }
    }

    private static (int[] Own, int[] Pasted, float[] Targets, float[] Weights) Run(float[] takesPart, float share)
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var (rows, classes) = (takesPart.Length, 3);
        using var labels = device.Upload<int>(_labels);
        using var part = device.Upload<float>(takesPart);
        using var order = device.Upload<int>(_order);
        using var shares = device.Upload<float>([share]);
        using var own = device.Allocate<int>(rows);
        using var pasted = device.Allocate<int>(rows);
        using var targets = device.Allocate<float>(rows * classes);
        using var weights = device.Allocate<float>(rows);
        device.Run(RegMixMatchPairsOperator.Pairs, new RegMixMatchPairsCall
        {
            Rows = rows,
            Classes = classes,
            Weight = 0.125f,
            Labels = labels.Slice,
            TakesPart = part.Slice,
            Order = order.Slice,
            Share = shares.Slice,
            Own = own.Slice,
            Pasted = pasted.Slice,
            Targets = targets.Slice,
            Weights = weights.Slice,
        });
        return (device.Download(own.Slice), device.Download(pasted.Slice), device.Download(targets.Slice), device.Download(weights.Slice));
    }
}
