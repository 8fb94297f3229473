namespace DPT.Engine.Dpt;

/// <summary>Paths with all links followed: two names of one file or folder have the same.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>Whether a real path is that of a folder or of something inside of it.</summary>
    public static bool IsInside(string path, string folder)
    {
        var prefix = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        return path == folder || path.StartsWith(prefix, StringComparison.Ordinal);
    }

    /// <summary>The path of what <paramref name="path"/> leads to, in absolute form.</summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    public static string Of(string path)
    {
        var whole = Path.Combine(Environment.CurrentDirectory, path);
        var real = Path.GetPathRoot(whole)!;
        var pending = new Stack<string>();
        Push(whole);
        var links = 0;
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
            }
            else if (new FileInfo(Path.Combine(real, part)).LinkTarget is { } target)
            {
                if (++links > MostLinks)
                {
                    throw new IOException($"too many links at '{path}'");
                }

                real = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : real;
                Push(target);
            }
            else if (part != ".")
            {
                real = Path.Combine(real, part);
            }
        }

        return real;

        void Push(string text)
        {
            var parts = text[Path.GetPathRoot(text)!.Length..]
                .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
            foreach (var part in parts.Reverse())
            {
                pending.Push(part);
            }
        }
    }
}
