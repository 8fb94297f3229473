namespace DPT.Engine.Autograd;

/// <summary>
/// Opens files that somebody else made. What never ends or never begins, a pipe, a device, a folder, is refused before it is
/// opened: opening a pipe would wait for a writer, and reading /dev/zero would fill the memory.
/// </summary>
public static class RegularFile
{
    /// <summary>Opens a file for reading; a link counts as what it leads to.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mostBytes">The length that makes sense for its kind.</param>
    /// <exception cref="InvalidDataException">It is empty, no regular file, or longer than allowed.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public static FileStream OpenRead(string path, long mostBytes = long.MaxValue)
    {
        var link = new FileInfo(path);
        var file = link.ResolveLinkTarget(returnFinalTarget: true) ?? link;
        if (Directory.Exists(file.FullName))
        {
            throw new InvalidDataException("it is a folder");
        }

        // Pipes, sockets and devices have no length, and asking for it does not open them.
        var length = new FileInfo(file.FullName).Length;
        return length switch
        {
            0 => throw new InvalidDataException("it is empty, or a pipe or device; a regular file is asked for"),
            _ when length > mostBytes => throw new InvalidDataException($"it has {length} bytes, the limit is {mostBytes}"),
            _ => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read),
        };
    }
}
