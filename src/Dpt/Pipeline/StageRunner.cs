using System.Security.Cryptography;
using System.Text.Json;

namespace DPT.Engine.Dpt;

/// <summary>
/// Runs a stage once: if its manifest says that it was made from the same options and inputs and its files are as it
/// left them, its result is read instead. Files that have changed since are removed, so that the work, which goes on
/// with what it finds, makes them again.
/// </summary>
internal static class StageRunner
{
    private const string ResultFile = "result.json";

    /// <summary>The stage's result, made or read.</summary>
    /// <param name="context">The run.</param>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="key">Hash of the options and inputs, see <see cref="KeyOf"/>.</param>
    /// <param name="inputs">Hashes of the inputs, by name, for the manifest.</param>
    /// <param name="work">Does the work; returns the result and the files that later stages read.</param>
    public static T Run<T>(
        RunContext context,
        StageFolder folder,
        string key,
        IReadOnlyDictionary<string, string> inputs,
        Func<(T Result, string[] Files)> work)
        where T : IStageResult
    {
        var resultPath = Path.Combine(folder.FolderPath, ResultFile);
        if (File.Exists(folder.ManifestPath))
        {
            var manifest = JsonFiles.Load<StageManifest>(folder.ManifestPath);
            if (manifest.Holds(folder.FolderPath, key, inputs, RunRecord.EngineVersion))
            {
                context.Observer.Message($"{folder.Name}: finished before, nothing to do");
                return JsonFiles.Load<T>(resultPath);
            }

            RemoveChanged(manifest, folder, context.Observer);
            File.Delete(folder.ManifestPath);
        }

        var (result, files) = work();
        JsonFiles.Save(resultPath, result);
        JsonFiles.Save(folder.ManifestPath, new StageManifest
        {
            Stage = folder.Name,
            Engine = RunRecord.EngineVersion,
            ConfigHash = key,
            Inputs = inputs,
            Outputs = [.. files.Append(resultPath).Select(file => StageManifest.Describe(folder.FolderPath, file))],
            Seconds = result.Seconds,
        });
        return result;
    }

    /// <summary>Removes what is no longer as the stage left it; never a file outside its folder, whatever the manifest says.</summary>
    private static void RemoveChanged(StageManifest manifest, StageFolder folder, IRunObserver observer)
    {
        var present = Directory.GetFiles(folder.FolderPath, "*", SearchOption.AllDirectories);
        foreach (var path in present.Intersect(manifest.Changed(folder.FolderPath)))
        {
            observer.Message($"{folder.Name}: '{path}' has changed since it was made and is made again");
            File.Delete(path);
        }
    }

    /// <summary>A hash of options and inputs, in hexadecimal.</summary>
    public static string KeyOf(params object[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts)));
}
