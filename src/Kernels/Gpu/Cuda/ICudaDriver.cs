namespace DPT.Engine.Kernels;

/// <summary>
/// The calls of the CUDA driver that the engine makes, each with the driver's result code: 0 for success. Behind an
/// interface so that what <see cref="CudaDevice"/> asks for can be tested without a GPU.
/// </summary>
/// <remarks>
/// These calls are bound here rather than through ILGPU's accelerator: that one compiles, loads and caches kernels of its
/// own, unloads modules from finalizers, cannot raise the limit of dynamic shared memory nor capture graphs, and would own
/// the context and a memory cache beside <see cref="DeviceMemory"/>.
/// </remarks>
internal unsafe interface ICudaDriver
{
    /// <summary>Name and description of a result code.</summary>
    string Describe(int result);

    int Initialise();

    int Version(out int version);

    int CountDevices(out int count);

    int NameOf(int device, out string name);

    int Attribute(int device, CudaAttribute attribute, out int value);

    int TotalMemory(int device, out long bytes);

    int RetainContext(int device, out nint context);

    int ReleaseContext(int device);

    int SetContext(nint context);

    int CreateStream(out nint stream);

    int DestroyStream(nint stream);

    int Synchronise(nint stream);

    int Allocate(long bytes, out nint address);

    int Free(nint address);

    int CopyIn(nint to, void* from, long bytes, nint stream);

    int CopyOut(void* to, nint from, long bytes, nint stream);

    int Copy(nint to, nint from, long bytes, nint stream);

    int Fill(nint address, byte value, long bytes, nint stream);

    /// <summary>Loads PTX, which it compiles, or a cubin; the log says what the driver's compiler said.</summary>
    int LoadModule(ReadOnlySpan<byte> image, out nint module, out string log);

    int UnloadModule(nint module);

    int FindFunction(nint module, string name, out nint function);

    int FunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value);

    int SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value);

    /// <summary>Launches a kernel.</summary>
    /// <param name="function">The kernel.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    /// <param name="stream">Where it runs.</param>
    /// <param name="arguments">The parameters' bytes, laid out as a C struct.</param>
    /// <param name="starts">Where each parameter starts, to give them one by one; empty to give them as they lie.</param>
    int Launch(
        nint function, GridSize grid, int threads, int sharedBytes, nint stream, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> starts);

    /// <summary>Writes the 128 bytes that stand for a tensor and its boxes.</summary>
    int EncodeTensorMap(in PtxTensorMap tensor, Span<byte> map);

    int CreateEvent(out nint @event);

    int RecordEvent(nint @event, nint stream);

    int ElapsedMilliseconds(nint start, nint end, out float milliseconds);

    int DestroyEvent(nint @event);

    int BeginCapture(nint stream);

    int EndCapture(nint stream, out nint graph);

    int Instantiate(nint graph, out nint executable);

    int LaunchGraph(nint executable, nint stream);

    int DestroyGraph(nint graph);

    int DestroyExecutable(nint executable);
}

/// <summary>What can be asked of a device, with the driver's numbers.</summary>
internal enum CudaAttribute
{
    /// <summary>In kilohertz.</summary>
    ClockRate = 13,

    Multiprocessors = 16,

    /// <summary>In bytes.</summary>
    SecondLevelCache = 38,

    ComputeCapabilityMajor = 75,

    ComputeCapabilityMinor = 76,

    /// <summary>Bytes of shared memory that a block may have if its kernel asks for them.</summary>
    MaxSharedMemory = 97,
}

/// <summary>What can be asked of a loaded kernel, with the driver's numbers.</summary>
internal enum CudaFunctionAttribute
{
    MaxThreads = 0,

    StaticSharedBytes = 1,

    LocalBytes = 3,

    Registers = 4,

    /// <summary>May be raised above 48 KiB.</summary>
    MaxDynamicSharedBytes = 8,
}
