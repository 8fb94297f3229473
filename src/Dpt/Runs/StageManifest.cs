namespace DPT.Engine.Dpt;

/// <summary>A file that a stage made.</summary>
/// <param name="Path">Path below the stage's folder, with <c>/</c>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash, in hexadecimal.</param>
public sealed record StageOutput(string Path, long Bytes, string Sha256);

/// <summary>
/// What a finished stage was made from and what it made: <c>manifest.json</c>, schema 2, written last. A resumed run
/// skips a stage whose manifest still holds.
/// </summary>
public sealed record StageManifest
{
    private const int PresentSchema = 2;

    /// <summary>Version of this schema.</summary>
    public int Schema { get; init; } = PresentSchema;

    /// <summary>Name of the stage.</summary>
    public required string Stage { get; init; }

    /// <summary>Settings, data and earlier stages' files that the stage was made from.</summary>
    public required StageOrigin Origin { get; init; }

    /// <summary>
    /// What computed it, in the order of the sessions that took part: engine, device and vector width. More than one means
    /// that its last bits may differ from those of an undisturbed run.
    /// </summary>
    public required IReadOnlyList<string> Machines { get; init; }

    /// <summary>The files made.</summary>
    public required IReadOnlyList<StageOutput> Outputs { get; init; }

    /// <summary>Wall time in seconds, earlier sessions of a resumed run included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Largest device memory in use in the session that finished the stage, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Describes a file below the stage's folder for <see cref="Outputs"/>.</summary>
    public static StageOutput Describe(string stageFolder, string path)
    {
        var relative = Path.GetRelativePath(stageFolder, path).Replace('\\', '/');
        return new StageOutput(relative, new FileInfo(path).Length, FileHash.Of(path));
    }

    /// <summary>Reads the manifest of a stage. A damaged one counts as none: the stage is then finished anew.</summary>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="observer">Hears of damage.</param>
    /// <returns>Null if there is none that counts.</returns>
    /// <exception cref="DptException">Check: it was written by another version of the engine.</exception>
    public static StageManifest? Read(StageFolder folder, IRunObserver observer)
    {
        if (!File.Exists(folder.ManifestPath))
        {
            return null;
        }

        // A manifest that another version wrote is no damage: what it stands for must not be made again unasked.
        JsonFiles.RequireSchema(folder.ManifestPath, PresentSchema, "continue the run with the version that made it, or start a new one");
        try
        {
            return JsonFiles.Load<StageManifest>(folder.ManifestPath);
        }
        catch (DptException damage) when (damage.Kind == FailureKind.Check)
        {
            observer.Message($"{folder.Name}: its manifest does not count: {damage.Message}");
            return null;
        }
    }

    /// <summary>Paths of the files made that are missing or no longer as the stage left them.</summary>
    public IEnumerable<string> Changed(string stageFolder) =>
        from output in Outputs
        let path = Path.GetFullPath(Path.Combine(stageFolder, output.Path))
        where !File.Exists(path) || new FileInfo(path).Length != output.Bytes || FileHash.Of(path) != output.Sha256
        select path;
}
