using System.Runtime.InteropServices;
using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>
/// Writes what an autoencoder says of the images of a set into one safetensors file that may take days: <c>labels</c>, int64 [N];
/// <c>moments</c>, float32 [N, ...], of image after image; <c>names</c>, if the images have some, UTF-8 with a zero byte between. The file
/// grows beside its place, as NAME.partial, and gets its name when it is whole.
/// </summary>
/// <remarks>What was interrupted goes on behind its last whole image, if its beginning, with all that decides the numbers, is the same.</remarks>
internal static class LatentFile
{
    public const string Moments = "moments", Labels = "labels", Names = "names";

    /// <summary>An image and its mirrored copy.</summary>
    public const int Views = 2;

    /// <summary>What its metadata say of its numbers: the hash of the autoencoder, that of the images, and what computed products.</summary>
    public const string Autoencoder = "autoencoder", Images = "images", Precision = "precision";

    /// <summary>Writes the file, or goes on with it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="images">Whose moments they are.</param>
    /// <param name="origin">What decides the numbers, for the file's metadata; the precision among it.</param>
    /// <param name="row">Sizes of what is written of an image.</param>
    /// <param name="pieces">The numbers of some images: from the first that is asked for to the last of all, one piece after the other.</param>
    /// <returns>How many images were there already.</returns>
    /// <exception cref="DptException">
    /// Usage: it was begun in another precision, and its two parts would not be of one kind. Environment: the file cannot be written, or somebody
    /// else is writing it.
    /// </exception>
    public static int Write(
        string path, ImageDataset images, IReadOnlyDictionary<string, string> origin, int[] row, Func<int, IEnumerable<float[]>> pieces)
    {
        var aside = path + ".partial";
        var bytesOfRow = row.Aggregate((long)sizeof(float), (product, size) => product * size);
        try
        {
            int done;
            using (var file = new FileStream(aside, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            {
                var (beginning, end) = Around(images, origin, row);
                RequireSamePrecision(file, images, origin, row);
                done = Rows(file, beginning, bytesOfRow, images.Count);
                file.SetLength(beginning.Length + (done * bytesOfRow));
                file.Position = 0;
                file.Write(beginning);
                file.Position = file.Length;
                foreach (var piece in pieces(done))
                {
                    file.Write(MemoryMarshal.AsBytes(piece.AsSpan()));
                    file.Flush(flushToDisk: true);
                }

                file.Write(end);
                file.Flush(flushToDisk: true);
            }

            File.Move(aside, path);
            AtomicFile.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return done;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{path}': {error.Message}", error);
        }
    }

    /// <summary>What of the file lies in front of the moments, and what behind them.</summary>
    private static (byte[] Beginning, byte[] End) Around(ImageDataset images, IReadOnlyDictionary<string, string> origin, int[] row)
    {
        var writer = new SafeTensorsWriter();
        using var content = new MemoryStream();
        var start = 0;
        writer.Add(Labels, Array.ConvertAll(images.Labels, label => (long)label));
        writer.Add(Moments, [images.Count, .. row], _ => start = (int)content.Length);
        if (images.FileNames is { } names)
        {
            var text = Encoding.UTF8.GetBytes(string.Join('\0', names));
            writer.Add(Names, [text.Length], text);
        }

        foreach (var (name, value) in origin)
        {
            writer.Metadata[name] = value;
        }

        writer.Write(content);
        var bytes = content.ToArray();
        return (bytes[..start], bytes[start..]);
    }

    /// <summary>What took days in another precision is neither gone on with, nor thrown away unasked.</summary>
    private static void RequireSamePrecision(FileStream file, ImageDataset images, IReadOnlyDictionary<string, string> origin, int[] row)
    {
        foreach (var other in Enum.GetNames<Kernels.Precision>().Select(name => name.ToLowerInvariant()).Where(other => other != origin[Precision]))
        {
            var (beginning, _) = Around(images, new Dictionary<string, string>(origin) { [Precision] = other }, row);
            Usage.Require(
                !BeginsWith(file, beginning),
                $"'{file.Name}' was begun with --precision {other}, now it is {origin[Precision]}: go on as it was begun, or remove it");
        }
    }

    /// <summary>Whole rows that a file has behind the beginning that it should have; none if it has another.</summary>
    private static int Rows(FileStream file, byte[] beginning, long bytesOfRow, int most) =>
        BeginsWith(file, beginning) ? (int)Math.Min(most, (file.Length - beginning.Length) / bytesOfRow) : 0;

    private static bool BeginsWith(FileStream file, byte[] beginning)
    {
        var there = new byte[beginning.Length];
        file.Position = 0;
        return file.ReadAtLeast(there, there.Length, throwOnEndOfStream: false) == there.Length && there.AsSpan().SequenceEqual(beginning);
    }
}
