using System.Text.Json;
using System.Text.Json.Nodes;

namespace DPT.Engine.Dpt;

/// <summary>
/// The checkpoints of one training: the trainer's state, what the training is made from, the seconds spent, and what
/// computed it. A checkpoint of another origin is of another training and does not count.
/// </summary>
internal sealed class TrainerCheckpoints
{
    private const string Origin = "origin";
    private const string SecondsSpent = "seconds";
    private const string RateScale = "rateScale";
    private const string ComputedBy = "machines";

    private readonly CheckpointStore _store;
    private readonly ITrainingPlace _place;
    private readonly StageOrigin _origin;

    public TrainerCheckpoints(string folder, ITrainingPlace place, StageOrigin origin)
    {
        var options = place.Run;
        _store = new CheckpointStore(folder, options.CheckpointsKept, place.Observer, options.CheckpointsKeptEvery);
        _place = place;
        _origin = origin;
    }

    /// <summary>What has computed the training so far, this session last.</summary>
    public IReadOnlyList<string> Machines { get; private set; } = [];

    /// <summary>The origins of the trainings that left checkpoints in a folder, the newest checkpoint first.</summary>
    public static IEnumerable<StageOrigin> OriginsIn(string folder) =>
        CheckpointStore.StatesIn(folder).Select(state => Member<StageOrigin>(state, Origin)).OfType<StageOrigin>();

    public void Save(ITrainer trainer, double seconds)
    {
        var state = trainer.Capture();
        if (trainer.RateScale != 1)
        {
            state.State[RateScale] = trainer.RateScale;
        }

        state.State[Origin] = JsonSerializer.SerializeToNode(_origin, JsonFiles.Options);
        state.State[SecondsSpent] = seconds;
        state.State[ComputedBy] = JsonSerializer.SerializeToNode(Machines);
        _store.Save(state);
    }

    /// <summary>Brings a trainer to the newest checkpoint of this training; false if there is none.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="seconds">The seconds spent until then.</param>
    public bool Restore(ITrainer trainer, out double seconds)
    {
        var (spent, before) = (0.0, new List<string>());
        var restored = _store.LoadLatest(state =>
        {
            if (Member<StageOrigin>(state.State, Origin)?.Differences(_origin).Count != 0 || state.Step > trainer.TotalSteps)
            {
                return false;
            }

            spent = Member<double?>(state.State, SecondsSpent) ?? throw Lacks(SecondsSpent);
            before = Member<List<string>>(state.State, ComputedBy) ?? throw Lacks(ComputedBy);
            trainer.Restore(state);
            trainer.RateScale = Member<double?>(state.State, RateScale) ?? 1;
            return true;
        }) is not null;
        if (restored)
        {
            // A session that was killed when it had saved and not yet cleaned leaves one too many.
            _store.Clean(trainer.Step);
        }

        seconds = spent;
        Machines = [.. (restored ? before : []).Where(machine => machine != _place.Machine), _place.Machine];
        return restored;
    }

    private static T? Member<T>(JsonObject state, string name)
    {
        try
        {
            return state[name].Deserialize<T>(JsonFiles.Options);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static InvalidDataException Lacks(string name) => new($"its state has no {name}");
}
