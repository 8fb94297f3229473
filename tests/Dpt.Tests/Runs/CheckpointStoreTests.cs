using System.Text.Json.Nodes;
using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt.Tests;

public class CheckpointStoreTests
{
    private TemporaryFolder _folder = null!;
    private RecordingObserver _observer = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        _observer = new RecordingObserver();
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void LoadLatest_NothingSaved_IsNull() => Assert.That(Store().LoadLatest(), Is.Null);

    [Test]
    public void Save_ThenLoad_GivesTheSameBits()
    {
        Store().Save(State(100));
        var loaded = Store().LoadLatest()!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.Step, Is.EqualTo(100));
            Assert.That((double)loaded.State["threshold"]!, Is.EqualTo(0.1 + 0.2));
            Assert.That(loaded.Tensors.Keys, Is.EquivalentTo(["model", "optimizer"]));
            Assert.That(loaded.Tensors["model"]["w"].Shape, Is.EqualTo(new TensorShape(2, 1)));
            Assert.That(loaded.Tensors["model"]["w"].Values, Is.EqualTo([100f, 0.1f]));
            Assert.That(_observer.Messages, Is.Empty);
        }
    }

    [Test]
    public void Save_Often_KeepsTheNewest()
    {
        var store = Store();
        foreach (var step in new[] { 100, 200, 300, 400 })
        {
            store.Save(State(step));
        }

        Assert.That(Names(), Is.EqualTo(["step-00000300", "step-00000400"]));
    }

    /// <summary>Of 100, 200, ... 700 the two newest, and the multiples of 300 wherever they lie; also when they are cleaned later.</summary>
    [Test]
    public void Save_KeepingSomeBesides_KeepsThoseToo()
    {
        var store = new CheckpointStore(_folder.Path, keep: 2, _observer, keepEvery: 300);
        foreach (var step in Enumerable.Range(1, 7))
        {
            store.Save(State(100 * step));
        }

        string[] kept = ["step-00000300", "step-00000600", "step-00000700"];
        Assert.That(Names(), Is.EqualTo(kept));
        store.Clean(700);
        Assert.That(Names(), Is.EqualTo(kept));
        Assert.That(store.LoadLatest()!.Step, Is.EqualTo(700));
        Store().Clean(700);
        Assert.That(Names(), Is.EqualTo(["step-00000600", "step-00000700"]), "without the setting they go");
    }

    [Test]
    public void LoadLatest_OfAKind_PassesOverTheOthers()
    {
        SaveTwo();
        Assert.That(Store().LoadLatest(state => state.Step < 200)!.Step, Is.EqualTo(100));
        Assert.That(Store().LoadLatest(_ => false), Is.Null);
    }

    [Test]
    public void Save_SameStepAgain_ReplacesIt()
    {
        var store = Store();
        store.Save(State(100));
        store.Save(State(100) with { State = new JsonObject { ["threshold"] = 7 } });
        Assert.That((int)store.LoadLatest()!.State["threshold"]!, Is.EqualTo(7));
        Assert.That(Names(), Is.EqualTo(["step-00000100"]));
    }

    /// <summary>
    /// What a process killed while it wrote step 200 may leave: any number of files in a folder aside. With the last one
    /// the checkpoint is whole, and gets its name.
    /// </summary>
    [Test]
    public void LoadLatest_AfterAKillAtAnyFile_GivesTheNewestWholeOne([Range(0, 4)] int filesWritten)
    {
        var store = Store();
        store.Save(State(100));
        store.Save(State(200));
        var aside = _folder["tmp-0123"];
        Directory.Move(_folder["step-00000200"], aside);
        foreach (var path in Directory.GetFiles(aside).Order().Skip(filesWritten))
        {
            File.Delete(path);
        }

        var newest = filesWritten == 4 ? 200 : 100;
        Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(newest));
        Store().Save(State(300));
        Assert.That(Names(), Is.EqualTo([$"step-00000{newest}", "step-00000300"]));
    }

    /// <summary>Step 100 again, killed when the old one had gone and the new one had no name yet.</summary>
    [Test]
    public void Save_SameStepAgain_KilledBetweenTheRenames_LosesNeither()
    {
        var old = Store();
        old.Save(State(100));
        Directory.Move(_folder["step-00000100"], _folder["old-0123"]);
        var other = new CheckpointStore(_folder["other"], keep: 2, _observer);
        other.Save(State(100) with { State = new JsonObject { ["threshold"] = 7 } });
        Directory.Move(_folder["other/step-00000100"], _folder["tmp-4567"]);
        Directory.Delete(_folder["other"]);
        Assert.That((int)Store().LoadLatest()!.State["threshold"]!, Is.EqualTo(7));
        Assert.That(Names(), Is.EqualTo(["step-00000100"]));
    }

    /// <summary>What is left aside never takes the place of a checkpoint that has its name.</summary>
    [Test]
    public void Save_SameStepAgain_KilledBeforeTheRenames_KeepsTheOldOne()
    {
        Store().Save(State(100));
        var other = new CheckpointStore(_folder["other"], keep: 2, _observer);
        other.Save(State(100) with { State = new JsonObject { ["threshold"] = 7 } });
        Directory.Move(_folder["other/step-00000100"], _folder["tmp-4567"]);
        Directory.Delete(_folder["other"]);
        Assert.That((double)Store().LoadLatest()!.State["threshold"]!, Is.EqualTo(0.1 + 0.2));
        Assert.That(Names(), Is.EqualTo(["step-00000100"]));
    }

    /// <summary>A longer training left later checkpoints: they must not count against those of a shorter one.</summary>
    [Test]
    public void Save_BesideLaterCheckpoints_KeepsItsOwn()
    {
        var store = Store();
        store.Save(State(300));
        store.Save(State(400));
        store.Save(State(10));
        store.Save(State(20));
        store.Save(State(30));
        Assert.That(
            Names(), Is.EqualTo(["step-00000020", "step-00000030", "step-00000300", "step-00000400"]));
        Assert.That(Store().LoadLatest(state => state.Step < 100)!.Step, Is.EqualTo(30));
    }

    /// <summary>A pipe would be waited for, and a device never ends.</summary>
    [TestCase("DONE")]
    [TestCase("state.json")]
    [TestCase("model.safetensors")]
    [Platform("Linux")]
    [CancelAfter(10_000)]
    public void LoadLatest_WhereAPipeOrADeviceIs_PassesOverIt(string name)
    {
        foreach (var put in new Action<string>[] { UnixFiles.MakePipe, path => File.CreateSymbolicLink(path, "/dev/zero") })
        {
            SaveTwo();
            File.Delete(_folder[$"step-00000200/{name}"]);
            put(_folder[$"step-00000200/{name}"]);
            Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100));
            Assert.That(_observer.Messages, Has.Some.Contains("a regular file is asked for"));
            Assert.That(CheckpointStore.StatesIn(_folder.Path).Count(), Is.EqualTo(name == "state.json" ? 1 : 2));
            Directory.Delete(_folder["step-00000200"], recursive: true);
        }
    }

    [Test]
    public void StatesIn_Folder_AreTheNewestFirstWithoutTheUnreadable()
    {
        SaveTwo();
        Store().Save(State(300));
        File.WriteAllText(_folder["step-00000300/state.json"], "{");
        Assert.That(CheckpointStore.StatesIn(_folder.Path).Select(state => (long)state["step"]!), Is.EqualTo([200]));
        Assert.That(CheckpointStore.StatesIn(_folder["none"]), Is.Empty);
    }

    [TestCase("model.safetensors")]
    [TestCase("optimizer.safetensors")]
    [TestCase("state.json")]
    [TestCase("DONE")]
    public void LoadLatest_FileMissing_FallsBackAndSaysWhy(string name)
    {
        SaveTwo();
        File.Delete(_folder[$"step-00000200/{name}"]);
        Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100));
        Assert.That(_observer.Messages, Has.One.Contains("step-00000200").And.One.Contains("does not count"));
    }

    [TestCase("model.safetensors")]
    [TestCase("optimizer.safetensors")]
    [TestCase("state.json")]
    [TestCase("DONE")]
    public void LoadLatest_AnyByteChanged_FallsBack(string name)
    {
        SaveTwo();
        var path = _folder[$"step-00000200/{name}"];
        var whole = File.ReadAllBytes(path);
        for (var i = 0; i < whole.Length; i++)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= 1;
            File.WriteAllBytes(path, changed);
            Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100), $"byte {i} of {name}");
        }
    }

    [Test]
    public void LoadLatest_FolderRenamedToAnotherStep_DoesNotCount()
    {
        SaveTwo();
        Directory.Move(_folder["step-00000200"], _folder["step-00000900"]);
        Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100));
    }

    [TestCase("0000  ../../secret")]
    [TestCase("0000  \0")]
    [TestCase("")]
    public void LoadLatest_ForgedDone_FallsBack(string done)
    {
        SaveTwo();
        _folder.Write("step-00000200/DONE", done);
        Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100));
    }

    /// <summary>A file outside of the checkpoint, of the hash that DONE says: it must not be looked at.</summary>
    [Test]
    public void LoadLatest_DoneNamesAFileElsewhere_FallsBack()
    {
        SaveTwo();
        File.Move(_folder["step-00000200/model.safetensors"], _folder["model.safetensors"]);
        var done = File.ReadAllText(_folder["step-00000200/DONE"]);
        _folder.Write("step-00000200/DONE", done.Replace("  model.safetensors", "  ../model.safetensors"));
        Assert.That(Store().LoadLatest()!.Step, Is.EqualTo(100));
    }

    private CheckpointStore Store() => new(_folder.Path, keep: 2, _observer);

    private void SaveTwo()
    {
        Store().Save(State(100));
        Store().Save(State(200));
    }

    private IEnumerable<string?> Names() => Directory.GetDirectories(_folder.Path).Select(Path.GetFileName).Order();

    private static TrainingState State(long step) => new(
        step,
        new JsonObject { ["threshold"] = 0.1 + 0.2 },
        new Dictionary<string, IReadOnlyDictionary<string, (TensorShape Shape, float[] Values)>>
        {
            ["model"] = new Dictionary<string, (TensorShape Shape, float[] Values)> { ["w"] = (new TensorShape(2, 1), [step, 0.1f]) },
            ["optimizer"] = new Dictionary<string, (TensorShape Shape, float[] Values)> { ["w.m"] = (new TensorShape(1), [float.NaN]) },
        });
}
