using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class DeviceMemoryTests
{
    private readonly List<(nint Address, long Bytes)> _given = [];
    private readonly List<(nint Address, long Bytes)> _freed = [];
    private bool _exhausted;
    private DeviceMemory _memory = null!;

    [SetUp]
    public void CreateOnAnImaginarySystem()
    {
        _given.Clear();
        _freed.Clear();
        _exhausted = false;
        _memory = new DeviceMemory(
            bytes =>
            {
                if (_exhausted)
                {
                    throw new OutOfMemoryException();
                }

                _given.Add((4096 * (_given.Count + 1), bytes));
                return _given[^1].Address;
            },
            (address, bytes) => _freed.Add((address, bytes)));
    }

    [TearDown]
    public void DisposeMemory() => _memory.Dispose();

    [Test]
    public void Rent_AnySize_LosesAtMostOneEighth()
    {
        for (var bytes = 1L; bytes < 1L << 34; bytes += 1 + (bytes / 7))
        {
            _memory.Rent(bytes);
            var block = _given[^1].Bytes;
            Assert.That(block, Is.InRange(bytes, Math.Max(256, bytes + Math.Max(256, bytes / 8))), $"{bytes} bytes");
            Assert.That(block % 256, Is.Zero, $"{bytes} bytes");
            _memory.Return(_given[^1].Address, bytes);
            _memory.Trim();
        }
    }

    [Test]
    public void Rent_AfterReturnInTheSameClass_ReusesTheBlock()
    {
        var first = _memory.Rent(1000);
        _memory.Return(first, 1000);
        Assert.That(_memory.Rent(1020), Is.EqualTo(first));
        Assert.That(_memory.Rent(1020), Is.Not.EqualTo(first), "a block that is held was given out again");
        Assert.That(_memory.SystemAllocations, Is.EqualTo(2));
    }

    [Test]
    public void Counters_RentReturnTrim_FollowTheBlocks()
    {
        var small = _memory.Rent(256);
        var large = _memory.Rent(1024);
        Assert.That(Counters(), Is.EqualTo((2, 1280L, 1280L, 1280L, 2L)));
        _memory.Return(large, 1024);
        Assert.That(Counters(), Is.EqualTo((1, 256L, 1280L, 1280L, 2L)));
        _memory.Trim();
        Assert.That(Counters(), Is.EqualTo((1, 256L, 1280L, 256L, 2L)));
        Assert.That(_freed, Is.EqualTo(new[] { (large, 1024L) }), "only the idle block is returned, with its size");
        _memory.Return(small, 256);
        Assert.That(Counters(), Is.EqualTo((0, 0L, 1280L, 256L, 2L)));
    }

    [Test]
    public void Peak_WhenSmallerBlocksFollow_IsThatOfTheLargest()
    {
        _memory.Return(_memory.Rent(1024), 1024);
        var small = _memory.Rent(256);
        Assert.That(Counters(), Is.EqualTo((1, 256L, 1024L, 1280L, 2L)));
        _memory.Return(small, 256);
    }

    [Test]
    public void Rent_SystemRefuses_CountsNothing()
    {
        _exhausted = true;
        Assert.That(() => _memory.Rent(1), Throws.TypeOf<OutOfMemoryException>());
        Assert.That(Counters(), Is.EqualTo((0, 0L, 0L, 0L, 0L)));
    }

    [Test]
    public void Dispose_Twice_FreesEveryIdleBlockOnce()
    {
        _memory.Return(_memory.Rent(300), 300);
        _memory.Return(_memory.Rent(3000), 3000);
        _memory.Dispose();
        _memory.Dispose();
        Assert.That(_freed, Is.EquivalentTo(_given));
    }

    [Test]
    public void Buffer_DisposedTwice_ReturnsItsBlockOnce()
    {
        var buffer = new DeviceBuffer<float>(_memory, 10);
        Assert.That(buffer.Slice.Length, Is.EqualTo(10));
        buffer.Dispose();
        buffer.Dispose();
        Assert.That(_memory.LiveBlocks, Is.Zero);
        Assert.That(() => buffer.Slice, Throws.TypeOf<ObjectDisposedException>());
    }

    [TestCase(0)]
    [TestCase(-1)]
    public void Buffer_LengthNotPositive_Throws(long length) =>
        Assert.That(() => new DeviceBuffer<float>(_memory, length), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Buffer_LengthBeyondTheAddressSpace_Throws() =>
        Assert.That(() => new DeviceBuffer<float>(_memory, long.MaxValue / 2), Throws.TypeOf<OverflowException>());

    [Test]
    public void Host_SteadyState_AsksTheSystemForNothing()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        var afterFirst = 0L;
        for (var step = 0; step < 5; step++)
        {
            using var a = device.Upload<float>([1, 2, 3]);
            using var b = device.Allocate<float>(100_000);
            afterFirst = step == 0 ? device.Memory.SystemAllocations : afterFirst;
        }

        Assert.That(device.Memory.SystemAllocations, Is.EqualTo(afterFirst));
        Assert.That(device.Memory.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Host_Blocks_AreAlignedToCacheLines()
    {
        using var device = new HostDevice(threads: 1, selection: new KernelSelection());
        using var odd = device.Allocate<byte>(1);
        using var buffer = device.Allocate<float>(999);
        Assert.That((odd.Slice.Address | buffer.Slice.Address) % 64, Is.EqualTo((nint)0));
    }

    private (int Blocks, long Live, long Peak, long Reserved, long Asked) Counters() => (
        _memory.LiveBlocks, _memory.LiveBytes, _memory.PeakBytes, _memory.ReservedBytes, _memory.SystemAllocations);
}
