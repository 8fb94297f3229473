namespace DPT.Engine.Kernels;

/// <summary>
/// A parameter of a kernel that stands for a tensor in global memory and boxes of it, in 128 bytes that nobody looks into:
/// <see cref="BulkCopy"/> takes it as it is. A launch gives a <see cref="TensorTiles"/> for it. It must be a parameter of the kernel
/// itself, not a field of one.
/// </summary>
public readonly struct TensorMap
{
#pragma warning disable CS0169, IDE0051 // The fields are never read: they are the size that the driver's form has.
    private readonly ulong _0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15;
#pragma warning restore CS0169, IDE0051
}
