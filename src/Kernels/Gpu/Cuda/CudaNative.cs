using System.Runtime.InteropServices;

namespace DPT.Engine.Kernels;

/// <summary>The functions of the driver's library, under their own names.</summary>
internal static unsafe partial class CudaNative
{
    private const string Name = "cuda";

    static CudaNative() => NativeLibrary.SetDllImportResolver(
        typeof(CudaNative).Assembly,
        (name, _, _) => name == Name && NativeLibrary.TryLoad(CudaDriver.Library, out var library) ? library : 0);

    [LibraryImport(Name)]
    public static partial int cuInit(uint flags);

    [LibraryImport(Name)]
    public static partial int cuGetErrorName(int result, byte** name);

    [LibraryImport(Name)]
    public static partial int cuGetErrorString(int result, byte** text);

    [LibraryImport(Name)]
    public static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Name)]
    public static partial int cuDeviceGetCount(out int count);

    [LibraryImport(Name)]
    public static partial int cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Name)]
    public static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

    [LibraryImport(Name)]
    public static partial int cuDeviceTotalMem_v2(out nuint bytes, int device);

    [LibraryImport(Name)]
    public static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Name)]
    public static partial int cuDevicePrimaryCtxRelease_v2(int device);

    [LibraryImport(Name)]
    public static partial int cuCtxSetCurrent(nint context);

    [LibraryImport(Name)]
    public static partial int cuStreamCreate(out nint stream, uint flags);

    [LibraryImport(Name)]
    public static partial int cuStreamDestroy_v2(nint stream);

    [LibraryImport(Name)]
    public static partial int cuStreamSynchronize(nint stream);

    [LibraryImport(Name)]
    public static partial int cuMemAlloc_v2(out nint address, nuint bytes);

    [LibraryImport(Name)]
    public static partial int cuMemFree_v2(nint address);

    [LibraryImport(Name)]
    public static partial int cuMemcpyHtoDAsync_v2(nint to, void* from, nuint bytes, nint stream);

    [LibraryImport(Name)]
    public static partial int cuMemcpyDtoHAsync_v2(void* to, nint from, nuint bytes, nint stream);

    [LibraryImport(Name)]
    public static partial int cuMemcpyDtoDAsync_v2(nint to, nint from, nuint bytes, nint stream);

    [LibraryImport(Name)]
    public static partial int cuMemsetD8Async(nint address, byte value, nuint bytes, nint stream);

    [LibraryImport(Name)]
    public static partial int cuModuleLoadDataEx(out nint module, byte* image, uint count, int* options, nint* values);

    [LibraryImport(Name)]
    public static partial int cuModuleUnload(nint module);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int cuModuleGetFunction(out nint function, nint module, string name);

    [LibraryImport(Name)]
    public static partial int cuFuncGetAttribute(out int value, int attribute, nint function);

    [LibraryImport(Name)]
    public static partial int cuFuncSetAttribute(nint function, int attribute, int value);

    [LibraryImport(Name)]
    public static partial int cuLaunchKernel(
        nint function,
        uint gridX,
        uint gridY,
        uint gridZ,
        uint blockX,
        uint blockY,
        uint blockZ,
        uint sharedBytes,
        nint stream,
        void** parameters,
        nint* extra);

    [LibraryImport(Name)]
    public static partial int cuTensorMapEncodeTiled(
        void* map,
        int type,
        uint rank,
        void* address,
        ulong* sizes,
        ulong* strides,
        uint* box,
        uint* elementStrides,
        int interleave,
        int swizzle,
        int promotion,
        int fill);

    [LibraryImport(Name)]
    public static partial int cuEventCreate(out nint @event, uint flags);

    [LibraryImport(Name)]
    public static partial int cuEventRecord(nint @event, nint stream);

    [LibraryImport(Name)]
    public static partial int cuEventSynchronize(nint @event);

    [LibraryImport(Name)]
    public static partial int cuEventElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(Name)]
    public static partial int cuEventDestroy_v2(nint @event);

    [LibraryImport(Name)]
    public static partial int cuStreamBeginCapture_v2(nint stream, int mode);

    [LibraryImport(Name)]
    public static partial int cuStreamEndCapture(nint stream, out nint graph);

    [LibraryImport(Name)]
    public static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);

    [LibraryImport(Name)]
    public static partial int cuGraphLaunch(nint executable, nint stream);

    [LibraryImport(Name)]
    public static partial int cuGraphDestroy(nint graph);

    [LibraryImport(Name)]
    public static partial int cuGraphExecDestroy(nint executable);
}
