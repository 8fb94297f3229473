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
            Assert.That(Directory.Exists(first.Classifier.CheckpointsPath));
            Assert.That(first.Retrain.ManifestPath, Does.EndWith("00012-digits/stage-3-classifier/manifest.json"));
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

    [Test]
    public void Create_RootIsAFile_IsRefused()
    {
        _folder.Write("runs", "a file");
        TestImages.Fails(FailureKind.Environment, () => RunFolder.Create(_folder["runs"], "digits"), "cannot make a run folder");
    }
}
