namespace DPT.Engine.Dpt.Tests;

public class RunGroupTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Create_AfterOtherRuns_TakesTheNextNumber()
    {
        using var run = RunFolder.Create(_folder["runs"], "digits");
        var group = RunGroup.Create(_folder["runs"], "digits-seeds", [3, 1]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(group.FolderPath, Is.EqualTo(_folder["runs/00002-digits-seeds"]));
            Assert.That(group.RunPath(3), Is.EqualTo(_folder["runs/00002-digits-seeds/seed-3"]));
            Assert.That(RunGroup.Open(group.FolderPath).Seeds, Is.EqualTo([1, 3]));
            Assert.That(RunGroup.IsGroup(run.FolderPath), Is.False);
        }
    }

    [Test]
    public void CreateAt_WhereAGroupIs_AddsSeeds()
    {
        RunGroup.CreateAt(_folder["group"], [5]);
        Assert.That(RunGroup.CreateAt(_folder["group"] + "/", [2, 5]).Seeds, Is.EqualTo([2, 5]));
        Assert.That(RunGroup.CreateAt(_folder["group"], [5]).Seeds, Is.EqualTo([2, 5]));
    }

    [Test]
    public void CreateAt_WhereSomethingElseIs_IsRefused()
    {
        _folder.Write("full/notes.txt", "mine");
        using (var run = RunFolder.CreateAt(_folder["run"]))
        {
            File.WriteAllText(run.ConfigPath, "{}");
        }

        TestImages.Fails(FailureKind.Usage, () => RunGroup.CreateAt(_folder["full"], [1]), "is not empty");
        TestImages.Fails(FailureKind.Usage, () => RunGroup.CreateAt(_folder["run"], [1]), "holds a single run");
        TestImages.Fails(FailureKind.Environment, () => RunGroup.Open(_folder["run"]), "does not hold runs of several seeds");
    }

    [Test]
    public void CreateAt_BelowAFile_IsRefused()
    {
        _folder.Write("file", "a file");
        TestImages.Fails(FailureKind.Environment, () => RunGroup.CreateAt(_folder["file/group"], [1]), "cannot make");
    }
}
