using System.Buffers.Binary;

namespace DPT.Engine.Dpt;

/// <summary>A kind of image file: how such files are named, and how their content begins.</summary>
internal sealed class ImageKind
{
    /// <summary>As many bytes from the beginning of a file are enough to know its kind.</summary>
    public const int HeadBytes = 18;

    private static readonly ImageKind[] _all =
    [
        new("PNG", [".png"], head => head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])),
        new("JPEG", [".jpg", ".jpeg", ".jpe", ".jfif"], head => head.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff])),
        new("WebP", [".webp"], head => head.StartsWith("RIFF"u8) && head[8..].StartsWith("WEBP"u8)),
        new("BMP", [".bmp", ".dib"], head => head.StartsWith("BM"u8) && IsBitmapHeader(head[14..])),
        new("GIF", [".gif"], head => head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8)),
    ];

    private readonly string[] _extensions;
    private readonly Func<ReadOnlySpan<byte>, bool> _begins;

    private ImageKind(string name, string[] extensions, Func<ReadOnlySpan<byte>, bool> begins)
    {
        Name = name;
        _extensions = extensions;
        _begins = begins;
    }

    /// <summary>Names of all kinds, for a message.</summary>
    public static string Names { get; } = string.Join(", ", _all[..^1].Select(kind => kind.Name)) + " or " + _all[^1].Name;

    /// <summary>Name for people.</summary>
    public string Name { get; }

    /// <summary>The kind that a file's name promises; null if none.</summary>
    public static ImageKind? OfName(string path) => Array.Find(
        _all, kind => kind._extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase));

    /// <summary>The kind of a file with this beginning; null if none.</summary>
    public static ImageKind? OfContent(ReadOnlySpan<byte> beginning)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        beginning[..Math.Min(HeadBytes, beginning.Length)].CopyTo(head);
        foreach (var kind in _all)
        {
            if (kind._begins(head))
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>Two letters begin many a text: a bitmap has the size of one of its headers behind them.</summary>
    private static bool IsBitmapHeader(ReadOnlySpan<byte> size) =>
        BinaryPrimitives.ReadInt32LittleEndian(size) is 12 or 16 or 40 or 52 or 56 or 64 or 108 or 124;
}
