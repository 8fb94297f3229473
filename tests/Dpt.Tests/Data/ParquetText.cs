using System.Text;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Parquet files by the letter of the format, for what no library writes.</summary>
internal static class ParquetText
{
    /// <summary>A column <c>image.bytes</c> and one <c>label</c>, both required, in one group of rows.</summary>
    /// <param name="rows">Rows that it claims.</param>
    /// <param name="images">Pages of the images.</param>
    /// <param name="labels">Pages of the labels.</param>
    /// <param name="codec">How they are compressed.</param>
    public static byte[] File(long rows, byte[] images, byte[] labels, long codec = 0)
    {
        byte[][] schema =
        [
            Struct((4, "schema"), (5, 2L)), Struct((3, 0L), (4, "image"), (5, 1L)), Struct((1, 6L), (3, 0L), (4, "bytes")),
            Struct((1, 2L), (3, 0L), (4, "label")),
        ];
        byte[][] columns = [Column(["image", "bytes"], 4, images.Length, codec), Column(["label"], 4 + images.Length, labels.Length, codec)];
        return Whole([.. images, .. labels], Struct((1, 1L), (2, schema), (3, rows), (4, new[] { Struct((1, columns), (3, rows)) })));
    }

    /// <summary>Pages and what the file says of itself.</summary>
    public static byte[] Whole(byte[] pages, byte[] description) =>
        [.. "PAR1"u8, .. pages, .. description, .. BitConverter.GetBytes(description.Length), .. "PAR1"u8];

    /// <summary>A page of plain values.</summary>
    public static byte[] Page(byte[] packed, long length, long count, long encoding = 0) =>
        [.. Struct((1, 0L), (2, length), (3, (long)packed.Length), (5, new Nested(Struct((1, count), (2, encoding))))), .. packed];

    /// <summary>A page of plain values in the second version, which does not say whether they are compressed.</summary>
    public static byte[] PageOfSecondVersion(byte[] packed, long length, long count) =>
    [
        .. Struct(
            (1, 3L), (2, length), (3, (long)packed.Length), (8, new Nested(Struct((1, count), (2, 0L), (3, count), (4, 0L), (5, 0L), (6, 0L))))),
        .. packed,
    ];

    /// <summary>A page with a dictionary.</summary>
    public static byte[] Dictionary(byte[] packed, long length, long count) =>
        [.. Struct((1, 2L), (2, length), (3, (long)packed.Length), (7, new Nested(Struct((1, count), (2, 0L))))), .. packed];

    /// <summary>A structure of Thrift's compact protocol.</summary>
    public static byte[] Struct(params ReadOnlySpan<(int Number, object Value)> fields)
    {
        var bytes = new List<byte>();
        foreach (var (number, value) in fields)
        {
            var (type, content) = Value(value);
            bytes.AddRange([type, .. Varint((ulong)number * 2), .. content]);
        }

        return [.. bytes, 0];
    }

    /// <summary>An integer of seven bits a byte.</summary>
    public static byte[] Varint(ulong value) => value < 128 ? [(byte)value] : [(byte)(value | 128), .. Varint(value >> 7)];

    private static byte[] Column(string[] path, long at, long length, long codec) => Struct(
        (2, at), (3, new Nested(Struct((3, path), (4, codec), (7, length), (9, at)))));

    private static (byte Type, byte[] Content) Value(object value) => value switch
    {
        long number => (6, Varint(((ulong)number << 1) ^ (ulong)(number >> 63))),
        string text => (8, [.. Varint((ulong)text.Length), .. Encoding.UTF8.GetBytes(text)]),
        Nested inner => (12, inner.Bytes),
        byte[][] structs => (9, List(12, structs)),
        string[] texts => (9, List(8, Array.ConvertAll(texts, text => Value(text).Content))),
        _ => throw new ArgumentException($"{value}"),
    };

    private static byte[] List(byte type, byte[][] items) => [(byte)(0xf0 | type), .. Varint((ulong)items.Length), .. items.SelectMany(item => item)];

    private sealed record Nested(byte[] Bytes);
}
