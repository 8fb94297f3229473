namespace DPT.Engine.Dpt.Tests;

public class StageManifestTests
{
    private static readonly StageOrigin _origin = new(
        new Dictionary<string, string> { ["stage1.steps"] = "20", ["hash of train"] = new('a', 64) },
        new Dictionary<string, string> { ["generator"] = new('b', 64) });

    private TemporaryFolder _folder = null!;
    private StageFolder _stage = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        using var run = RunFolder.CreateAt(_folder["run"]);
        _stage = run.Round(1).Labels;
        var model = _folder.Write("run/stage-1-classifier/deep/model.bin", [1, 2, 3]);
        JsonFiles.Save(_stage.ManifestPath, new StageManifest
        {
            Stage = "stage-1-classifier",
            Origin = _origin,
            Machines = ["engine 0.1.0 on host"],
            Outputs = [StageManifest.Describe(_stage.FolderPath, model)],
            Seconds = 1.5,
            PeakMemoryBytes = 100,
        });
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Read_NothingChanged_GivesWhatWasSaved()
    {
        var manifest = Read()!;
        Assert.That(manifest.Outputs[0].Path, Is.EqualTo("deep/model.bin"));
        Assert.That(manifest.Origin.Differences(_origin), Is.Empty);
        Assert.That(manifest.Origin.Hash, Is.EqualTo(_origin.Hash));
        Assert.That(manifest.Changed(_stage.FolderPath), Is.Empty);
    }

    [Test]
    public void Differences_AnythingElse_IsNamedWithBothValues()
    {
        var now = new StageOrigin(
            new Dictionary<string, string> { ["stage1.steps"] = "21", ["hash of train"] = new('c', 64), ["seed"] = "1" },
            new Dictionary<string, string>());
        string[] given = ["hash of train aaaaaaaa -> cccccccc", "seed nothing -> 1", "stage1.steps 20 -> 21"];
        Assert.That(Read()!.Origin.DifferencesGiven(now), Is.EqualTo(given));
        Assert.That(Read()!.Origin.Differences(now), Is.EqualTo(given.Append("generator bbbbbbbb -> nothing")));
        Assert.That(now.Hash, Is.Not.EqualTo(_origin.Hash));
    }

    [TestCase(new byte[] { 1, 2, 4 })]
    [TestCase(new byte[] { 1, 2 })]
    [TestCase(null)]
    public void Changed_OutputChangedOrGone_NamesIt(byte[]? content)
    {
        var path = _folder["run/stage-1-classifier/deep/model.bin"];
        File.Delete(path);
        if (content is not null)
        {
            File.WriteAllBytes(path, content);
        }

        Assert.That(Read()!.Changed(_stage.FolderPath), Is.EqualTo([path]));
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("[1]")]
    [TestCase("""{"schema":2,"stage":null}""")]
    [TestCase("""{"schema":2,"stage":"a","origin":{"given":{}},"machines":[],"outputs":[],"seconds":1,"peakMemoryBytes":1}""")]
    public void Read_DamagedFile_CountsAsNone(string text)
    {
        File.WriteAllText(_stage.ManifestPath, text);
        var observer = new RecordingObserver();
        Assert.That(StageManifest.Read(_stage, observer), Is.Null);
        Assert.That(observer.Messages, Has.Exactly(1).Contains("manifest.json"));
    }

    [Test]
    public void Read_OfAnotherVersion_IsRefused()
    {
        File.WriteAllText(_stage.ManifestPath, """{"schema":1,"stage":"stage-1-classifier","configHash":"cc"}""");
        TestImages.Fails(FailureKind.Check, () => Read(), "is of schema 1, this engine writes 2");
    }

    [Test]
    public void Load_MissingFile_NamesIt() =>
        TestImages.Fails(FailureKind.Environment, () => JsonFiles.Load<StageManifest>(_folder["none.json"]), "none.json");

    [Test]
    public void RunRecord_SaveThenLoad_GivesTheSame()
    {
        var record = new RunRecord
        {
            Started = new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc),
            CommandLine = ["dpt", "run", "--data", "digits+\"x\""],
            Device = "host",
            Kernels = new Dictionary<string, string> { ["matmul"] = "v2: default" },
            Seed = 1,
            DataHashes = new Dictionary<string, string> { ["train"] = "aa" },
        };
        JsonFiles.Save(_folder["run.json"], record);
        var loaded = JsonFiles.Load<RunRecord>(_folder["run.json"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.Engine, Does.Match(@"^\d+\.\d+\.\d+"));
            Assert.That(loaded.CommandLine, Is.EqualTo(record.CommandLine));
            Assert.That(loaded.Started, Is.EqualTo(record.Started));
            Assert.That(loaded.Kernels, Is.EqualTo(record.Kernels));
            Assert.That(File.ReadAllText(_folder["run.json"]), Does.Contain("digits+"));
        }
    }

    private StageManifest? Read() => StageManifest.Read(_stage, new SilentObserver());
}
