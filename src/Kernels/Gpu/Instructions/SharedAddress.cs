using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Places in shared memory as numbers of bytes: what barriers, bulk copies and tensor cores are told, and what the fewest
/// instructions compute.
/// </summary>
public static class SharedAddress
{
    /// <summary>The place of a variable in shared memory.</summary>
    [IntrinsicImplementation, PtxAsm("mov.b32 $d, $s0;")]
    public static int Of(ref byte first) => throw new NotSupportedException("there is no shared memory here");

    /// <summary>The start of the dynamic shared memory: where the kernel takes a <see cref="TensorMap"/>, a multiple of 1024.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OfDynamic() => Of(ref SharedMemory.GetDynamic<byte>()[0]);

    /// <summary>Where a byte lies that a copy with the 128-byte swizzle was told to put there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Swizzled128(int address) => address ^ ((address >> 3) & 0x70);
}
