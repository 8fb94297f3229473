using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DPT.Engine.Autograd;

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
/// killed at any moment never damages a checkpoint; what is incomplete or damaged does not count.
/// </summary>
public sealed class CheckpointStore
{
    private const string StepPrefix = "step-";
    private const string AsidePrefix = "tmp-";
    private const string StateName = "state.json";
    private const string DoneName = "DONE";
    private const string TensorsEnding = ".safetensors";

    private readonly string _folder;
    private readonly int _keep;
    private readonly IRunObserver _observer;

    /// <summary>A store on a folder, which is made if it is missing.</summary>
    /// <param name="folder">The folder of all checkpoints.</param>
    /// <param name="keep">Checkpoints to keep, the newest; at least 1.</param>
    /// <param name="observer">Hears about checkpoints that do not count.</param>
    public CheckpointStore(string folder, int keep, IRunObserver observer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        _folder = folder;
        _keep = keep;
        _observer = observer;
        Directory.CreateDirectory(folder);
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
            var final = PathOf(state.Step);
            Retire(final);
            Directory.Move(aside, final);
            AtomicFile.FlushFolder(_folder);
            Clean(state.Step);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DptException(FailureKind.Environment, $"cannot write a checkpoint to '{_folder}': {error.Message}", error);
        }
    }

    /// <summary>The newest checkpoint that is whole and that the caller wants; null if there is none.</summary>
    /// <param name="wanted">Says whether a checkpoint is of the training at hand; null wants any.</param>
    public TrainingState? LoadLatest(Predicate<TrainingState>? wanted = null)
    {
        foreach (var step in Steps().OrderDescending())
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
        var folder = PathOf(step);
        var tensors = new Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>>();
        JsonObject? state = null;
        foreach (var line in File.ReadAllLines(Path.Combine(folder, DoneName)))
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
                state = JsonNode.Parse(File.ReadAllText(path)) as JsonObject;
            }
            else
            {
                tensors[Path.GetFileNameWithoutExtension(name)] = StateDict.Load(path);
            }
        }

        if (state is null || state["step"] is not JsonValue number || !number.TryGetValue(out long saved) || saved != step)
        {
            throw new InvalidDataException($"{StateName} is missing or of another step");
        }

        return new TrainingState(step, state, tensors);
    }

    /// <summary>Removes what is too old, was retired, or was left behind by a killed process.</summary>
    private void Clean(long newest)
    {
        foreach (var step in Steps().Where(step => step <= newest).OrderDescending().Skip(_keep))
        {
            Retire(PathOf(step));
        }

        foreach (var stray in Directory.GetDirectories(_folder, AsidePrefix + "*"))
        {
            Directory.Delete(stray, recursive: true);
        }
    }

    /// <summary>Takes a checkpoint out of the count at once; its removal can then take its time.</summary>
    private void Retire(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Move(path, Path.Combine(_folder, $"{AsidePrefix}{Guid.NewGuid():n}"));
        }
    }

    private IEnumerable<long> Steps() => Directory.GetDirectories(_folder, StepPrefix + "*")
        .Select(path => Path.GetFileName(path)[StepPrefix.Length..])
        .Select(text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1)
        .Where(step => step >= 0);

    private string PathOf(long step) =>
        Path.Combine(_folder, StepPrefix + step.ToString("D8", CultureInfo.InvariantCulture));
}
