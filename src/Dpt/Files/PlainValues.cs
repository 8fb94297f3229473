using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>Reads so many values that stand one after the other.</summary>
/// <exception cref="EndOfStreamException">There are fewer.</exception>
internal delegate T[] PlainDecoder<T>(ReadOnlyMemory<byte> content, int count);

/// <summary>Values as Parquet stores them where it does not pack them.</summary>
internal static class PlainValues
{
    public static long[] Int32(ReadOnlyMemory<byte> content, int count) =>
        Fixed(content.Span, count, sizeof(int), bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes));

    public static long[] Int64(ReadOnlyMemory<byte> content, int count) =>
        Fixed(content.Span, count, sizeof(long), bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes));

    /// <summary>Strings of bytes, each behind its length; they stay where they are.</summary>
    public static ReadOnlyMemory<byte>[] Bytes(ReadOnlyMemory<byte> content, int count)
    {
        RequireRoom(content.Span, count, sizeof(int));
        var values = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            RequireRoom(content.Span, 1, sizeof(int));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(content.Span);
            content = content[sizeof(int)..];
            RequireRoom(content.Span, length, 1);
            values[i] = content[..(int)length];
            content = content[(int)length..];
        }

        return values;
    }

    private static long[] Fixed(ReadOnlySpan<byte> content, int count, int size, Func<ReadOnlySpan<byte>, long> read)
    {
        RequireRoom(content, count, size);
        var values = new long[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = read(content.Slice(size * i, size));
        }

        return values;
    }

    private static void RequireRoom(ReadOnlySpan<byte> content, long count, int size)
    {
        if (content.Length < count * size)
        {
            throw new EndOfStreamException();
        }
    }
}
