namespace DPT.Engine.Dpt.Tests;

/// <summary>
/// Links in a data set of folders. Image i of a class is one colour, so that an image that counts twice, or for the wrong
/// class, shows. Every case must end as the set without links does, or say why not.
/// </summary>
[CancelAfter(20_000)]
public class FolderLinkTests
{
    private static readonly string[] _plain = ["cats/1.png", "cats/2.png", "cats/more/3.png", "dogs/4.png", "dogs/5.png"];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        foreach (var name in _plain)
        {
            Write($"set/train/{name}", name[^5] - '0');
        }

        Write("set/test/cats/6.png", 6);
        Write("set/test/dogs/7.png", 7);
        Write("elsewhere/8.png", 8);
        Write("elsewhere/deep/9.png", 9);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("cats/loop", "..", TestName = "Link_ToTheFolderOfAllClasses")]
    [TestCase("cats/loop", "../..", TestName = "Link_ToTheSet")]
    [TestCase("cats/loop", "/", TestName = "Link_ToTheRootOfTheFileSystem")]
    [TestCase("cats/loop", ".", TestName = "Link_ToItsOwnFolder")]
    [TestCase("cats/more/loop", "../../cats", TestName = "Link_ToItsClass")]
    [TestCase("cats/loop", "../dogs", TestName = "Link_ToAnotherClass")]
    [TestCase("dogs/loop", "../cats/more", TestName = "Link_IntoAnotherClass")]
    [TestCase("dogs/again.png", "4.png", TestName = "Link_ToAnImageBesideIt")]
    [TestCase("cats/again.png", "../dogs/4.png", TestName = "Link_ToAnImageOfAnotherClass")]
    [TestCase("cats/again.png", "../../test/dogs/7.png", TestName = "Link_ToATestImage")]
    [TestCase("cats/again", "../../test/cats", TestName = "Link_ToATestClass")]
    [TestCase("loop", ".", TestName = "Link_BesideTheClassesToAllOfThem")]
    [TestCase("loop", "../..", TestName = "Link_BesideTheClassesToAFolderAbove")]
    public void Load_LinkToWhatIsThereAlready_IsLeftOutAndSaid(string link, string target)
    {
        var before = Load();
        Link($"set/train/{link}", target);
        var after = Load();
        Assert.That(after.Train.FileNames, Is.EqualTo(_plain));
        Assert.That(after.Train.Hash, Is.EqualTo(before.Train.Hash));
        Assert.That(after.Test.Hash, Is.EqualTo(before.Test.Hash));
        Assert.That(after.Notes, Has.Exactly(1).Items);
        Assert.That(after.Notes[0], Does.Contain("links left out").And.Contain(": 1, ").And.Contain(link));
    }

    [TestCase("elsewhere", "cats/linked/8.png", "cats/linked/deep/9.png")]
    [TestCase("elsewhere/deep", "cats/linked/9.png", "cats/linked/back/8.png")]
    public void Load_LinkToAFolderElsewhere_IsFollowedOnce(string target, params string[] added)
    {
        Link("set/train/cats/linked", _folder[target]);
        Link("set/train/cats/linked again", _folder[target]);
        Link("elsewhere/deep/back", "..");
        Link("elsewhere/deep/to the set", _folder["set"]);
        var train = Load().Train;
        Assert.That(train.FileNames, Is.EquivalentTo(_plain.Concat(added)));
        Assert.That(train.Pixels.Where((_, i) => i % 4 == 0), Is.Unique, "no image counts twice");
        Assert.That(train.FileNames!.Where((_, i) => train.Labels[i] == 1), Is.EqualTo(["dogs/4.png", "dogs/5.png"]));
    }

    [Test]
    public void Load_LinksInACircleElsewhere_End()
    {
        Link("set/train/cats/linked", _folder["elsewhere"]);
        Link("elsewhere/a", "b");
        Link("elsewhere/b", "a");
        Link("elsewhere/deep/up", "../deep");
        TestImages.Fails(FailureKind.Check, () => Load(), "train/cats/linked/a: Too many levels");
        var train = Load(skipBroken: true).Train;
        Assert.That(train.FileNames, Is.EquivalentTo(_plain.Concat(["cats/linked/8.png", "cats/linked/deep/9.png"])));
    }

    /// <summary>Large sets are often links to a store; git-annex has it in a hidden folder.</summary>
    [Test]
    public void Load_LinksToFilesInAStore_AreImages()
    {
        Write("set/train/cats/.store/object-without-ending", 20);
        Link("set/train/cats/a.png", ".store/object-without-ending");
        Link("set/train/dogs/b.png", _folder["elsewhere/8.png"]);
        var train = Load().Train;
        Assert.That(train.FileNames, Is.EquivalentTo(_plain.Concat(["cats/a.png", "dogs/b.png"])));
        Assert.That(train.Image(Array.IndexOf(train.FileNames!, "cats/a.png"))[0], Is.EqualTo(20));
    }

    [Test]
    public void Load_ClassFoldersAndPartsThatAreLinks_AreRead()
    {
        Directory.CreateDirectory(_folder["linked"]);
        Link("linked/train", _folder["set/train"]);
        Directory.CreateDirectory(_folder["linked/test"]);
        Link("linked/test/cats", _folder["set/test/cats"]);
        Link("linked/test/dogs", _folder["set/test/dogs"]);
        Assert.That(Load("linked").Train.Hash, Is.EqualTo(Load().Train.Hash));
        Assert.That(Load("linked").Test.Hash, Is.EqualTo(Load().Test.Hash));
    }

    [TestCase("train/kittens", "cats", TestName = "Conflict_TwoClassesInOneFolder")]
    [TestCase("train/wolves", "cats/more", TestName = "Conflict_AClassInsideAnother")]
    [TestCase("test/cats/more", "../../../elsewhere", "train/cats/more too", "../../../elsewhere", TestName = "Conflict_OneFolderInTrainingAndTest")]
    [TestCase("train/cats/x", "../../../elsewhere", "train/dogs/x", "../../../elsewhere", TestName = "Conflict_OneFolderInTwoClasses")]
    [TestCase("train/cats/x", "../../../elsewhere", "train/dogs/x", "../../../elsewhere/deep", TestName = "Conflict_AFolderAndOneInside")]
    [TestCase("train/cats/x.png", "../../../elsewhere/8.png", "train/dogs/y.png", "../../../elsewhere/8.png", TestName = "Conflict_OneFileInTwoClasses")]
    [TestCase("train/cats/x", "../../../elsewhere", "test/dogs/y.png", "../../../elsewhere/8.png", TestName = "Conflict_AFileAndItsFolder")]
    public void Load_ImagesThatLinksPutIntoTwoPlaces_AreRefused(params string[] linksAndTargets)
    {
        foreach (var pair in linksAndTargets.Chunk(2))
        {
            Link($"set/{pair[0]}", pair[1]);
        }

        TestImages.Fails(FailureKind.Check, () => Load(), "one class and be in one part only");
    }

    [TestCase("cats/gone.png")]
    [TestCase("cats/gone")]
    public void Load_BrokenLink_IsNamed(string link)
    {
        Link($"set/train/{link}", "nowhere");
        TestImages.Fails(FailureKind.Check, () => Load(), $"train/{link}: a link that leads nowhere");
    }

    [Test]
    public void Load_BrokenLinkInPlaceOfAClass_IsRefused()
    {
        Link("set/train/horses", "nowhere");
        TestImages.Fails(FailureKind.Check, () => Load(skipBroken: true), "train/horses' is a link that leads nowhere");
    }

    private DatasetPair Load(string set = "set", bool skipBroken = false) =>
        DatasetCatalog.Load(TestImages.Options($"folder:{_folder[set]}") with { SkipBroken = skipBroken }, seed: 1);

    private void Link(string path, string target) => File.CreateSymbolicLink(_folder[path], target);

    private void Write(string name, int value)
    {
        using var png = new MemoryStream();
        ImageFile.EncodePng(png, [(byte)value, (byte)value, (byte)value, (byte)value], 1, 2, 2);
        _folder.Write(name, png.ToArray());
    }
}
