using System.Text.Json.Nodes;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// What a kill, a full disk or a hand leaves behind: a run heals, with the same outcome, or says in one line what to do.
/// Verbs that read change nothing.
/// </summary>
public class DamageTests
{
    private FinishedRun _run = null!;

    [OneTimeSetUp]
    public void RunOnce() => _run = new FinishedRun();

    [OneTimeTearDown]
    public void RemoveFolder() => _run.Dispose();

    [TestCase("")]
    [TestCase("{")]
    [TestCase("{}")]
    [TestCase("null")]
    public void Run_ManifestDamaged_IsFinishedAnewWithoutTraining(string text)
    {
        foreach (var stage in new[] { "stage-1-classifier", "stage-2-diffusion", "stage-3-classifier" })
        {
            var folder = _run.Copy();
            File.WriteAllText(Path.Combine(folder, stage, "manifest.json"), text);
            var again = TinyRun.In(folder);
            Assert.That(again.Works, Is.Empty, "checkpoints and shards are all there");
            Assert.That(again.Messages, Has.Some.Contains($"{stage}: its manifest does not count"));
            RequireSame(folder, again);
        }
    }

    /// <summary>Without the manifest nobody knows the hash of a shard but the shard.</summary>
    [TestCase("shard-003-00000.safetensors", true)]
    [TestCase("shard-003-00000.safetensors", false)]
    [TestCase("shards.json", true)]
    [TestCase("shards.json", false)]
    public void Run_ShardsDamagedAndNoManifest_AreDrawnAgain(string name, bool oneBit)
    {
        var folder = _run.Copy();
        File.Delete(Path.Combine(folder, "stage-2-diffusion/manifest.json"));
        var path = Path.Combine(folder, "stage-2-diffusion/pseudo-images", name);
        var bytes = File.ReadAllBytes(path);
        bytes[^3] ^= 1;
        File.WriteAllBytes(path, oneBit ? bytes : bytes[..(bytes.Length / 2)]);
        RequireSame(folder, TinyRun.In(folder));
    }

    [TestCase("origin")]
    [TestCase("seconds")]
    [TestCase("machines")]
    [TestCase("thresholds")]
    [TestCase("step")]
    public void Run_StateLacksAMember_TheCheckpointDoesNotCount(string member)
    {
        var folder = Unfinished("stage-1-classifier");
        FinishedRun.EditState(Newest(folder, "stage-1-classifier"), state => state.Remove(member));
        RequireSame(folder, TinyRun.In(folder));
    }

    [TestCase("origin", "7")]
    [TestCase("seconds", "\"long\"")]
    [TestCase("machines", "{}")]
    [TestCase("thresholds", "{}")]
    [TestCase("thresholds", "{\"global\":0.5,\"classProbabilities\":[1],\"classFrequencies\":[1]}")]
    [TestCase("thresholds", "{\"global\":0.5,\"classProbabilities\":[1,1,1,1,1,1,1,1,1,1],\"classFrequencies\":[1]}")]
    [TestCase("thresholds", "{\"global\":0.5,\"classProbabilities\":[1],\"classFrequencies\":[1,1,1,1,1,1,1,1,1,1]}")]
    [TestCase("thresholds", "null")]
    public void Run_StateHasAMemberOfAnotherKind_TheCheckpointDoesNotCount(string member, string value)
    {
        var folder = Unfinished("stage-1-classifier");
        FinishedRun.EditState(Newest(folder, "stage-1-classifier"), state => state[member] = JsonNode.Parse(value));
        RequireSame(folder, TinyRun.In(folder));
    }

