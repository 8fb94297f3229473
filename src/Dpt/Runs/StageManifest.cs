namespace DPT.Engine.Dpt;

/// <summary>A file that a stage made.</summary>
/// <param name="Path">Path below the stage's folder, with <c>/</c>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash, in hexadecimal.</param>
public sealed record StageOutput(string Path, long Bytes, string Sha256);

/// <summary>
/// What a finished stage was made from and what it made: <c>manifest.json</c>, schema 1, written last. A resumed run
/// skips a stage whose manifest still holds.
/// </summary>
public sealed record StageManifest
{
    /// <summary>Version of this schema.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Name of the stage.</summary>
    public required string Stage { get; init; }

    /// <summary>Version of the engine.</summary>
    public required string Engine { get; init; }

    /// <summary>Hash of the options that decide this stage.</summary>
    public required string ConfigHash { get; init; }

    /// <summary>Hash of each input, by name: data, label split, the stage before.</summary>
    public required IReadOnlyDictionary<string, string> Inputs { get; init; }

    /// <summary>The files made.</summary>
    public required IReadOnlyList<StageOutput> Outputs { get; init; }

    /// <summary>Wall time in seconds, earlier sessions of a resumed run included.</summary>
    public required double Seconds { get; init; }

    /// <summary>Describes a file below the stage's folder for <see cref="Outputs"/>.</summary>
    public static StageOutput Describe(string stageFolder, string path)
    {
        var relative = Path.GetRelativePath(stageFolder, path).Replace('\\', '/');
        return new StageOutput(relative, new FileInfo(path).Length, FileHash.Of(path));
    }

    /// <summary>Whether the stage need not run again: same engine, options and inputs, and its files are as it left them.</summary>
    /// <param name="stageFolder">The stage's folder.</param>
    /// <param name="configHash">Hash of the present options.</param>
    /// <param name="inputs">Hashes of the present inputs.</param>
    /// <param name="engine">Version of the present engine.</param>
    public bool Holds(string stageFolder, string configHash, IReadOnlyDictionary<string, string> inputs, string engine) =>
        Schema == 1
        && Engine == engine
        && ConfigHash == configHash
        && Inputs.Count == inputs.Count
        && Inputs.All(input => inputs.TryGetValue(input.Key, out var hash) && hash == input.Value)
        && !Changed(stageFolder).Any();

    /// <summary>Paths of the files made that are missing or no longer as the stage left them.</summary>
    public IEnumerable<string> Changed(string stageFolder) =>
        from output in Outputs
        let path = Path.GetFullPath(Path.Combine(stageFolder, output.Path))
        where !File.Exists(path) || new FileInfo(path).Length != output.Bytes || FileHash.Of(path) != output.Sha256
        select path;
}
