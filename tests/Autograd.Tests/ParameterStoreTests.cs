using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Names, ranges, the decay mask and substituted weights of a parameter store.</summary>
public sealed class ParameterStoreTests
{
    private HostDevice _device = null!;
    private ParameterStore _store = null!;

    [SetUp]
    public void Open()
    {
        _device = new HostDevice(1);
        _store = new ParameterStore(_device);
    }

    [TearDown]
    public void Close()
    {
        _store.Dispose();
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory leaked");
        _device.Dispose();
    }

    [Test]
    public void Add_NameTwiceOrAfterTheStart_IsRefused()
    {
        _store.Add("a", new TensorShape(2), Initializer.One);
        Assert.That(
            () => _store.Add("a", new TensorShape(2), Initializer.One), Throws.ArgumentException.With.Message.Contains("'a'"));
        _store.Initialize(1);
        Assert.That(
            () => _store.Add("b", new TensorShape(2), Initializer.One),
            Throws.InvalidOperationException.With.Message.Contains("'b'"));
    }

    [Test]
    public void FlatBuffer_HoldsEveryParameterApart_AndZerosBetween()
    {
        for (var i = 0; i < 4; i++)
        {
            _store.Add($"{i}", new TensorShape(7 * (i + 1)), Initializer.Constant(i + 1), decays: i % 2 == 0);
        }

        _store.Initialize(1);
        using var mask = _store.AllocateDecayMask();
        var (values, decays) = (_device.Download(_store.Values), _device.Download(mask.Slice));
        var owner = new int[_store.FlatLength];
        foreach (var (parameter, i) in _store.Parameters.Select((p, i) => (p, i)))
        {
            owner.AsSpan((int)parameter.Offset, (int)parameter.Shape.Count).Fill(i + 1);
        }

        Assert.Multiple(() =>
        {
            Assert.That(_store.Count, Is.EqualTo(70));
            Assert.That(values, Is.EqualTo(owner));
            Assert.That(decays, Is.EqualTo(owner.Select(i => i % 2)));
            Assert.That(_device.Download(_store.Gradients), Is.All.Zero);
        });
    }

    [Test]
    public void Substitute_Nested_GoesBackOneAtATime()
    {
        var parameter = _store.Add("a", new TensorShape(2), Initializer.Constant(1));
        _store.Initialize(1);
        using var outer = _device.Upload<float>([.. Enumerable.Repeat(2f, (int)_store.FlatLength)]);
        using var inner = _device.Upload<float>([.. Enumerable.Repeat(3f, (int)_store.FlatLength)]);
        float Seen() => _device.Download(parameter.Data)[0];
        using (_store.Substitute(outer.Slice))
        {
            Assert.That(Seen(), Is.EqualTo(2));
            using (_store.Substitute(inner.Slice))
            {
                Assert.That(Seen(), Is.EqualTo(3));
            }

            Assert.That(Seen(), Is.EqualTo(2));
        }

        Assert.That(Seen(), Is.EqualTo(1));
        Assert.That(() => _store.Substitute(outer.Slice.Range(0, 2)), Throws.ArgumentException);
    }

    [TestCase(1f)]
    [TestCase(-0.1f)]
    [TestCase(float.NaN)]
    public void MovingAverage_DecayOutsideOfItsRange_IsRefused(float decay)
    {
        _store.Add("a", new TensorShape(2), Initializer.One);
        _store.Initialize(1);
        Assert.That(() => new MovingAverage(_store, decay), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
