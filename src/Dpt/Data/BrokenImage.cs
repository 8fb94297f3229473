using System.Text;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>An image file that cannot be read.</summary>
/// <param name="File">Path below the data set's folder, with <c>/</c>.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record BrokenImage(string File, string Reason)
{
    private const int LongestSummary = 500;
    private const int LongestName = 100;
    private const int LongestReason = 150;

    /// <inheritdoc/>
    public override string ToString() => $"{File}: {Reason}";

    /// <summary>What is wrong with an image file; null if nothing.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="read">Reads it.</param>
    internal static string? Fault(string file, Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (FileNotFoundException) when (file.Contains('\uFFFD'))
        {
            return "its name is not UTF-8; rename it";
        }
        catch (FileNotFoundException)
        {
            return "a link that leads nowhere, or a file just removed";
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }
    }

    /// <summary>The images with their reasons in one line: the first ones by name, as many as fit, the others by number.</summary>
    public static string Summary(IReadOnlyList<BrokenImage> images)
    {
        var summary = new StringBuilder();
        var named = 0;
        for (; named < images.Count && summary.Length < LongestSummary; named++)
        {
            var (file, reason) = images[named];
            summary.Append(named == 0 ? "" : "; ").Append(OneLine.Beginning(file, LongestName)).Append(": ").Append(OneLine.Beginning(reason, LongestReason));
        }

        return named < images.Count ? $"{summary}; and {images.Count - named} more" : $"{summary}";
    }

    /// <summary>Writes all of them as CSV, <c>file,reason</c>; the file appears whole or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="images">The images.</param>
    public static void Save(string path, IReadOnlyList<BrokenImage> images)
    {
        var text = new StringBuilder("file,reason\n");
        foreach (var image in images)
        {
            text.Append(CsvText.Field(image.File)).Append(',').Append(CsvText.Field(image.Reason)).Append('\n');
        }

        AtomicFile.WriteText(path, text.ToString());
    }
}
