namespace DPT.Engine.Autograd;

/// <summary>Folders that appear whole or not at all, see <see cref="AtomicFile"/>.</summary>
public static class AtomicFolder
{
    /// <summary>Makes a folder; on a failure nothing of it is left.</summary>
    /// <param name="path">The folder, which is not there yet, in one that is.</param>
    /// <param name="fill">Writes what it holds into the folder of that path, which takes its name when it is whole.</param>
    /// <exception cref="IOException">The folder exists, or cannot be written.</exception>
    public static void Create(string path, Action<string> fill)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var aside = $"{target}.{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(aside);
            fill(aside);
            Directory.Move(aside, target);
        }
        finally
        {
            if (Directory.Exists(aside))
            {
                Directory.Delete(aside, recursive: true);
            }
        }
    }
}
