using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// In Debug builds: what a launch on the host may touch, its operands and its scratch memory, each to the byte. Vectors that are
/// loaded or stored anywhere else, and the ranges that kernels of plain loops name, are an error that says by how much. Release
/// builds have nothing of it.
/// </summary>
/// <remarks>
/// Operands may lie side by side in one buffer, where no guard band and no operating system sees a kernel that runs over an end.
/// Launches on several devices at a time may touch each other's memory unseen.
/// </remarks>
internal static unsafe class HostBounds
{
    /// <summary>Kernels keep small buffers on the stack, not far above the frame that checks.</summary>
    private const long StackBytes = 1 << 20;

    private static readonly Lock Changing = new();
    private static volatile Range[] _allowed = [];

    [ThreadStatic]
    private static Launch? _launch;

    /// <summary>From now on this thread launches a call: its operands may be touched.</summary>
    [Conditional("DEBUG")]
    public static void Begin<TCall>(string variant, in TCall call) where TCall : struct, IKernelCall
    {
        _launch = new Launch(variant, _launch);
        foreach (var property in typeof(TCall).GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            if (property.PropertyType is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Slice<>))
            {
                var slice = property.GetValue(call)!;
                var length = (long)type.GetProperty(nameof(Slice<byte>.Length))!.GetValue(slice)!;
                var address = (nint)type.GetProperty(nameof(Slice<byte>.Address))!.GetValue(slice)!;
                Allow(property.Name, address, length * SizeOf(type.GetGenericArguments()[0]));
            }
        }
    }

    /// <summary>Scratch memory of the launch of this thread, if there is one.</summary>
    [Conditional("DEBUG")]
    public static void AllowScratch(nint address, long bytes)
    {
        if (_launch is not null)
        {
            Allow("scratch memory", address, bytes);
        }
    }

    /// <summary>Data of the program, which any kernel may read.</summary>
    [Conditional("DEBUG")]
    public static void AllowConstant(void* address, long bytes)
    {
        if (Find((nint)address, bytes) is null)
        {
            Add(new Range(null, "a constant", (nint)address, bytes));
        }
    }

    /// <summary>The launch of this thread is over.</summary>
    [Conditional("DEBUG")]
    public static void End()
    {
        lock (Changing)
        {
            _allowed = [.. _allowed.Where(range => range.Launch is null || range.Launch != _launch)];
        }

        _launch = _launch?.Within;
    }

    /// <summary>Throws if a kernel touches what is not its own.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="count">Number of elements.</param>
    /// <exception cref="KernelException">Not all of them are in one operand or one piece of scratch memory.</exception>
    [Conditional("DEBUG")]
    public static void Check<T>(T* address, long count) where T : unmanaged
    {
        var bytes = count * sizeof(T);
        byte here;
        var aboveStack = (nint)address - (nint)(&here);
        if (_allowed.Any(range => range.Launch is not null) && bytes > 0 && aboveStack is not (>= 0 and < (nint)StackBytes)
            && Find((nint)address, bytes) is null)
        {
            throw new KernelException(Describe((nint)address, bytes));
        }
    }

    private static void Allow(string name, nint address, long bytes)
    {
        if (bytes > 0)
        {
            Add(new Range(_launch, name, address, bytes));
        }
    }

    private static void Add(Range range)
    {
        lock (Changing)
        {
            _allowed = [.. _allowed, range];
        }
    }

    private static Range? Find(nint address, long bytes) =>
        Array.Find(_allowed, range => address >= range.Address && address + bytes <= range.Address + range.Bytes);

    private static string Describe(nint address, long bytes)
    {
        var near = _allowed.Where(range => range.Launch is not null)
            .MinBy(range => Math.Min(Math.Abs(range.Address - address), Math.Abs(range.Address + range.Bytes - address)))!;
        return $"{near.Launch!.Variant} touches {bytes} bytes that are no operand's, {address - near.Address} bytes behind the start of "
            + $"{near.Name}, which has {near.Bytes}";
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    /// <param name="variant">What runs.</param>
    /// <param name="within">The launch that this one is a part of; null if it stands alone.</param>
    private sealed class Launch(string variant, Launch? within)
    {
        public string Variant => variant;

        public Launch? Within => within;
    }

    /// <param name="Launch">Whose it is; null for everybody's.</param>
    /// <param name="Name">The operand.</param>
    /// <param name="Address">First byte.</param>
    /// <param name="Bytes">Number of bytes.</param>
    private sealed record Range(Launch? Launch, string Name, nint Address, long Bytes);
}
