using System.Text;

namespace DPT.Engine.Cli;

/// <summary>Writes files that appear whole or not at all: aside, flushed to the disk, renamed.</summary>
internal static class WholeFile
{
    /// <summary>Writes or replaces a UTF-8 text file.</summary>
    public static void Write(string path, string content)
    {
        var aside = path + ".part";
        using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write))
        {
            stream.Write(Encoding.UTF8.GetBytes(content));
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, path, overwrite: true);
    }
}
