using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace DPT.Engine.Autograd;

/// <summary>
/// Files that appear whole or not at all: written aside in the same folder, flushed to the disk, renamed. A process
/// killed at any moment leaves the old file or the new one, and at worst a stray <c>.tmp</c> file.
/// </summary>
public static partial class AtomicFile
{
    private static readonly EnumerationOptions _everythingBelow = new()
    {
        RecurseSubdirectories = true,
        // Names that begin with a dot count as hidden; a link may lead anywhere.
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    /// <summary>Writes a file, replacing one that exists; on a failure the old one stays.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    public static void Write(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full)!;
        var aside = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():n}.tmp");
        try
        {
            using (var stream = new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(aside, full, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }

        FlushFolder(folder);
    }

    /// <summary>Writes a text file in UTF-8 without a mark.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="text">The content.</param>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Removes what killed processes left of their writing, in a folder and all below it.</summary>
    /// <remarks>Only where no other process writes: its unfinished files have the same names.</remarks>
    /// <param name="folder">The folder.</param>
    public static void Sweep(string folder)
    {
        foreach (var path in Directory.GetFiles(folder, ".*.tmp", _everythingBelow).Where(IsAside))
        {
            File.Delete(path);
        }
    }

    /// <summary>Whether a file is, by its name, one that is being written or was left half-written.</summary>
    public static bool IsAside(string path) => AsideName().IsMatch(Path.GetFileName(path));

    /// <summary>Makes the names in a folder durable: without this a power cut may undo a rename.</summary>
    /// <remarks>Best effort: Windows needs no such step, and some network file systems refuse it.</remarks>
    /// <param name="folder">The folder.</param>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Native.Open(folder, 0);
        if (descriptor >= 0)
        {
            _ = Native.Flush(descriptor);
            _ = Native.Close(descriptor);
        }
    }

    [GeneratedRegex(@"^\..+\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex AsideName();

    private static class Native
    {
        [DllImport("libc", EntryPoint = "open")]
        public static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

        [DllImport("libc", EntryPoint = "fsync")]
        public static extern int Flush(int descriptor);

        [DllImport("libc", EntryPoint = "close")]
        public static extern int Close(int descriptor);
    }
}
