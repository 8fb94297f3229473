using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// A driver that computes nothing: memory is memory of this process, every call is recorded, and every handle that was
/// made must be given back. Any call can be told to fail.
/// </summary>
internal sealed unsafe class FakeCudaDriver : ICudaDriver
{
    private readonly Dictionary<nint, string> _handles = [];
    private nint _next = 100;

    public List<string> Calls { get; } = [];

    /// <summary>Call that fails, with its result code.</summary>
    public (string Call, int Result)? Failing { get; set; }

    public Dictionary<CudaAttribute, int> Attributes { get; } = new()
    {
        [CudaAttribute.ComputeCapabilityMajor] = 9,
        [CudaAttribute.ComputeCapabilityMinor] = 0,
        [CudaAttribute.MaxSharedMemory] = 227 * 1024,
        [CudaAttribute.SecondLevelCache] = 50 << 20,
    };

    public Dictionary<CudaFunctionAttribute, int> FunctionAttributes { get; } = new()
    {
        [CudaFunctionAttribute.MaxThreads] = 1024,
        [CudaFunctionAttribute.Registers] = 40,
        [CudaFunctionAttribute.LocalBytes] = 0,
        [CudaFunctionAttribute.StaticSharedBytes] = 1024,
    };

    public int Devices { get; set; } = 1;

    public string Log { get; set; } = "";

    /// <summary>What was loaded last, PTX or a cubin.</summary>
    public string LoadedText { get; private set; } = "";

    /// <summary>Result code for images that begin as cubins do.</summary>
    public int CubinResult { get; set; }

    public byte[] Arguments { get; private set; } = [];

    public int[] Starts { get; private set; } = [];

    /// <summary>What was made and not given back.</summary>
    public IEnumerable<string> Leaks => _handles.Values;

    public string Describe(int result) => $"CUDA_ERROR_{result} (described)";

    public int Initialise() => Call();

    public int Version(out int version)
    {
        version = 13000;
        return Call();
    }

    public int CountDevices(out int count)
    {
        count = Devices;
        return Call();
    }

    public int NameOf(int device, out string name)
    {
        name = "Fake GPU";
        return Call();
    }

    public int Attribute(int device, CudaAttribute attribute, out int value)
    {
        value = Attributes.GetValueOrDefault(attribute);
        return Call();
    }

    public int TotalMemory(int device, out long bytes)
    {
        bytes = 8L << 30;
        return Call();
    }

    public int RetainContext(int device, out nint context)
    {
        var result = Call();
        context = 1;
        if (result == 0)
        {
            _handles[context] = "context";
        }

        return result;
    }

    public int ReleaseContext(int device)
    {
        _handles.Remove(1);
        return Call();
    }

    public int SetContext(nint context) => Failing?.Call == nameof(SetContext) ? Failing.Value.Result : 0;

    public int CreateStream(out nint stream) => Make("stream", out stream);

    public int DestroyStream(nint stream) => Drop(stream);

    public int Synchronise(nint stream) => Call();

    public int Allocate(long bytes, out nint address)
    {
        address = 0;
        var result = Call();
        if (result == 0)
        {
            _handles[address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256)] = "memory";
        }

        return result;
    }

    public int Free(nint address)
    {
        NativeMemory.AlignedFree((void*)address);
        return Drop(address);
    }

    public int CopyIn(nint to, void* from, long bytes, nint stream) => Move((void*)to, from, bytes);

    public int CopyOut(void* to, nint from, long bytes, nint stream) => Move(to, (void*)from, bytes);

    public int Copy(nint to, nint from, long bytes, nint stream) => Move((void*)to, (void*)from, bytes);

    public int Fill(nint address, byte value, long bytes, nint stream)
    {
        NativeMemory.Fill((void*)address, (nuint)bytes, value);
        return Call();
    }

    public int LoadModule(ReadOnlySpan<byte> image, out nint module, out string log)
    {
        (LoadedText, log, module) = (Encoding.UTF8.GetString(image).TrimEnd('\0'), Log, 0);
        return image.StartsWith("\u007fELF"u8) && CubinResult != 0 ? CubinResult : Make("module", out module);
    }

    public int UnloadModule(nint module) => Drop(module);

    public int FindFunction(nint module, string name, out nint function)
    {
        function = 7;
        return Call(name);
    }

    public int FunctionAttribute(nint function, CudaFunctionAttribute attribute, out int value)
    {
        value = FunctionAttributes.GetValueOrDefault(attribute);
        return Call();
    }

    public int SetFunctionAttribute(nint function, CudaFunctionAttribute attribute, int value) => Call($"{attribute} {value}");

    public int Launch(
        nint function, GridSize grid, int threads, int sharedBytes, nint stream, ReadOnlySpan<byte> arguments, ReadOnlySpan<int> starts)
    {
        Arguments = arguments.ToArray();
        Starts = starts.ToArray();
        return Call($"{grid} {threads} {sharedBytes}");
    }

    public int EncodeTensorMap(in PtxTensorMap tensor, Span<byte> map)
    {
        tensor.Encode(map);
        return Call($"{tensor.Rank}");
    }

    public int CreateEvent(out nint @event) => Make("event", out @event);

    public int RecordEvent(nint @event, nint stream) => Call();

    public int ElapsedMilliseconds(nint start, nint end, out float milliseconds)
    {
        milliseconds = 12.5f;
        return Call();
    }

    public int DestroyEvent(nint @event) => Drop(@event);

    public int BeginCapture(nint stream) => Call();

    public int EndCapture(nint stream, out nint graph) => Make("graph", out graph);

    public int Instantiate(nint graph, out nint executable) => Make("executable", out executable);

    public int LaunchGraph(nint executable, nint stream) => Call();

    public int DestroyGraph(nint graph) => Drop(graph);

    public int DestroyExecutable(nint executable) => Drop(executable);

    private int Make(string what, out nint handle, [CallerMemberName] string call = "")
    {
        handle = 0;
        var result = Call("", call);
        if (result == 0)
        {
            _handles[handle = _next++] = what;
        }

        return result;
    }

    private int Drop(nint handle, [CallerMemberName] string call = "")
    {
        Assert.That(_handles.Remove(handle), $"{call} of something that was not made or is gone");
        return Call("", call);
    }

    private int Move(void* to, void* from, long bytes, [CallerMemberName] string call = "")
    {
        NativeMemory.Copy(from, to, (nuint)bytes);
        return Call("", call);
    }

    private int Call(string detail = "", [CallerMemberName] string call = "")
    {
        Calls.Add(detail.Length > 0 ? $"{call} {detail}" : call);
        return Failing is { } failing && failing.Call == call ? failing.Result : 0;
    }
}
