using System.Runtime.InteropServices;
using System.Text;

namespace DPT.Engine.Kernels;

/// <summary>The driver's library, which comes with the display driver and not with this engine.</summary>
internal sealed unsafe class CudaDriver : ICudaDriver
{
    private const int LogBytes = 64 * 1024;
    private const uint NonBlockingStream = 1;
    private const int ThreadLocalCapture = 1;

    /// <summary>The second-level cache fetches 256 bytes where a copy asks for less.</summary>
    private const int Promote256 = 3;

    private CudaDriver()
    {
    }

    /// <summary>Name of the library's file here.</summary>
    public static string Library { get; } = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The driver, or null where there is none.</summary>
    public static ICudaDriver? TryLoad() =>
        NativeLibrary.TryLoad(Library, out _) ? new CudaDriver() : null;

    public string Describe(int result)
    {
        byte* name = null, text = null;
        return CudaNative.cuGetErrorName(result, &name) == 0 && CudaNative.cuGetErrorString(result, &text) == 0
            ? $"{Marshal.PtrToStringUTF8((nint)name)} ({Marshal.PtrToStringUTF8((nint)text)})"
            : $"error {result} of the CUDA driver";
    }

    public int Initialise() => CudaNative.cuInit(0);

    public int Version(out int version) => CudaNative.cuDriverGetVersion(out version);

    public int CountDevices(out int count) => CudaNative.cuDeviceGetCount(out count);

    public int NameOf(int device, out string name)
    {
        var bytes = stackalloc byte[256];
        var result = CudaNative.cuDeviceGetName(bytes, 256, device);
        name = result == 0 ? Marshal.PtrToStringUTF8((nint)bytes)! : "";
        return result;
    }

    public int Attribute(int device, CudaAttribute attribute, out int value) =>
        CudaNative.cuDeviceGetAttribute(out value, (int)attribute, device);

    public int TotalMemory(int device, out long bytes)
    {
        var result = CudaNative.cuDeviceTotalMem_v2(out var total, device);
        bytes = (long)total;
        return result;
    }

    public int RetainContext(int device, out nint context) => CudaNative.cuDevicePrimaryCtxRetain(out context, device);

    public int ReleaseContext(int device) => CudaNative.cuDevicePrimaryCtxRelease_v2(device);

    public int SetContext(nint context) => CudaNative.cuCtxSetCurrent(context);

    public int CreateStream(out nint stream) => CudaNative.cuStreamCreate(out stream, NonBlockingStream);

    public int DestroyStream(nint stream) => CudaNative.cuStreamDestroy_v2(stream);

    public int Synchronise(nint stream) => CudaNative.cuStreamSynchronize(stream);

    public int Allocate(long bytes, out nint address) => CudaNative.cuMemAlloc_v2(out address, (nuint)bytes);

    public int Free(nint address) => CudaNative.cuMemFree_v2(address);

    public int CopyIn(nint to, void* from, long bytes, nint stream) =>
        CudaNative.cuMemcpyHtoDAsync_v2(to, from, (nuint)bytes, stream);

    public int CopyOut(void* to, nint from, long bytes, nint stream) =>
        CudaNative.cuMemcpyDtoHAsync_v2(to, from, (nuint)bytes, stream);

    public int Copy(nint to, nint from, long bytes, nint stream) =>
        CudaNative.cuMemcpyDtoDAsync_v2(to, from, (nuint)bytes, stream);

    public int Fill(nint address, byte value, long bytes, nint stream) =>
        CudaNative.cuMemsetD8Async(address, value, (nuint)bytes, stream);

    public int LoadModule(ReadOnlySpan<byte> image, out nint module, out string log)
    {
        const int InfoBuffer = 3, InfoBytes = 4, ErrorBuffer = 5, ErrorBytes = 6, Verbose = 12;
        byte[] info = new byte[LogBytes], errors = new byte[LogBytes];
        fixed (byte* imageBytes = image, infoBytes = info, errorBytes = errors)
        {
            var options = stackalloc[] { InfoBuffer, InfoBytes, ErrorBuffer, ErrorBytes, Verbose };
            var values = stackalloc nint[] { (nint)infoBytes, LogBytes, (nint)errorBytes, LogBytes, 1 };
            var result = CudaNative.cuModuleLoadDataEx(out module, imageBytes, 5, options, values);
            log = string.Join('\n', new[] { Text(errors), Text(info) }.Where(t => t.Length > 0));
            return result;
        }
    }

    public int UnloadModule(nint module) => CudaNative.cuModuleUnload(module);

