using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>An array of NumPy in a pickle: made without elements, which its attributes then bring, or, by protocol 5, whole.</summary>
internal sealed class NumpyArray : IPickled
{
    private NpyHeader? _header;

    /// <summary>Bytes, or the text that Python 2 took for the same. Several arrays of a pickle may share it.</summary>
    private object? _content;

    /// <inheritdoc/>
    public string Kind => "an array";

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<int> Shape => Header.Shape;

    private NpyHeader Header => _header ?? throw new InvalidDataException("an array has no elements");

    /// <summary>An array that does not have its elements yet, from a type, sizes and a letter that do not count.</summary>
    public static NumpyArray Reconstruct(object?[] arguments) =>
        arguments is [PickleGlobal { Name: "numpy.ndarray" }, object?[], string or byte[]] ? new NumpyArray() : throw PickleGlobals.Odd("an array");

    /// <summary>A whole array.</summary>
    public static NumpyArray FromBuffer(object?[] arguments)
    {
        var array = new NumpyArray();
        return arguments is [byte[] content, NumpyType type, object?[] shape, ("C" or "F") and var order]
            ? array.With(shape, type, order is "F", content)
            : throw PickleGlobals.Odd(array.Kind);
    }

    /// <summary>Takes a version, sizes, the type, whether the order is Fortran's, and the elements.</summary>
    public void Build(object? state) => _ = state is object?[] and [long, object?[] shape, NumpyType type, bool isFortran, (string or byte[]) and var content]
        ? With(shape, type, isFortran, content)
        : throw PickleGlobals.Odd(Kind);

    /// <summary>The elements in row-major order, which must be single bytes.</summary>
    /// <exception cref="InvalidDataException">They are something else, or not as many as the sizes ask for.</exception>
    public byte[] ToBytes() => NpyElements.ToBytes(Header.Type, Content);

    /// <summary>The elements in row-major order, which must be integers.</summary>
    /// <exception cref="InvalidDataException">They are something else, or not as many as the sizes ask for.</exception>
    public long[] ToLongs() => NpyElements.ToLongs(Header.Type, Content);

    private NumpyArray With(object?[] shape, NumpyType type, bool isFortran, object content)
    {
        (_header, _content) = (NpyHeader.Of(type.Descriptor, isFortran, Array.ConvertAll(shape, Size)), content);
        return this;
    }

    private static int Size(object? size) => size is long and >= 0 and <= int.MaxValue and var number ? (int)number : throw PickleGlobals.Odd("a size");

    private byte[] Content()
    {
        var content = _content as byte[] ?? Encoding.Latin1.GetBytes((string)_content!);
        return content.Length == Header.Bytes
            ? content
            : throw new InvalidDataException($"an array of {Header.Shown} has {content.Length} bytes, not {Header.Bytes}");
    }
}
