using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Brings a published set: its files one after the other, each checked, then all of them to their place at once.</summary>
/// <param name="set">The set.</param>
/// <param name="address">Where its files are.</param>
/// <param name="folder">The folder to make.</param>
/// <param name="observer">Hears how far it is.</param>
internal sealed class SetDownload(PublishedSet set, Uri address, string folder, IRunObserver observer)
{
    private const string Unfinished = ".part";
    private const string Packed = ".tar.gz";

    private readonly string _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>How long a server may say nothing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where files wait until all are there.</summary>
    private string Aside => _folder + Unfinished;

    /// <inheritdoc cref="PublishedSet.Save"/>
    public void Run(CancellationToken stop)
    {
        if (Path.Exists(_folder))
        {
            throw new DptException(FailureKind.Environment, $"'{folder}' exists; give --out a new folder, or use it as it is: --data {set.Spec(folder)}");
        }

        try
        {
            Directory.CreateDirectory(Aside);
            foreach (var file in set.Files.Where(file => !File.Exists(Path.Combine(Aside, file.Name))))
            {
                Bring(file, stop);
            }

            AtomicFolder.Create(_folder, Fill);
            Directory.Delete(Aside, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write '{folder}': {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(Aside) && !Directory.EnumerateFileSystemEntries(Aside).Any())
            {
                Directory.Delete(Aside);
            }
        }
    }

    /// <summary>Brings a file and gives it its name when it is known to be the published one.</summary>
    private void Bring(PublishedFile file, CancellationToken stop)
    {
        var path = Path.Combine(Aside, file.Name);
        var part = path + Unfinished;
        try
        {
            new FileDownload(new Uri(Base(address), file.Name), file, part, observer, Patience).Run(stop).GetAwaiter().GetResult();
            var hash = Hash(part);
            if (hash != file.Sha256)
            {
                File.Delete(part);
                throw new DptException(
                    FailureKind.Check, $"'{new Uri(Base(address), file.Name)}' is another file than was published: its SHA-256 is {hash}, not {file.Sha256}; nothing of it was kept");
            }
        }
        finally
        {
            if (new FileInfo(part) is { Exists: true, Length: 0 })
            {
                File.Delete(part);
            }
        }

        File.Move(part, path);
    }

    /// <summary>Archives are unpacked; what is compressed alone is read as it is.</summary>
    private void Fill(string target)
    {
        foreach (var file in set.Files)
        {
            var path = Path.Combine(Aside, file.Name);
            if (file.Name.EndsWith(Packed, StringComparison.Ordinal))
            {
                using var archive = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
                TarFile.ExtractToDirectory(archive, target, overwriteFiles: false);
            }
            else
            {
                File.Copy(path, Path.Combine(target, file.Name));
            }
        }
    }

    /// <summary>Names are looked for in an address, not beside it.</summary>
    private static Uri Base(Uri address) => address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/");

    private static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
