using System.Formats.Tar;
using System.Text;

namespace DPT.Engine.Dpt;

/// <summary>The files in a tar archive, all of which are there as a whole. Nothing is unpacked, and links lead nowhere.</summary>
internal static class TarContent
{
    private const int BlockBytes = 512;

    /// <summary>Far above what the names and attributes of one file take.</summary>
    private const long LongestAttributes = 1 << 20;

    /// <summary>The regular files, in the order of the archive.</summary>
    /// <exception cref="InvalidDataException">It is damaged or forged.</exception>
    /// <exception cref="EndOfStreamException">It ends within a file.</exception>
    public static IEnumerable<TarEntry> Files(Stream file)
    {
        using var archive = new TarReader(file, leaveOpen: true);
        var end = 0L;
        while (Next(archive, file, end) is { } entry)
        {
            end = entry.DataOffset + WholeBlocks(entry.Length);
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                yield return entry;
            }
        }

        if (file.Length < end + BlockBytes)
        {
            throw new InvalidDataException("it ends within a file, or lacks the empty block at the end of an archive; it may have been cut");
        }
    }

    /// <summary>The content of a file.</summary>
    /// <param name="file">The archive.</param>
    /// <param name="entry">The file in it.</param>
    /// <param name="mostBytes">The length that makes sense for its kind.</param>
    /// <exception cref="InvalidDataException">It is longer.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(Stream file, TarEntry entry, long mostBytes)
    {
        if (entry.Length > mostBytes)
        {
            throw new InvalidDataException($"'{OneLine.Start(entry.Name)}' has {entry.Length} bytes, the limit is {mostBytes}");
        }

        var bytes = new byte[entry.Length];
        file.Position = entry.DataOffset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static TarEntry? Next(TarReader archive, Stream file, long at)
    {
        RequireShortAttributes(file, at);
        try
        {
            return archive.GetNextEntry();
        }
        catch (Exception error) when (error is InvalidOperationException or NotSupportedException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    /// <summary>Attributes and long names come before their file, as files of other types. Whoever reads them takes memory first.</summary>
    private static void RequireShortAttributes(Stream file, long at)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        var before = file.Position;
        for (file.Position = at; file.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false) == BlockBytes && (char)block[156] is 'x' or 'g' or 'L' or 'K'; file.Position = at)
        {
            var length = Octal(block[124..136]);
            if (length > LongestAttributes)
            {
                throw new InvalidDataException($"the names or attributes at byte {at} claim {length} bytes, the limit is {LongestAttributes}");
            }

            at += BlockBytes + WholeBlocks(length);
        }

        file.Position = before;
    }

    private static long Octal(ReadOnlySpan<byte> field)
    {
        var digits = Encoding.Latin1.GetString(field).Trim('\0', ' ');
        return digits.All(digit => digit is >= '0' and <= '7')
            ? digits.Aggregate(0L, (number, digit) => (8 * number) + digit - '0')
            : throw new InvalidDataException($"the length '{OneLine.Of(digits)}' is no octal number");
    }

    private static long WholeBlocks(long bytes) => (bytes + BlockBytes - 1) / BlockBytes * BlockBytes;
}
