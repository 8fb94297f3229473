namespace DPT.Engine.Dpt.Tests;

public class StageManifestTests
{
    private static readonly Dictionary<string, string> _inputs = new() { ["train"] = "aa", ["labels"] = "bb" };

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        _folder.Write("deep/model.bin", [1, 2, 3]);
        JsonFiles.Save(_folder["manifest.json"], new StageManifest
        {
            Stage = "stage-1-classifier",
            Engine = "0.1.0",
            ConfigHash = "cc",
            Inputs = _inputs,
            Outputs = [StageManifest.Describe(_folder.Path, _folder["deep/model.bin"])],
            Seconds = 1.5,
        });
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Holds_NothingChanged_IsTrue()
    {
        var manifest = Load();
        Assert.That(manifest.Outputs[0].Path, Is.EqualTo("deep/model.bin"));
        Assert.That(manifest.Holds(_folder.Path, "cc", _inputs, "0.1.0"));
    }

    [Test]
    public void Holds_AnyInputDiffers_IsFalse()
    {
        var manifest = Load();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(manifest.Holds(_folder.Path, "other", _inputs, "0.1.0"), Is.False);
            Assert.That(manifest.Holds(_folder.Path, "cc", _inputs, "0.2.0"), Is.False);
            Assert.That(manifest.Holds(_folder.Path, "cc", new Dictionary<string, string>(_inputs) { ["train"] = "x" }, "0.1.0"), Is.False);
            Assert.That(manifest.Holds(_folder.Path, "cc", new Dictionary<string, string>(_inputs) { ["more"] = "x" }, "0.1.0"), Is.False);
            Assert.That(manifest.Holds(_folder.Path, "cc", new Dictionary<string, string> { ["train"] = "aa" }, "0.1.0"), Is.False);
        }
    }

    [TestCase(new byte[] { 1, 2, 4 })]
    [TestCase(new byte[] { 1, 2 })]
    [TestCase(null)]
    public void Holds_OutputChangedOrGone_IsFalse(byte[]? content)
    {
        File.Delete(_folder["deep/model.bin"]);
        if (content is not null)
        {
            _folder.Write("deep/model.bin", content);
        }

        Assert.That(Load().Holds(_folder.Path, "cc", _inputs, "0.1.0"), Is.False);
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("""{"stage":null}""")]
    [TestCase("""{"stage":"a","engine":"b","configHash":"c","inputs":null,"outputs":[],"seconds":1}""")]
    public void Load_DamagedFile_IsRefused(string text)
    {
        _folder.Write("manifest.json", text);
        TestImages.Fails(FailureKind.Check, () => Load(), "manifest.json");
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

    private StageManifest Load() => JsonFiles.Load<StageManifest>(_folder["manifest.json"]);
}
