namespace DPT.Engine.Dpt.Tests;

public class ImageShardsTests
{
    private static readonly ImageShardPlan _plan = new(Classes: 2, PerClass: 5, Channels: 1, ImageSize: 2, ShardSize: 2, Key: "k");
    private static readonly string[] _names = ["zero", "one"];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void All_AnyPlan_HasExactlyKImagesPerClass()
    {
        foreach (var perClass in Enumerable.Range(1, 9))
        {
            foreach (var size in Enumerable.Range(1, 10))
            {
                var shards = ImageShards.BeginOrResume(_folder.Path, _plan with { PerClass = perClass, ShardSize = size }, new SilentObserver()).All.ToArray();
                var images = shards.SelectMany(s => Enumerable.Range(s.First, s.Count).Select(i => (s.Label, i)));
                Assert.That(images, Is.EqualTo(from c in Enumerable.Range(0, 2) from i in Enumerable.Range(0, perClass) select (c, i)));
            }
        }
    }

    [Test]
    public void Resume_AfterSomeFiles_MakesTheOthersOnly()
    {
        var shards = ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver());
        foreach (var shard in shards.All.Take(4))
        {
            shards.Write(shard, Images(shard));
        }

        File.Delete(_folder["shard-000-00002.safetensors"]);
        var resumed = ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver());
        Assert.That(resumed.Missing, Is.EqualTo([new ImageShard(0, 2, 2), new ImageShard(1, 2, 2), new ImageShard(1, 4, 1)]));
        TestImages.Fails(FailureKind.Environment, () => ImageShards.Open(_folder.Path), "3 of 6 files");
        WriteAll(resumed);
        var images = ImageShards.Open(_folder.Path).Load("pseudo", _names);
        Assert.That(images.Labels, Is.EqualTo([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]));
        Assert.That(images.Pixels, Is.EqualTo(Enumerable.Range(0, 10).SelectMany(i => Enumerable.Repeat((byte)i, 4))));
    }

    [Test]
    public void BeginOrResume_AnotherPlan_RemovesItsFilesAndNoOthers()
    {
        WriteAll(ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver()));
        _folder.Write("notes.txt", "mine");
        var other = ImageShards.BeginOrResume(_folder.Path, _plan with { Key = "other" }, new SilentObserver());
        Assert.That(other.Missing, Has.Count.EqualTo(6));
        Assert.That(File.Exists(_folder["notes.txt"]));
    }

    /// <summary>Files of one length under each other's names: only what they say of themselves gives them away.</summary>
    [TestCase("shard-000-00000.safetensors", "shard-001-00000.safetensors")]
    [TestCase("shard-001-00000.safetensors", "shard-001-00002.safetensors")]
    public void Load_FileOfAnotherClassOrPlace_IsRefused(string from, string to)
    {
        var shards = ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver());
        WriteAll(shards);
        File.Copy(_folder[from], _folder[to], overwrite: true);
        TestImages.Fails(FailureKind.Check, () => shards.Load("pseudo", _names), to);
    }

    [Test]
    public void Load_DamagedOrForeignFile_IsRefused()
    {
        var shards = ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver());
        WriteAll(shards);
        File.Copy(_folder["shard-001-00004.safetensors"], _folder["shard-000-00000.safetensors"], overwrite: true);
        TestImages.Fails(FailureKind.Check, () => shards.Load("pseudo", _names), "shard-000-00000");
        _folder.Write("shard-000-00000.safetensors", "cut");
        TestImages.Fails(FailureKind.Check, () => shards.Load("pseudo", _names), "shard-000-00000");
    }

    /// <summary>A file of the same class and place, but of a set of other images.</summary>
    [TestCase(4, 2)]
    [TestCase(2, 1)]
    public void Load_FileOfOtherSizes_IsRefused(int imageSize, int shardSize)
    {
        var shards = ImageShards.BeginOrResume(_folder["mine"], _plan, new SilentObserver());
        WriteAll(shards);
        var plan = _plan with { ImageSize = imageSize, ShardSize = shardSize };
        var others = ImageShards.BeginOrResume(_folder["others"], plan, new SilentObserver());
        var first = others.All.First();
        others.Write(first, new byte[first.Count * imageSize * imageSize]);
        File.Copy(_folder["others/shard-000-00000.safetensors"], _folder["mine/shard-000-00000.safetensors"], overwrite: true);
        TestImages.Fails(FailureKind.Check, () => shards.Load("pseudo", _names), "of another class or plan");
    }

    /// <summary>A pixel is as good as another to the file's format; its hash tells.</summary>
    [Test]
    public void Load_FileWithOnePixelChanged_IsRefusedAndMadeAgain()
    {
        var shards = ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver());
        WriteAll(shards);
        var bytes = File.ReadAllBytes(_folder["shard-001-00002.safetensors"]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(_folder["shard-001-00002.safetensors"], bytes);
        TestImages.Fails(FailureKind.Check, () => shards.Load("pseudo", _names), "another hash");
        Assert.That(
            ImageShards.BeginOrResume(_folder.Path, _plan, new SilentObserver()).Missing, Is.EqualTo([new ImageShard(1, 2, 2)]));
    }

    [TestCase("""{"classes":2,"perClass":5,"channels":1,"imageSize":2,"shardSize":0,"key":"k"}""")]
    [TestCase("""{"classes":2147483647,"perClass":2147483647,"channels":1,"imageSize":2,"shardSize":1,"key":"k"}""")]
    [TestCase("""{"classes":2,"perClass":5,"channels":2,"imageSize":2,"shardSize":2,"key":"k"}""")]
    [TestCase("""{"classes":2}""")]
    public void Open_ForgedPlan_IsRefused(string plan)
    {
        _folder.Write("shards.json", plan);
        TestImages.Fails(FailureKind.Check, () => ImageShards.Open(_folder.Path), "");
    }

    [Test]
    public void ExportPng_Everything_CanBeReadAsAFolderDataSet()
    {
        var shards = ImageShards.BeginOrResume(_folder["shards"], _plan, new SilentObserver());
        WriteAll(shards);
        shards.ExportPng(_folder["png/train"], _names);
        shards.ExportPng(_folder["png/test"], _names);
        var pair = DatasetCatalog.Load(TestImages.Options($"folder:{_folder["png"]}"), seed: 1);
        Assert.That(pair.Train.FileNames, Has.Length.EqualTo(10).And.Contain("zero/00004.png"));
        Assert.That(pair.Train.Image(0).ToArray(), Is.All.EqualTo(5), "class 'one' sorts first");
    }

    [Test]
    public void SampleGrid_Save_PlacesImagesRowByRow()
    {
        byte[] images = [.. Enumerable.Range(1, 3).SelectMany(i => Enumerable.Repeat((byte)(50 * i), 4))];
        SampleGrid.Save(_folder["grid.png"], images, 1, 2, columns: 2, scale: 2);
        var header = ImageFile.ReadHeader(ImageFile.Read(_folder["grid.png"]));
        Assert.That((header.Width, header.Height, header.Channels, header.Kind.Name), Is.EqualTo((11, 11, 1, "PNG")));
        var sheet = new byte[121];
        ImageFile.Decode(ImageFile.Read(_folder["grid.png"]), 1, 11, sheet);
        Assert.That(new[] { sheet[12], sheet[12 + 5], sheet[(6 * 11) + 1], sheet[(6 * 11) + 6] }, Is.EqualTo([50, 100, 150, 0]));
    }

    private static byte[] Images(ImageShard shard) =>
        [.. Enumerable.Range(0, shard.Count).SelectMany(i => Enumerable.Repeat((byte)((shard.Label * 5) + shard.First + i), 4))];

    private static void WriteAll(ImageShards shards)
    {
        foreach (var shard in shards.Missing)
        {
            shards.Write(shard, Images(shard));
        }
    }
}
