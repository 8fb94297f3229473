namespace DPT.Engine.Dpt;

/// <summary>
/// The checkpoints of one training: the trainer's state, the seconds spent, and a key of everything that the training
/// was started from. A checkpoint with another key is of another training and does not count.
/// </summary>
internal sealed class TrainerCheckpoints
{
    private const string Key = "key";
    private const string SecondsSpent = "seconds";

    private readonly CheckpointStore _store;
    private readonly string _key;

    public TrainerCheckpoints(string folder, RunContext context, string key)
    {
        _store = new CheckpointStore(folder, context.Options.Run.CheckpointsKept, context.Observer);
        _key = key;
    }

    public void Save(TrainingState state, double seconds)
    {
        state.State[Key] = _key;
        state.State[SecondsSpent] = seconds;
        _store.Save(state);
    }

    /// <summary>The newest checkpoint of this training, or null.</summary>
    public (TrainingState State, double Seconds)? Latest() =>
        _store.LoadLatest(wanted: state => (string?)state.State[Key] == _key) is { } state
            ? (state, (double)state.State[SecondsSpent]!)
            : null;
}
