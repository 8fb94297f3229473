using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>A tiny run in a folder: what it made and what it said.</summary>
internal sealed class TinyRun : IRunObserver
{
    private readonly CancellationTokenSource _source = new();
    private readonly string _stopIn;
    private readonly long _stopAt;

    private TinyRun(string stopIn, long stopAt)
    {
        _stopIn = stopIn;
        _stopAt = stopAt;
    }

    /// <summary>What it came to; null if it was interrupted.</summary>
    public DptResult? Result { get; private set; }

    public List<string> Messages { get; } = [];

    /// <summary>Names of the works that made progress, in order.</summary>
    public List<string> Works { get; } = [];

    /// <summary>Starts or continues the run in a folder; no device memory stays behind.</summary>
    public static TinyRun In(string folder, DptOptions? options = null, bool overwrite = false)
    {
        var run = new TinyRun("", 0);
        run.Work(folder, options ?? TinyOptions.Run, overwrite);
        return run;
    }

    /// <summary>The same, interrupted as soon as a work has come so far.</summary>
    public static void Interrupted(string folder, string work, long done, DptOptions? options = null)
    {
        var run = new TinyRun(work, done);
        Assert.That(() => run.Work(folder, options ?? TinyOptions.Run, overwrite: false), Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>Does something with the pipeline of a folder.</summary>
    public static void With(
        string path, DptOptions options, IRunObserver observer, Action<DptPipeline> work, bool overwrite = false)
    {
        using var device = new HostDevice(threads: 1);
        On(device, path, options, observer, work, overwrite);
    }

    /// <summary>The same on a device of the caller's.</summary>
    public static void On(
        Device device,
        string path,
        DptOptions options,
        IRunObserver observer,
        Action<DptPipeline> work,
        bool overwrite = false)
    {
        try
        {
            using var folder = File.Exists(Path.Combine(path, RunLayout.ConfigName)) ? RunFolder.Open(path) : RunFolder.CreateAt(path);
            using var pipeline = new DptPipeline(
                DptPlan.Of(options, device), folder, device, observer, new RunSession(["run"], "{}", overwrite));
            work(pipeline);
        }
        finally
        {
            Assert.That(device.Memory.LiveBlocks, Is.Zero, "device memory");
        }
    }

    /// <summary>Hashes of what a run made, by path, and its accuracies: all that must not depend on interruptions.</summary>
    public static Dictionary<string, string> Outcome(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)
                || path.EndsWith(".csv", StringComparison.Ordinal)
                || path.EndsWith(".png", StringComparison.Ordinal)
                || path.EndsWith("confusion.json", StringComparison.Ordinal))
            // When pictures are taken on the way follows from how many updates were asked for, as the curves do.
            .Where(path => !path.Contains("checkpoints") && Path.GetFileName(Path.GetDirectoryName(path)) != "film")
            .ToDictionary(path => Path.GetRelativePath(folder, path), FileHash.Of);

    public void Message(string text) => Messages.Add(text);

    public void Progress(in WorkProgress progress)
    {
        if (Works.LastOrDefault() != progress.Work)
        {
            Works.Add(progress.Work);
        }

        if (progress.Work == _stopIn && progress.Done >= _stopAt)
        {
            _source.Cancel();
        }
    }

    private void Work(string folder, DptOptions options, bool overwrite) =>
        With(folder, options, this, pipeline => Result = pipeline.Run(_source.Token), overwrite);
}
