namespace DPT.Engine.Dpt;

/// <summary>The weights of a run that are finished, for who works with them and changes nothing of the run.</summary>
internal static class FinishedWeights
{
    /// <summary>Path of the weights that the last finished stage of some kind made.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kind">Kind of the model, for messages.</param>
    /// <param name="pathIn">Where a stage that makes such weights puts them.</param>
    /// <param name="observer">Hears of manifests that cannot be read.</param>
    /// <exception cref="DptException">Usage: there are none. Check: they have changed since they were made.</exception>
    public static string Find(RunLayout run, string kind, Func<StageFolder, string> pathIn, IRunObserver observer)
    {
        foreach (var stage in run.Stages.Reverse())
        {
            var path = pathIn(stage);
            if (StageManifest.Read(stage, observer) is not { } manifest || !manifest.Outputs.Any(o => o.Path == Path.GetFileName(path)))
            {
                continue;
            }

            return manifest.Changed(stage.FolderPath).Contains(Path.GetFullPath(path))
                ? throw new DptException(
                    FailureKind.Check, $"'{path}' has changed since it was made; `dpt run --resume {run.FolderPath}` makes it again")
                : path;
        }

        throw new DptException(
            FailureKind.Usage, $"no {kind} of '{run.FolderPath}' is finished; `dpt run --resume {run.FolderPath}` goes on with it");
    }
}
