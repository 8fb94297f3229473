using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>The pages of a column in a group of rows, in their order.</summary>
/// <param name="content">All of them; a page is a description and what it describes.</param>
/// <param name="codec">How they are compressed.</param>
/// <param name="depth">Of how many levels a value may be missing.</param>
/// <param name="plain">Reads values that are not packed.</param>
internal sealed class ParquetPages<T>(ReadOnlyMemory<byte> content, long codec, int depth, PlainDecoder<T> plain)
    where T : struct
{
    private const long LargestColumn = 1 << 30;

    /// <summary>Labels that repeat themselves become very little, and even unpacked are not much.</summary>
    private const long AlwaysAllowed = 1 << 24;

    /// <summary>Images are packed already.</summary>
    private const long MostUnpacking = 200;

    private readonly ThriftReader _pages = new(content);
    private long _room = Math.Clamp(MostUnpacking * content.Length, AlwaysAllowed, LargestColumn);
    private T[]? _dictionary;

    /// <summary>A value for each row, null where none is there.</summary>
    /// <exception cref="InvalidDataException">They are damaged, or packed in a way that is not read.</exception>
    /// <exception cref="EndOfStreamException">There are fewer.</exception>
    public T?[] Read(int rows)
    {
        var values = new T?[rows];
        for (var done = 0; done < rows;)
        {
            done += ReadPage(values.AsSpan(done));
        }

        return values;
    }

    /// <summary>Reads a page.</summary>
    /// <returns>For how many rows it has values.</returns>
    private int ReadPage(Span<T?> rows)
    {
        var header = ThriftStruct.Read(_pages);
        var packed = _pages.Take((ulong)header.Count(3));
        var length = header.Count(2);
        _room -= length;
        if (_room < 0)
        {
            throw new InvalidDataException($"it unpacks into more than {MostUnpacking} times its size, or into more than {LargestColumn} bytes");
        }

        switch (header.Get<long>(1))
        {
            case 0:
                var page = header.Get<ThriftStruct>(5);
                return ReadValues(rows, page.Count(1), page.Get<long>(2), PageCompression.Unpack(codec, packed, length));
            case 2:
                _dictionary = plain(PageCompression.Unpack(codec, packed, length), header.Get<ThriftStruct>(7).Count(1));
                return 0;
            case 3:
                return ReadSecondVersion(rows, header.Get<ThriftStruct>(8), packed, length);
            default:
                return 0;
        }
    }

    /// <summary>In the first version levels lie behind their length, among what is compressed.</summary>
    private int ReadValues(Span<T?> rows, int count, long encoding, ReadOnlyMemory<byte> page)
    {
        if (depth == 0)
        {
            Fill(Of(rows, count), [], encoding, page);
            return count;
        }

        var reader = new ThriftReader(page);
        var levels = reader.Take(BinaryPrimitives.ReadUInt32LittleEndian(reader.Take(sizeof(int)).Span));
        Fill(Of(rows, count), levels.Span, encoding, reader.Rest);
        return count;
    }

    /// <summary>In the second their lengths are in the description, and values alone are compressed.</summary>
    private int ReadSecondVersion(Span<T?> rows, ThriftStruct page, ReadOnlyMemory<byte> packed, int length)
    {
        var reader = new ThriftReader(packed);
        var levels = reader.Take((ulong)page.Count(5));
        var values = page.Get(7, otherwise: true) ? PageCompression.Unpack(codec, reader.Rest, length - levels.Length) : reader.Rest;
        Fill(Of(rows, page.Count(1)), levels.Span, page.Get<long>(4), values);
        return page.Count(1);
    }

    private static Span<T?> Of(Span<T?> rows, int count) =>
        count <= rows.Length ? rows[..count] : throw new InvalidDataException($"a page has {count} values, {rows.Length} rows are left");

    private void Fill(Span<T?> rows, ReadOnlySpan<byte> packedLevels, long encoding, ReadOnlyMemory<byte> page)
    {
        var levels = new int[rows.Length];
        if (depth > 0)
        {
            RunLengths.Unpack(packedLevels, RunLengths.Width(depth), levels);
        }

        var present = levels.AsSpan().Count(depth);
        var values = encoding switch
        {
            0 => plain(page, present),
            2 or 8 => FromDictionary(page, present),
            _ => throw new InvalidDataException($"its values are packed in way {encoding} of Parquet, which is not read"),
        };
        var next = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = levels[i] == depth ? values[next++] : null;
        }
    }

    private T[] FromDictionary(ReadOnlyMemory<byte> page, int count)
    {
        var dictionary = _dictionary ?? throw new InvalidDataException("its values refer to a dictionary that is not there");
        var places = new int[count];
        if (count > 0)
        {
            var reader = new ThriftReader(page);
            var width = reader.Byte();
            RunLengths.Unpack(reader.Rest.Span, width, places);
        }

        return Array.ConvertAll(places, place => place < dictionary.Length
            ? dictionary[place]
            : throw new InvalidDataException($"value {place} of a dictionary of {dictionary.Length} is asked for"));
    }
}
