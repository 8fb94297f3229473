using System.Text.Json;
using System.Text.Json.Nodes;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A finished tiny run, with copies to damage.</summary>
internal sealed class FinishedRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FinishedRun(DptOptions? options = null)
    {
        Path = _folder["finished"];
        Result = TinyRun.In(Path, options).Result!;
        Outcome = TinyRun.Outcome(Path);
    }

    public string Path { get; }

    public DptResult Result { get; }

    /// <summary>See <see cref="TinyRun.Outcome"/>.</summary>
    public Dictionary<string, string> Outcome { get; }

    /// <summary>A new folder name.</summary>
    public string Fresh() => _folder[Guid.NewGuid().ToString("n")];

    public string Copy()
    {
        var target = Fresh();
        foreach (var source in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            var path = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(Path, source));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.Copy(source, path);
        }

        return target;
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Hashes of all files of a run, by path: what must stay when nothing may change.</summary>
    public static Dictionary<string, string> Everything(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => System.IO.Path.GetFileName(file) != ".lock")
            .ToDictionary(file => System.IO.Path.GetRelativePath(folder, file), FileHash.Of);

    /// <summary>Changes a checkpoint's state as if it had been written so.</summary>
    public static void EditState(string checkpoint, Action<JsonObject> edit)
    {
        var path = System.IO.Path.Combine(checkpoint, "state.json");
        var (before, state) = (FileHash.Of(path), (JsonObject)JsonNode.Parse(File.ReadAllText(path))!);
        edit(state);
        File.WriteAllText(path, state.ToJsonString());
        var done = System.IO.Path.Combine(checkpoint, "DONE");
        File.WriteAllText(done, File.ReadAllText(done).Replace(before, FileHash.Of(path)));
    }

    /// <summary>A result without what the clock and the memory say, as text: lists are compared by what they hold.</summary>
    public static string Timeless(DptResult result) => JsonSerializer.Serialize(result with
    {
        Stage1 = result.Stage1 with { Seconds = 0 },
        Stage2 = result.Stage2 with { Seconds = 0, ImagesPerSecond = 0 },
        Stage3 = result.Stage3 with { Seconds = 0 },
        TotalSeconds = 0,
        PeakMemoryBytes = 0,
        Warnings = [],
    });
}
