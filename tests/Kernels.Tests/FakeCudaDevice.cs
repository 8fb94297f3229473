using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>A device that claims to be a GPU, to ask the selection about; it holds nothing and runs nothing.</summary>
internal sealed class FakeCudaDevice(KernelSelection selection)
    : Device(new DeviceMemory(_ => throw new OutOfMemoryException(), (_, _) => { }), selection)
{
    public override DeviceKind Kind => DeviceKind.Cuda;

    public override string Description => "no GPU";

    protected override void CopyInCore<T>(ReadOnlySpan<T> source, Slice<T> destination) => throw new NotSupportedException();

    protected override void CopyOutCore<T>(Slice<T> source, Span<T> destination) => throw new NotSupportedException();

    protected override void CopyCore<T>(Slice<T> source, Slice<T> destination) => throw new NotSupportedException();

    protected override void ClearCore<T>(Slice<T> slice) => throw new NotSupportedException();

    public override void Synchronize()
    {
        // Nothing ever runs here.
    }
}
