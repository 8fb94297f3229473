using System.Globalization;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>The folder of one run, <c>runs/00012-digits</c>, held by one process at a time.</summary>
public sealed class RunFolder : RunLayout, IDisposable
{
    private const string LockName = ".lock";
    private const int LongestName = 60;

    private static readonly TimeSpan _numberingPatience = TimeSpan.FromSeconds(10);

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream @lock) : base(path)
    {
        _lock = @lock;
        MakeRound(1);
    }

    /// <summary>Makes the next numbered folder under a root, which is made too if it is missing.</summary>
    /// <param name="root">Folder of all runs.</param>
    /// <param name="name">What the run is about; characters unfit for a file name become <c>-</c>.</param>
    /// <exception cref="DptException">Environment: the folder cannot be made.</exception>
    public static RunFolder Create(string root, string name)
    {
        try
        {
            var path = MakeNumbered(root, name);
            return new RunFolder(path, Lock(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot make a run folder in '{root}': {error.Message}", error);
        }
    }

    /// <summary>Makes a run folder at a path of the caller's choice.</summary>
    /// <param name="path">
    /// A folder that does not exist, is empty, or holds no more than what a run leaves that ended before it began.
    /// </param>
    /// <exception cref="DptException">Usage: it holds something. Environment: it cannot be made.</exception>
    public static RunFolder CreateAt(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any() && !IsUnborn(path))
        {
            throw new DptException(
                FailureKind.Usage,
                IsRun(path)
                    ? $"'{path}' holds a run; continue it with --resume '{path}', or name another folder"
                    : RunGroup.IsGroup(path)
                        ? $"'{path}' holds runs of several seeds; continue them with --resume '{path}', or name another folder"
                        : $"'{path}' is not empty; name another folder");
        }

        try
        {
            Directory.CreateDirectory(path);
            return new RunFolder(path, Lock(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot make the run folder '{path}': {error.Message}", error);
        }
    }

    /// <summary>Opens the folder of an earlier run to go on with it.</summary>
    /// <exception cref="DptException">Environment: it is no run folder, or another process works in it.</exception>
    public static RunFolder Open(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        RequireRun(path);
        try
        {
            return new RunFolder(path, Lock(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(
                FailureKind.Environment, $"cannot open the run '{path}'; does another process work in it? ({error.Message})", error);
        }
    }

    /// <summary>Throws unless there is a run to go on with.</summary>
    /// <exception cref="DptException">Environment: the folder holds none.</exception>
    public static void RequireRun(string path)
    {
        if (!IsRun(path))
        {
            throw new DptException(
                FailureKind.Environment,
                RunGroup.IsGroup(path)
                    ? $"'{path}' holds runs of several seeds; give one of them, e.g. {Path.Combine(path, RunGroup.NameOf(1))}"
                : IsUnborn(path)
                    ? $"the run in '{path}' ended before it began: there is nothing to continue; start it again with --out '{path}'"
                    : $"'{path}' is not a run folder: it has no {ConfigName}; give the folder that a run made, e.g. runs/00012-digits");
        }
    }

    /// <summary>Throws if a run could not be written at a path, or there is less space than it may take. Leaves nothing behind.</summary>
    /// <param name="path">A run folder or a folder of runs; it need not exist.</param>
    /// <param name="bytes">What the run may take; what it has taken already is counted towards it.</param>
    /// <exception cref="DptException">Environment.</exception>
    public static void RequireRoom(string path, long bytes)
    {
        path = Path.GetFullPath(path);
        try
        {
            bytes -= IsRun(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) : 0;
            while (!Directory.Exists(path))
            {
                path = Path.GetDirectoryName(path)!;
            }

            var probe = Path.Combine(path, $".dpt.{Guid.NewGuid():n}.tmp");
            new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            var free = new DriveInfo(path).AvailableFreeSpace;
            if (free < bytes)
            {
                throw new DptException(
                    FailureKind.Environment,
                    $"'{path}' has {free >> 20} MiB free, the work may take {bytes >> 20}; free some, lower run.checkpointsKept or "
                    + "generate.perClass, or name another place with --out");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write to '{path}': {error.Message}", error);
        }
    }

    /// <summary>Makes the folders of a round, if they are not there.</summary>
    /// <exception cref="IOException">They cannot be made.</exception>
    internal void MakeRound(int number)
    {
        foreach (var stage in Round(number).Stages)
        {
            Directory.CreateDirectory(stage.CheckpointsPath);
        }
    }

    /// <summary>Removes what killed processes left half-written, of any kind.</summary>
    /// <exception cref="DptException">Environment: the folder cannot be written.</exception>
    public void Sweep()
    {
        try
        {
            AtomicFile.Sweep(FolderPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write to '{FolderPath}': {error.Message}", error);
        }
    }

    /// <summary>Lets other processes open the folder.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>Whether there is a run to go on with: its settings are the first file that it writes.</summary>
    public static bool IsRun(string path) =>
        File.Exists(Path.Combine(path, ConfigName)) && File.Exists(Path.Combine(path, LockName));

    /// <summary>
    /// Nothing but our empty folders, messages and half-written files: a run that was killed, or failed, before its settings
    /// were written.
    /// </summary>
    private static bool IsUnborn(string path)
    {
        if (!File.Exists(Path.Combine(path, LockName)))
        {
            return false;
        }

        var files = Directory.GetFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None });
        return files.All(file => Path.GetFileName(file) is LockName or LogName || AtomicFile.IsAside(file));
    }

    /// <summary>The system gives the lock back when the process ends, however it ends.</summary>
    private static FileStream Lock(string path) =>
        new(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Makes the next numbered folder under a root.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static string MakeNumbered(string root, string name)
    {
        Directory.CreateDirectory(root);
        using var numbering = LockNumbering(root);
        var number = NextNumber(root).ToString("D5", CultureInfo.InvariantCulture);
        var path = Path.Combine(Path.GetFullPath(root), $"{number}-{Clean(name)}");
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Two processes that start together must not choose the same number.</summary>
    private static FileStream LockNumbering(string root)
    {
        var deadline = DateTime.UtcNow + _numberingPatience;
        while (true)
        {
            try
            {
                return Lock(root);
            }
            catch (IOException) when (DateTime.UtcNow < deadline)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static int NextNumber(string root) => 1 + Directory.EnumerateDirectories(root)
        .Select(path => Path.GetFileName(path).Split('-')[0])
        .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
        .Append(0)
        .Max();

    private static string Clean(string name)
    {
        var clean = new string([.. name.Take(LongestName).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-')]).Trim('-', '.');
        return clean.Length > 0 ? clean : "run";
    }
}
