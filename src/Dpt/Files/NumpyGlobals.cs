using System.Buffers.Binary;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>The names that pickles of NumPy's arrays and scalars use.</summary>
internal static class NumpyGlobals
{
    /// <summary>Those of scalars.</summary>
    public static IReadOnlyList<PickleGlobal> Scalars { get; } =
    [
        new("_codecs.encode", Encode),
        new("numpy.dtype", arguments => arguments is [string name, ..] ? new NumpyType(name) : throw PickleGlobals.Odd("a type of NumPy")),
        new("numpy.core.multiarray.scalar", Scalar),
        new("numpy._core.multiarray.scalar", Scalar),
    ];

    /// <summary>Those of arrays.</summary>
    public static IReadOnlyList<PickleGlobal> Arrays { get; } =
    [
        new("numpy.ndarray", _ => throw PickleGlobals.Odd("numpy.ndarray")),
        new("numpy.core.multiarray._reconstruct", NumpyArray.Reconstruct),
        new("numpy._core.multiarray._reconstruct", NumpyArray.Reconstruct),
        new("numpy.core.numeric._frombuffer", NumpyArray.FromBuffer),
        new("numpy._core.numeric._frombuffer", NumpyArray.FromBuffer),
    ];

    /// <summary>How Python 3 writes bytes where the protocol has none.</summary>
    private static object? Encode(object?[] arguments) => arguments is [string text, "latin1"] && text.All(c => c <= byte.MaxValue)
        ? Encoding.Latin1.GetBytes(text)
        : throw PickleGlobals.Odd("bytes");

    private static object? Scalar(object?[] arguments) => arguments is [NumpyType type, byte[] bytes]
        ? type.Read(bytes)
        : throw PickleGlobals.Odd("a scalar of NumPy");
}

/// <summary>A type of NumPy's elements.</summary>
/// <param name="name">As NumPy writes it: <c>u1</c>, <c>i8</c>, <c>f4</c>, ...</param>
internal sealed class NumpyType(string name) : IPickled
{
    /// <inheritdoc/>
    public string Kind => "a type of NumPy";

    /// <summary>As headers of <c>.npy</c> have it: <c>&lt;i8</c>, and <c>|u1</c> for single bytes.</summary>
    public string Descriptor { get; private set; } = (name is "u1" or "i1" or "b1" ? "|" : "<") + name;

    /// <summary>Its attributes are a version, the order of bytes, and what only types of several parts have.</summary>
    public void Build(object? state) => Descriptor = state is object?[] and [long, ("<" or "|" or ">") and var order, ..]
        ? order + name
        : throw PickleGlobals.Odd(Kind);

    /// <summary>An element.</summary>
    public object Read(byte[] bytes) => (Descriptor, bytes.Length) switch
    {
        ("<f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        ("<f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        ("<i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ("<i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ("|b1", 1) => bytes[0] != 0,
        _ => throw PickleGlobals.Odd($"NumPy's {OneLine.Start(Descriptor)} of {bytes.Length} bytes"),
    };
}
