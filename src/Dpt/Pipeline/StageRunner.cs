namespace DPT.Engine.Dpt;

/// <summary>What the work of a stage comes to.</summary>
/// <param name="Result">Its result.</param>
/// <param name="Files">The files that it made for others.</param>
/// <param name="Machines">What computed it, earlier sessions first.</param>
internal sealed record StageWork<T>(T Result, IReadOnlyList<string> Files, IReadOnlyList<string> Machines);

/// <summary>
/// Runs a stage once: if its manifest says that it was made from the same settings, data and files, and what it made is as
/// it left it, its result is read instead. Files that have changed since are removed, so that the work, which goes on with
/// what it finds, makes them again. What was made from something else is made again only with consent.
/// </summary>
/// <param name="context">The run.</param>
/// <param name="folder">The stage's folder.</param>
/// <param name="given">The settings and data that decide the stage.</param>
/// <param name="givenToTrain">Those of them that decide its trainings, as checkpoints record them.</param>
internal sealed class StageRunner(
    RunContext context,
    StageFolder folder,
    IReadOnlyDictionary<string, string> given,
    IReadOnlyDictionary<string, string> givenToTrain)
{
    private string WayToMend => $"`dpt run --resume {context.Folder.FolderPath}` makes it again";

    /// <summary>What the stage is made from.</summary>
    /// <param name="made">Hashes of what earlier stages made for it, by name.</param>
    public StageOrigin Origin(IReadOnlyDictionary<string, string> made) => new(given, made);

    /// <summary>What its trainings are made from.</summary>
    /// <param name="made">Hashes of what earlier stages made for them, by name.</param>
    public StageOrigin TrainingOrigin(IReadOnlyDictionary<string, string> made) => new(givenToTrain, made);

    /// <summary>The stage's result, made or read.</summary>
    public T Run<T>(IReadOnlyDictionary<string, string> made, Func<StageWork<T>> work) where T : class, IStageResult
    {
        if (Finished<T>(made) is { } before)
        {
            return before;
        }

        Begin(made);
        var (result, files, machines) = work();
        JsonFiles.Save(folder.ResultPath, result);
        JsonFiles.Save(folder.ManifestPath, new StageManifest
        {
            Stage = folder.Name,
            Origin = Origin(made),
            Machines = machines,
            Outputs = [.. files.Append(folder.ResultPath).Select(file => StageManifest.Describe(folder.FolderPath, file))],
            Seconds = result.Seconds,
            PeakMemoryBytes = context.Device.Memory.PeakBytes,
        });
        return result;
    }

    /// <summary>The manifest and the result, if the stage is finished and made from what it should be; else null.</summary>
    public (StageManifest Manifest, T Result)? Find<T>(IReadOnlyDictionary<string, string> made) =>
        StageManifest.Read(folder, context.Observer) is { } manifest && manifest.Origin.Differences(Origin(made)).Count == 0
            ? (manifest, JsonFiles.Load<T>(folder.ResultPath))
            : null;

    /// <summary>The result, if there is nothing left to do; else null.</summary>
    public T? Finished<T>(IReadOnlyDictionary<string, string> made) where T : class
    {
        if (StageManifest.Read(folder, context.Observer) is not { } manifest
            || manifest.Origin.Differences(Origin(made)).Count > 0
            || manifest.Changed(folder.FolderPath).Any())
        {
            return null;
        }

        context.Observer.Message($"{folder.Name}: finished before, nothing to do");
        return JsonFiles.Load<T>(folder.ResultPath);
    }

    /// <summary>The result of the finished stage, for who makes nothing.</summary>
    /// <exception cref="DptException">
    /// Usage: the stage is not finished, or was made from something else. Check: what it made has changed since.
    /// </exception>
    public T Read<T>(IReadOnlyDictionary<string, string> made)
    {
        RequireFinished();
        var manifest = StageManifest.Read(folder, context.Observer)
            ?? throw new DptException(FailureKind.Check, $"the manifest of {folder.Name} is damaged; {WayToMend}");
        if (manifest.Origin.Differences(Origin(made)) is { Count: > 0 } differences)
        {
            throw new DptException(
                FailureKind.Usage,
                $"{folder.Name} was made from something else than the run has now ({string.Join(", ", differences)}); "
                + $"with --overwrite, {WayToMend}");
        }

        return manifest.Changed(folder.FolderPath).FirstOrDefault() is { } changed
            ? throw new DptException(FailureKind.Check, $"'{changed}' has changed since it was made; {WayToMend}")
            : JsonFiles.Load<T>(folder.ResultPath);
    }

    /// <summary>Throws unless the stage is finished.</summary>
    /// <exception cref="DptException">Usage.</exception>
    public void RequireFinished()
    {
        if (!File.Exists(folder.ManifestPath))
        {
            throw new DptException(
                FailureKind.Usage, $"{folder.Name} is not finished in this run folder; run it first, or `dpt run`");
        }
    }

    /// <summary>
    /// Throws if the stage, finished or begun, has other settings or data than now and nobody agreed to make it again.
    /// </summary>
    /// <exception cref="DptException">Usage: it says what differs and what to do.</exception>
    public void RequireConsent() => RequireConsent(StageManifest.Read(folder, context.Observer) is { } manifest
        ? manifest.Origin.DifferencesGiven(new StageOrigin(given, manifest.Origin.Made))
        : DifferencesOfCheckpoints());

    /// <summary>
    /// The last check before the work, and the end of what will no longer be true once it has begun: the stage's manifest,
    /// the run's result and, if the stage is made from something else than before, the manifests of the stages after it.
    /// </summary>
    /// <exception cref="DptException">Usage: see <see cref="RequireConsent()"/>.</exception>
    public void Begin(IReadOnlyDictionary<string, string> made)
    {
        var manifest = StageManifest.Read(folder, context.Observer);
        var differences = manifest?.Origin.Differences(Origin(made)) ?? DifferencesOfCheckpoints();
        RequireConsent(differences);
        if (differences.Count > 0)
        {
            context.Observer.Message($"{folder.Name}: is made again: {string.Join(", ", differences)}");
        }

        // Results go first: whatever happens from here on, none is left of a run that is no more.
        File.Delete(context.Folder.ResultPath);
        File.Delete(context.Folder.ReportPath);
        foreach (var stage in context.Folder.From(folder).Where(stage => stage.Name == folder.Name || differences.Count > 0).Reverse())
        {
            File.Delete(stage.ManifestPath);
        }

        if (manifest is not null)
        {
            RemoveChanged(manifest);
        }
    }

    private void RequireConsent(IReadOnlyList<string> differences)
    {
        if (differences.Count == 0 || context.Overwrite)
        {
            return;
        }

        var lost = context.Folder.From(folder).Where(stage => stage.Name != folder.Name && File.Exists(stage.ManifestPath)).ToList();
        var after = lost.Count > 0 ? $", and with it {string.Join(" and ", lost.Select(stage => stage.Name))}" : "";
        throw new DptException(
            FailureKind.Usage,
            $"{folder.Name} was made with other settings or data: {string.Join(", ", differences)}; "
            + $"--overwrite makes it again{after}; or start a new run");
    }

    /// <summary>What differs from the newest training here; nothing if there is a checkpoint of the present one, or none at all.</summary>
    private IReadOnlyList<string> DifferencesOfCheckpoints()
    {
        var origins = TrainerCheckpoints.OriginsIn(folder.CheckpointsPath).ToList();
        var differences = origins.ConvertAll(o => o.DifferencesGiven(new StageOrigin(givenToTrain, o.Made)));
        return differences.Count == 0 || differences.Exists(d => d.Count == 0) ? [] : differences[0];
    }

    /// <summary>Removes what is no longer as the stage left it; never a file outside its folder, whatever the manifest says.</summary>
    private void RemoveChanged(StageManifest manifest)
    {
        var present = Directory.GetFiles(folder.FolderPath, "*", SearchOption.AllDirectories);
        foreach (var path in present.Intersect(manifest.Changed(folder.FolderPath)))
        {
            context.Observer.Message($"{folder.Name}: '{path}' has changed since it was made and is made again");
            File.Delete(path);
        }
    }
}