    /// <summary>Also where there is no earlier one: then from the start, with untouched first weights.</summary>
    [TestCase("model.safetensors")]
    [TestCase("ema.safetensors")]
    public void Run_StateLacksTensors_NoCheckpointCounts(string name)
    {
        foreach (var stage in new[] { "stage-1-classifier", "stage-2-diffusion" })
        {
            var folder = Unfinished(stage);
            foreach (var checkpoint in Directory.GetDirectories(Path.Combine(folder, stage, "checkpoints")))
            {
                File.Delete(Path.Combine(checkpoint, name));
                var done = Path.Combine(checkpoint, "DONE");
                File.WriteAllLines(done, File.ReadAllLines(done).Where(line => !line.EndsWith(name, StringComparison.Ordinal)));
            }

            var again = TinyRun.In(folder);
            Assert.That(again.Messages, Has.Some.Contains($"it has no tensors '{Path.GetFileNameWithoutExtension(name)}'"));
            RequireSame(folder, again);
        }
    }

    [Test]
    public void Run_LeftoversOfKilledProcesses_AreSweptAndNeverListed()
    {
        var folder = _run.Copy();
        string[] strays =
        [
            $".result.json.{Guid.NewGuid():n}.tmp",
            $"stage-1-classifier/.manifest.json.{Guid.NewGuid():n}.tmp",
            $"stage-2-diffusion/pseudo-images/.shard-001-00000.safetensors.{Guid.NewGuid():n}.tmp",
            "stage-1-classifier/checkpoints/tmp-0123/model.safetensors",
            "stage-1-classifier/checkpoints/old-0123/model.safetensors",
        ];
        foreach (var stray in strays)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, stray))!);
            File.WriteAllText(Path.Combine(folder, stray), "half");
        }

        foreach (var stage in new[] { "stage-1-classifier", "stage-2-diffusion" })
        {
            File.Delete(Path.Combine(folder, stage, "manifest.json"));
        }

        File.WriteAllText(Path.Combine(folder, "stage-2-diffusion/pseudo-images/notes.txt"), "mine");
        RequireSame(folder, TinyRun.In(folder));
        Assert.That(strays.Where(stray => File.Exists(Path.Combine(folder, stray))), Is.Empty);
        var manifest = File.ReadAllText(Path.Combine(folder, "stage-2-diffusion/manifest.json"));
        Assert.That(manifest, Does.Not.Contain(".tmp").And.Not.Contain("notes.txt").And.Contain("shard-001-00000"));
    }

    /// <summary>Killed when the last checkpoint had its name and the oldest was not yet gone.</summary>
    [Test]
    public void Run_KilledBetweenSavingAndCleaning_KeepsNoCheckpointTooMany()
    {
        var folder = Unfinished("stage-2-diffusion");
        var checkpoints = Path.Combine(folder, "stage-2-diffusion/checkpoints");
        var before = Directory.GetDirectories(checkpoints);
        Directory.CreateDirectory(Path.Combine(checkpoints, "step-00000002"));
        RequireSame(folder, TinyRun.In(folder));
        Assert.That(Directory.GetDirectories(checkpoints), Is.EquivalentTo(before));
    }

    [Test]
    public void Reading_AFinishedRun_ChangesNothingOfIt()
    {
        var folder = _run.Copy();
        var before = FinishedRun.Everything(folder);
        TinyRun.With(folder, TinyOptions.Run, new SilentObserver(), pipeline =>
        {
            pipeline.Evaluate(default);
            pipeline.MeasureSamples(new SampleComparison(), default);
        });
        Assert.That(
            FinishedRun.Everything(folder).Where(file => !file.Key.StartsWith("reference", StringComparison.Ordinal)),
            Is.EquivalentTo(before));
    }

    [Test]
    public void Reading_WithOtherSettings_IsRefusedBeforeAnything()
    {
        var folder = _run.Copy();
        var before = FinishedRun.Everything(folder);
        foreach (var work in new Action<DptPipeline>[] { p => p.Evaluate(default), p => p.MeasureSamples(new SampleComparison(), default) })
        {
            TestImages.Fails(
                FailureKind.Usage,
                () => TinyRun.With(folder, TinyOptions.Run with { Seed = 9 }, new SilentObserver(), work, overwrite: true),
                "seed 3 -> 9");
        }

        Assert.That(FinishedRun.Everything(folder), Is.EqualTo(before));
    }

    [TestCase("stage-1-classifier/classifier.safetensors")]
    [TestCase("stage-2-diffusion/pseudo-images/shard-001-00000.safetensors")]
    [TestCase("stage-3-classifier/confusion.json")]
    [TestCase("stage-3-classifier/result.json")]
    public void Reading_ADamagedRun_SaysWhatToDo(string name)
    {
        var folder = _run.Copy();
        File.AppendAllText(Path.Combine(folder, name), " ");
        TestImages.Fails(
            FailureKind.Check,
            () => TinyRun.With(folder, TinyOptions.Run, new SilentObserver(), pipeline => pipeline.Evaluate(default)),
            $"{name}' has changed since it was made; `dpt run --resume {folder}` makes it again");
    }

    [Test]
    public void Run_OnAnotherVectorWidth_SaysSoAndRecordsIt()
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, "stage-1-classifier", 3);
        using var narrow = new HostDevice(threads: 1, width: SimdWidth.Scalar);
        var observer = new RecordingObserver();
        DptResult? result = null;
        TinyRun.On(narrow, folder, TinyOptions.Run, observer, pipeline => result = pipeline.Run(default));
        Assert.That(observer.Messages, Has.One.Contains("warning: begun by").And.One.Contains("continued by engine"));
        Assert.That(result!.Warnings, Has.One.Contains("host, no vectors").And.One.Contains("-bit vectors"));
        var machines = MachinesOf(folder, "stage-1-classifier");
        Assert.That(machines, Has.Count.EqualTo(2));
        Assert.That(machines[1], Is.EqualTo($"engine {RunRecord.EngineVersion} on host, no vectors"));
        Assert.That(MachinesOf(folder, "stage-3-classifier"), Is.EqualTo([machines[1]]));

        using var alone = new HostDevice(threads: 1, width: SimdWidth.Scalar);
        var undisturbed = _run.Fresh();
        TinyRun.On(alone, undisturbed, TinyOptions.Run, new SilentObserver(), pipeline => result = pipeline.Run(default));
        Assert.That(result!.Warnings, Has.None.Contains("computed by"));
    }

    [Test]
    public void Seconds_BeforeAnInterruption_Count()
    {
        var folder = _run.Fresh();
        TinyRun.Interrupted(folder, "stage-2-diffusion: draw", 8);
        var drawing = Path.Combine(folder, "stage-2-diffusion/drawing.json");
        var record = JsonFiles.Load<DrawingRecord>(drawing);
        Assert.That(record.Seconds, Is.GreaterThan(0));
        JsonFiles.Save(drawing, record with { Seconds = 1000 });
        FinishedRun.EditState(Newest(folder, "stage-2-diffusion"), state => state["seconds"] = 500);
        var result = TinyRun.In(folder).Result!;
        Assert.That(result.Stage2.Seconds, Is.InRange(1500, 1600));
        Assert.That(result.TotalSeconds, Is.InRange(1500, 1700));
        Assert.That(result.Stage2.ImagesPerSecond, Is.EqualTo(72.0 / 500).Within(1).Percent);
    }

    /// <summary>A copy in which a stage is trained but not finished.</summary>
    private string Unfinished(string stage)
    {
        var folder = _run.Copy();
        foreach (var path in Directory.GetFiles(Path.Combine(folder, stage)))
        {
            File.Delete(path);
        }

        return folder;
    }

    private static string Newest(string folder, string stage) =>
        Directory.GetDirectories(Path.Combine(folder, stage, "checkpoints")).Order(StringComparer.Ordinal).Last();

    private static IReadOnlyList<string> MachinesOf(string folder, string stage) =>
        JsonFiles.Load<StageManifest>(Path.Combine(folder, stage, "manifest.json")).Machines;

    private void RequireSame(string folder, TinyRun run)
    {
        Assert.That(TinyRun.Outcome(folder), Is.EqualTo(_run.Outcome));
        Assert.That(FinishedRun.Timeless(run.Result!), Is.EqualTo(FinishedRun.Timeless(_run.Result)));
    }
}
