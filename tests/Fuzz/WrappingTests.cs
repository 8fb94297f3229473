using System.Formats.Tar;
using System.IO.Compression;
using DPT.Engine.Dpt.Tests;

namespace Fuzz;

/// <summary>What is wrapped again can be unwrapped: its sums are right.</summary>
public sealed class WrappingTests
{
    private static readonly byte[] _content = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];

    [Test]
    public void Change_InsideGzip_Unpacks() => Assert.That(
        Changes(HostileArchives.Gzip(_content), file =>
        {
            using var packed = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
            using var content = new MemoryStream();
            packed.CopyTo(content);
            return content.ToArray();
        }),
        Has.Some.EqualTo(Changed(_content)));

    [Test]
    public void Change_InsideZip_ChangesOneEntry()
    {
        var zip = HostileArchives.Zip(("a", _content), ("b", _content));
        var entries = Changes(zip, file =>
        {
            using var archive = new ZipArchive(new MemoryStream(file));
            return archive.Entries.SelectMany(entry =>
            {
                using var content = new MemoryStream();
                using var packed = entry.Open();
                packed.CopyTo(content);
                return content.ToArray();
            }).ToArray();
        });
        Assert.That(entries, Has.Some.EqualTo(Changed(_content).Concat(_content)).And.Some.EqualTo(_content.Concat(Changed(_content))));
    }

    [Test]
    public void Change_OfTar_HasRightSums()
    {
        var names = Changes(HostileArchives.Tar(("a", _content)), file =>
        {
            using var archive = new TarReader(new MemoryStream(file));
            return archive.GetNextEntry()!.Name.Select(letter => (byte)letter).ToArray();
        });
        Assert.That(names, Has.Some.EqualTo("b"u8.ToArray()));
    }

    /// <summary>What comes of a change of the first byte, as far as it can be unwrapped.</summary>
    private static List<byte[]> Changes(byte[] file, Func<byte[], byte[]> unwrap)
    {
        var random = new Random(1);
        var changes = new List<byte[]>();
        for (var i = 0; i < 20; i++)
        {
            try
            {
                changes.Add(unwrap(Wrapping.Change(file, random, Changed)));
            }
            catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
            {
                // The wrapping itself was changed.
            }
        }

        return changes;
    }

    private static byte[] Changed(byte[] content) => [(byte)(content[0] + 1), .. content[1..]];
}
