namespace DPT.Engine.Dpt.Tests;

public class RunFolderTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Create_AfterOtherRuns_TakesTheNextNumber()
    {
        Directory.CreateDirectory(_folder["runs/00011-mnist"]);
        Directory.CreateDirectory(_folder["runs/notes"]);
        using var first = RunFolder.Create(_folder["runs"], "digits");
        using var second = RunFolder.Create(_folder["runs"], "../my data:set");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Name, Is.EqualTo("00012-digits"));
            Assert.That(second.Name, Is.EqualTo("00013-my-data-set"));
            Assert.That(Directory.Exists(first.Round(1).Labels.CheckpointsPath));
            Assert.That(first.Round(1).Retrain.ManifestPath, Does.EndWith("00012-digits/stage-3-classifier/manifest.json"));
        }
    }

    [Test]
    public void Create_ManyAtOnce_GivesEveryOneItsOwn()
    {
        var names = new string[24];
        Parallel.For(0, names.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using var run = RunFolder.Create(_folder["runs"], "digits");
            names[i] = run.Name;
        });
        Assert.That(names, Is.Unique);
    }

    [Test]
    public void Open_WhileAnotherWorksInIt_IsRefused()
    {
        string path;
        using (var run = RunFolder.Create(_folder.Path, "digits"))
        {
            path = run.FolderPath;
            File.WriteAllText(run.ConfigPath, "{}");
            TestImages.Fails(FailureKind.Environment, () => RunFolder.Open(path), "another process");
        }

        using var again = RunFolder.Open(path + "/");
        Assert.That(again.Name, Is.EqualTo("00001-digits"));
    }

    [Test]
    public void Open_FolderThatIsNoRun_IsRefused() =>
        TestImages.Fails(FailureKind.Environment, () => RunFolder.Open(_folder.Path), "not a run folder");

    /// <summary>A run that was killed, or failed, before its first file was whole.</summary>
    [Test]
    public void CreateAt_WhereARunEndedBeforeItBegan_IsUsableAgain()
    {
        var path = _folder["run"];
        using (var ended = RunFolder.CreateAt(path))
        {
            File.WriteAllText(ended.LogPath, "dpt run on host");
        }

        File.WriteAllText(_folder[$"run/.config.resolved.json.{Guid.NewGuid():n}.tmp"], "{");
        TestImages.Fails(FailureKind.Environment, () => RunFolder.Open(path), $"start it again with --out '{path}'");
        using (var again = RunFolder.CreateAt(path))
        {
            TestImages.Fails(FailureKind.Environment, () => RunFolder.CreateAt(path), "cannot make the run folder");
            again.Sweep();
            File.WriteAllText(again.ConfigPath, "{}");
        }

        TestImages.Fails(FailureKind.Usage, () => RunFolder.CreateAt(path), "--resume");
        Assert.That(Directory.GetFiles(path).Select(Path.GetFileName), Is.EquivalentTo([".lock", "config.resolved.json", "log.txt"]));
    }

    [TestCase("notes.txt")]
    [TestCase("stage-1-classifier/classifier.safetensors")]
    [TestCase("stage-1-classifier/.hidden")]
    public void CreateAt_WhereSomethingIs_IsRefused(string name)
    {
        RunFolder.CreateAt(_folder["run"]).Dispose();
        _folder.Write($"run/{name}", "mine");
        TestImages.Fails(FailureKind.Usage, () => RunFolder.CreateAt(_folder["run"]), "is not empty");
    }

    [Test]
    public void Sweep_TakesHalfWrittenFilesOnly_AndFollowsNoLink()
    {
        var outside = _folder.Write($"outside/.x.{Guid.NewGuid():n}.tmp", "not ours");
        using var run = RunFolder.CreateAt(_folder["run"]);
        Directory.CreateSymbolicLink(_folder["run/link"], _folder["outside"]);
        string[] kept = [".hidden.tmp", "a.tmp", $"x.{Guid.NewGuid():n}.tmp"];
        Array.ForEach(kept, name => _folder.Write($"run/stage-2-diffusion/{name}", "mine"));
        var stray = _folder.Write($"run/stage-2-diffusion/.samples.png.{Guid.NewGuid():n}.tmp", "half");
        run.Sweep();
        Assert.That(stray, Does.Not.Exist);
        Assert.That(outside, Does.Exist);
        Assert.That(kept.Where(name => !File.Exists(_folder[$"run/stage-2-diffusion/{name}"])), Is.Empty);
    }

    [Test]
    public void RequireRoom_NotEnoughOrNotWritable_IsRefusedAndLeavesNothing()
    {
        RunFolder.RequireRoom(_folder["a/b/c"], 1000);
        TestImages.Fails(FailureKind.Environment, () => RunFolder.RequireRoom(_folder["a/b"], long.MaxValue), "MiB free");
        _folder.Write("file", "a file");
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void Create_RootIsAFile_IsRefused()
    {
        _folder.Write("runs", "a file");
        TestImages.Fails(FailureKind.Environment, () => RunFolder.Create(_folder["runs"], "digits"), "cannot make a run folder");
    }
}
