using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Everything a training loop needs to go on bit for bit.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="State">Counters, thresholds, hashes of inputs: whatever is no tensor.</param>
/// <param name="Tensors">State dictionaries by file name without ending: <c>model</c>, <c>ema</c>, <c>optimizer</c>.</param>
public sealed record TrainingState(
    long Step,
    JsonObject State,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>> Tensors);

/// <summary>
/// Checkpoints of one training, a folder <c>step-00000100</c> each: safetensors files, <c>state.json</c>, and last
/// <c>DONE</c> with the SHA-256 of every file. A folder is written aside and renamed when it is whole, so a process
/// killed at any moment never damages a checkpoint; what is incomplete or damaged does not count. One that takes the
/// place of another of the same step is whole before the other one goes, and is put into place by the next session if
/// this one dies between the two.
/// </summary>
public sealed class CheckpointStore
{
    private const string StepPrefix = "step-";
    private const string AsidePrefix = "tmp-";
    private const string RetiredPrefix = "old-";
    private const string StateName = "state.json";
    private const string DoneName = "DONE";
    private const string TensorsEnding = ".safetensors";

    private readonly string _folder;
    private readonly int _keep;
    private readonly int? _keepEvery;
    private readonly IRunObserver _observer;

    /// <summary>A store on a folder, which is made if it is missing.</summary>
    /// <param name="folder">The folder of all checkpoints.</param>
    /// <param name="keep">Checkpoints to keep, the newest; at least 1.</param>
    /// <param name="observer">Hears about checkpoints that do not count.</param>
    /// <param name="keepEvery">Those of a multiple of so many updates, at least 1, are kept besides; null keeps none besides.</param>
    public CheckpointStore(string folder, int keep, IRunObserver observer, int? keepEvery = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keepEvery ?? 1, 1, nameof(keepEvery));
        _folder = folder;
        _keep = keep;
        _keepEvery = keepEvery;
        _observer = observer;
        Directory.CreateDirectory(folder);
        TidyUp();
    }

    /// <summary>Writes a checkpoint and removes those that are too old.</summary>
    /// <exception cref="DptException">Environment: the disk refuses.</exception>
    public void Save(TrainingState state)
    {
        try
        {
            var aside = Path.Combine(_folder, $"{AsidePrefix}{Guid.NewGuid():n}");
            Directory.CreateDirectory(aside);
            WriteFiles(aside, state);
            PutInPlace(aside, state.Step);
            Clean(state.Step);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write a checkpoint to '{_folder}': {error.Message}", error);
        }
    }

    /// <summary>The newest checkpoint that is whole and that the caller wants; null if there is none.</summary>
    /// <param name="wanted">
    /// Says whether a checkpoint is of the training at hand; null wants any. Throws
    /// <see cref="InvalidDataException"/> if it lacks what it must have: then it does not count either.
    /// </param>
    public TrainingState? LoadLatest(Predicate<TrainingState>? wanted = null)
    {
        foreach (var step in StepsIn(_folder).OrderDescending())
        {
            try
            {
                var state = Load(step);
                if (wanted?.Invoke(state) != false)
                {
                    return state;
                }
            }
            catch (Exception error) when (error is InvalidDataException or IOException or JsonException or ArgumentException)
            {
                _observer.Message($"checkpoint '{PathOf(step)}' does not count: {error.Message}");
            }
        }

        return null;
    }

    /// <summary>What is no tensor of the checkpoints in a folder, the newest first; files that cannot be read are left out.</summary>
    public static IEnumerable<JsonObject> StatesIn(string folder)
    {
        foreach (var step in StepsIn(folder).OrderDescending())
        {
            var path = Path.Combine(folder, NameOf(step), StateName);
            JsonObject? state = null;
            try
            {
                state = JsonNode.Parse(RegularFile.ReadText(path)) as JsonObject;
            }
            catch (Exception error) when (error is InvalidDataException or IOException or JsonException)
            {
                // Whoever loads the checkpoint says that it does not count.
            }

            if (state is not null)
            {
                yield return state;
            }
        }
    }

    private static void WriteFiles(string folder, TrainingState state)
    {
        foreach (var (name, tensors) in state.Tensors)
        {
            StateDict.Save(Path.Combine(folder, name + TensorsEnding), tensors);
        }

        var json = (JsonObject)state.State.DeepClone();
        json["step"] = state.Step;
        AtomicFile.WriteText(Path.Combine(folder, StateName), json.ToJsonString(JsonFiles.Options));
        var sums = new StringBuilder();
        foreach (var path in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            sums.Append(CultureInfo.InvariantCulture, $"{FileHash.Of(path)}  {Path.GetFileName(path)}\n");
        }

        AtomicFile.WriteText(Path.Combine(folder, DoneName), sums.ToString());
    }

    private TrainingState Load(long step)
    {
        var state = LoadFolder(PathOf(step));
        return state.Step == step ? state : throw new InvalidDataException($"{StateName} is of step {state.Step}");
    }

    private static TrainingState LoadFolder(string folder)
    {
        var tensors = new Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>>();
        JsonObject? state = null;
        foreach (var line in RegularFile.ReadText(Path.Combine(folder, DoneName)).TrimEnd('\n').Split('\n'))
        {
            var (sum, name) = line.Split("  ") is [var first, var second] && Path.GetFileName(second) == second
                ? (first, second)
                : throw new InvalidDataException($"its {DoneName} file is damaged");
            var path = Path.Combine(folder, name);
            if (FileHash.Of(path) != sum)
            {
                throw new InvalidDataException($"{name} has changed since it was written");
            }

            if (name == StateName)
            {
                state = JsonNode.Parse(RegularFile.ReadText(path)) as JsonObject;
            }
            else
            {
                tensors[Path.GetFileNameWithoutExtension(name)] = StateDict.Load(path);
            }
        }

        return state?["step"] is JsonValue number && number.TryGetValue(out long step) && step >= 0
            ? new TrainingState(step, state, tensors)
            : throw new InvalidDataException($"{StateName} is missing or says no step");
    }

    /// <summary>The one that was there before goes when this one is whole; see <see cref="TidyUp"/>.</summary>
    private void PutInPlace(string aside, long step)
    {
        var final = PathOf(step);
        if (Directory.Exists(final))
        {
            Directory.Move(final, Path.Combine(_folder, $"{RetiredPrefix}{Guid.NewGuid():n}"));
        }

        Directory.Move(aside, final);
        AtomicFile.FlushFolder(_folder);
    }

    /// <summary>Removes what is too old; never what is of a later step, which another training left.</summary>
    /// <param name="newest">Step of the newest checkpoint of the training at hand, which is whole.</param>
    public void Clean(long newest)
    {
        foreach (var step in StepsIn(_folder).Where(step => step <= newest).OrderDescending().Skip(_keep).Where(step => !IsMilestone(step)))
        {
            // Out of the count at once; the removal can then take its time.
            Directory.Move(PathOf(step), Path.Combine(_folder, $"{RetiredPrefix}{Guid.NewGuid():n}"));
        }

        RemoveAll(RetiredPrefix);
    }

    private bool IsMilestone(long step) => _keepEvery is { } every && step % every == 0;

    /// <summary>What a killed process left: a whole checkpoint that lacks its name only gets it, the rest goes.</summary>
    private void TidyUp()
    {
        foreach (var aside in Directory.GetDirectories(_folder, AsidePrefix + "*"))
        {
            try
            {
                var step = LoadFolder(aside).Step;
                if (!Directory.Exists(PathOf(step)))
                {
                    PutInPlace(aside, step);
                }
            }
            catch (Exception error) when (error is InvalidDataException or IOException or JsonException or ArgumentException)
            {
                // Unfinished: the process was killed while it wrote.
            }
        }

        RemoveAll(AsidePrefix);
        RemoveAll(RetiredPrefix);
    }

    private void RemoveAll(string prefix)
    {
        foreach (var stray in Directory.GetDirectories(_folder, prefix + "*"))
        {
            Directory.Delete(stray, recursive: true);
        }
    }

    private static IEnumerable<long> StepsIn(string folder) => !Directory.Exists(folder)
        ? []
        : Directory.GetDirectories(folder, StepPrefix + "*")
            .Select(path => Path.GetFileName(path)[StepPrefix.Length..])
            .Select(text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1)
            .Where(step => step >= 0);

    private string PathOf(long step) => Path.Combine(_folder, NameOf(step));

    private static string NameOf(long step) => StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture);
}
