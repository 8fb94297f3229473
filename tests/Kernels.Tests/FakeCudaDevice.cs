using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>A device that claims to be a GPU, to ask the selection about; it holds nothing and runs nothing.</summary>
internal sealed class FakeCudaDevice(KernelSelection selection)
    : Device(new DeviceMemory(_ => throw new OutOfMemoryException(), (_, _) => { }), selection)
{
    public override DeviceKind Kind => DeviceKind.Cuda;

    public override string Description => "no GPU";

    public override void CopyIn<T>(ReadOnlySpan<T> source, Slice<T> destination) => throw new NotSupportedException();

    public override void CopyOut<T>(Slice<T> source, Span<T> destination) => throw new NotSupportedException();

    public override void Copy<T>(Slice<T> source, Slice<T> destination) => throw new NotSupportedException();

    public override void Clear<T>(Slice<T> slice) => throw new NotSupportedException();

    public override void Synchronize()
    {
        // Nothing ever runs here.
    }
}
