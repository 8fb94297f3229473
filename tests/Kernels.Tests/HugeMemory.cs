using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Operands of which the large ones have no storage; all are zero at the start.</summary>
public sealed class HugeMemory(SimDevice device) : IDisposable
{
    /// <summary>Bytes from which an operand has no storage.</summary>
    public const long VirtualFrom = 128L << 20;

    private readonly List<(IDisposable Owner, long Bytes, Func<(long First, long End)?> Touched)> _operands = [];

    public SimDevice Device => device;

    public Slice<float> Floats(long length) => Allocate<float>(length);

    public Slice<BFloat16> Halves(long length) => Allocate<BFloat16>(length);

    public Slice<int> Ints(long length) => Allocate<int>(length);

    public Slice<byte> Bytes(long length) => Allocate<byte>(length);

    /// <summary>0, 1, 2, …</summary>
    public Slice<int> Numbers(int length)
    {
        var slice = Ints(length);
        device.CopyIn<int>(Enumerable.Range(0, length).ToArray(), slice);
        return slice;
    }

    /// <summary>Whether every operand without storage was touched from its first to its last byte.</summary>
    public bool IsReached => _operands.Where(IsLarge).All(o => o.Touched() == (0, o.Bytes));

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(", ", _operands.Where(IsLarge).Select(o => $"{o.Touched()} of {o.Bytes} bytes"));

    public void Dispose() => _operands.ForEach(o => o.Owner.Dispose());

    private static bool IsLarge((IDisposable Owner, long Bytes, Func<(long First, long End)?> Touched) operand) =>
        operand.Bytes >= VirtualFrom;

    private unsafe Slice<T> Allocate<T>(long length) where T : unmanaged
    {
        var buffer = device.Allocate<T>(length);
        var slice = buffer.Slice;
        _operands.Add((buffer, length * sizeof(T), () => device.Touched(slice)));
        return slice;
    }
}
