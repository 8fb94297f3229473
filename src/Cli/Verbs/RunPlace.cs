using DPT.Engine.Dpt;

namespace DPT.Engine.Cli;

/// <summary>Where a run works.</summary>
/// <param name="Room">Where the disk must have room: the run's folder, or one above it.</param>
/// <param name="Old">Folder of the run that is there already, or null.</param>
/// <param name="Open">Opens or makes the folder.</param>
internal sealed record RunPlace(string Room, string? Old, Func<RunFolder> Open)
{
    /// <summary>Folder of all runs whose folder nobody names.</summary>
    public const string Root = "runs";

    /// <summary>The seed, if it is one of several runs.</summary>
    public int? Seed { get; init; }

    /// <summary>How many runs the disk must have room for.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>The place that the command line names.</summary>
    public static RunPlace Of(RunArguments arguments) => arguments switch
    {
        { Resume: { } old } => Existing(old),
        { Out: { } asked, Overwrite: true } when RunFolder.IsRun(asked) => Existing(asked),
        { Out: { } asked } => new(asked, Old: null, () => RunFolder.CreateAt(asked)),
        _ => new(Root, Old: null, () => RunFolder.Create(Root, NameOf(arguments))),
    };

    /// <summary>What a numbered folder is called after.</summary>
    public static string NameOf(RunArguments arguments) => arguments.Preset ?? ConfigLoader.DefaultPreset;

    /// <summary>The place of a run that is there already.</summary>
    public static RunPlace Existing(string path) => new(path, path, () => RunFolder.Open(path));
}
