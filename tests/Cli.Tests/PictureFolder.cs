using System.Buffers.Binary;

namespace Cli.Tests;

/// <summary>A data set of small bitmaps in folders: <c>train</c> and <c>test</c>, classes cat and dog.</summary>
internal static class PictureFolder
{
    private const int Side = 8;

    /// <summary>Writes the set; returns its folder.</summary>
    public static string Make(TemporaryFolder folder, int perClass = 6)
    {
        foreach (var (part, count) in new[] { ("train", perClass), ("test", 2) })
        {
            foreach (var (name, shade) in new[] { ("cat", 40), ("dog", 200) })
            {
                Directory.CreateDirectory(folder.File($"set/{part}/{name}"));
                for (var i = 0; i < count; i++)
                {
                    File.WriteAllBytes(folder.File($"set/{part}/{name}/{i}.bmp"), Bitmap((byte)(shade + i)));
                }
            }
        }

        return folder.File("set");
    }

    private static byte[] Bitmap(byte shade)
    {
        var file = new byte[54 + (3 * Side * Side)];
        file[0] = (byte)'B';
        file[1] = (byte)'M';
        foreach (var (at, value) in new[] { (2, file.Length), (10, 54), (14, 40), (18, Side), (22, Side) })
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        }

        (file[26], file[28]) = (1, 24);
        file.AsSpan(54).Fill(shade);
        return file;
    }
}