    public int FindFunction(nint module, string name, out nint function) =>
        CudaNative.cuModuleGetFunction(out function, module, name);

    public int FunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value) =>
        CudaNative.cuFuncGetAttribute(out value, (int)attribute, function);

    public int SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value) =>
        CudaNative.cuFuncSetAttribute(function, (int)attribute, value);

    public int Launch(
        nint function, GridSize grid, int threads, int sharedBytes, nint stream, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> starts)
    {
        const int End = 0, BufferPointer = 1, BufferSize = 2;
        var size = (nuint)arguments.Length;
        fixed (byte* bytes = arguments)
        {
            if (starts.Length > 0)
            {
                var parameters = stackalloc void*[starts.Length];
                for (var i = 0; i < starts.Length; i++)
                {
                    parameters[i] = bytes + starts[i];
                }

                return CudaNative.cuLaunchKernel(
                    function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)threads, 1, 1, (uint)sharedBytes, stream, parameters, null);
            }

            var extra = stackalloc nint[] { BufferPointer, (nint)bytes, BufferSize, (nint)(&size), End };
            return CudaNative.cuLaunchKernel(
                function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)threads, 1, 1, (uint)sharedBytes, stream, null, extra);
        }
    }

    public int EncodeTensorMap(in PtxTensorMap tensor, Span<byte> map)
    {
        ulong* sizes = stackalloc ulong[PtxTensorMap.MaxRank], strides = stackalloc ulong[PtxTensorMap.MaxRank];
        uint* box = stackalloc uint[PtxTensorMap.MaxRank], steps = stackalloc uint[PtxTensorMap.MaxRank];
        for (var i = 0; i < tensor.Rank; i++)
        {
            (sizes[i], box[i], steps[i]) = ((ulong)tensor.Size(i), (uint)tensor.Box(i), 1);
            strides[Math.Max(0, i - 1)] = (ulong)tensor.Stride(i);
        }

        // The driver wants its own alignment while it writes; what it wrote can be moved.
        var aligned = stackalloc byte[PtxTensorMap.Bytes + PtxTensorMap.Alignment];
        aligned += PtxTensorMap.Alignment - ((long)aligned % PtxTensorMap.Alignment);
        var result = CudaNative.cuTensorMapEncodeTiled(
            aligned, TensorMapType(tensor.ElementBytes), (uint)tensor.Rank, (void*)tensor.Address, sizes, strides, box, steps,
            interleave: 0, TensorMapSwizzle(tensor.Swizzle), promotion: Promote256, fill: 0);
        new ReadOnlySpan<byte>(aligned, PtxTensorMap.Bytes).CopyTo(map);
        return result;
    }

    public int CreateEvent(out nint @event) => CudaNative.cuEventCreate(out @event, 0);

    public int RecordEvent(nint @event, nint stream) => CudaNative.cuEventRecord(@event, stream);

    public int ElapsedMilliseconds(nint start, nint end, out float milliseconds)
    {
        milliseconds = 0;
        var result = CudaNative.cuEventSynchronize(end);
        return result == 0 ? CudaNative.cuEventElapsedTime(out milliseconds, start, end) : result;
    }

    public int DestroyEvent(nint @event) => CudaNative.cuEventDestroy_v2(@event);

    public int BeginCapture(nint stream) => CudaNative.cuStreamBeginCapture_v2(stream, ThreadLocalCapture);

    public int EndCapture(nint stream, out nint graph) => CudaNative.cuStreamEndCapture(stream, out graph);

    public int Instantiate(nint graph, out nint executable) =>
        CudaNative.cuGraphInstantiateWithFlags(out executable, graph, 0);

    public int LaunchGraph(nint executable, nint stream) => CudaNative.cuGraphLaunch(executable, stream);

    public int DestroyGraph(nint graph) => CudaNative.cuGraphDestroy(graph);

    public int DestroyExecutable(nint executable) => CudaNative.cuGraphExecDestroy(executable);

    /// <summary>Integers of the size: copies move bits.</summary>
    private static int TensorMapType(int elementBytes) => elementBytes switch { 1 => 0, 2 => 1, 4 => 2, _ => 4 };

    private static int TensorMapSwizzle(PtxSwizzle swizzle) => swizzle switch
    {
        PtxSwizzle.Bytes32 => 1,
        PtxSwizzle.Bytes64 => 2,
        PtxSwizzle.Bytes128 => 3,
        _ => 0,
    };

    private static string Text(byte[] log) => Encoding.UTF8.GetString(log).TrimEnd('\0').Trim();
}
