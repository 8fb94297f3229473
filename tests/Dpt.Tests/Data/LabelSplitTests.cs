namespace DPT.Engine.Dpt.Tests;

public class LabelSplitTests
{
    private static readonly ImageDataset _cifarLike = TestImages.Cyclic(50_000, 10);

    /// <summary>Ranks within a class that the reference code draws for 40 labels of CIFAR-10.</summary>
    [TestCase(0, 0, 398, 3833, 4836, 4572)]
    [TestCase(0, 1, 597, 332, 521, 3935)]
    [TestCase(0, 9, 2204, 3816, 2206, 2507)]
    [TestCase(1, 0, 2764, 4767, 3814, 3499)]
    [TestCase(1, 1, 473, 2932, 3982, 881)]
    [TestCase(1, 2, 1633, 505, 3140, 3165)]
    [TestCase(1, 3, 3928, 4615, 4221, 580)]
    [TestCase(1, 4, 3109, 1717, 4149, 448)]
    [TestCase(1, 5, 1561, 1986, 3034, 1300)]
    [TestCase(1, 6, 786, 430, 1767, 401)]
    [TestCase(1, 7, 1636, 4165, 3121, 4821)]
    [TestCase(1, 8, 337, 1010, 3967, 3444)]
    [TestCase(1, 9, 4449, 3289, 4177, 801)]
    [TestCase(2, 0, 3566, 4252, 1918, 4111)]
    [TestCase(2, 9, 2320, 754, 4030, 4213)]
    public void Draw_FourPerClass_GivesTheReferenceRanks(int seed, int label, params int[] ranks)
    {
        var split = LabelSplit.Draw(_cifarLike, 4, seed);
        Assert.That(split.Indices[(4 * label)..(4 * (label + 1))], Is.EqualTo(ranks.Select(rank => (10 * rank) + label)));
    }

    /// <summary>As the published lists of one subset hold each other: more labels are those of before and others.</summary>
    [Test]
    public void Draw_FewerPerClass_AreAmongThoseOfMore()
    {
        var sets = new[] { 1, 2, 5, 12 }.Select(perClass => LabelSplit.Draw(_cifarLike, perClass, 3)).ToList();
        Assert.That(sets.Select(set => set.Count), Is.EqualTo(new[] { 10, 20, 50, 120 }));
        foreach (var (fewer, more) in sets.Zip(sets.Skip(1)))
        {
            Assert.That(fewer.Indices, Is.SubsetOf(more.Indices));
        }
    }

    [Test]
    public void Draw_Zero_TakesAllLabels()
    {
        var split = LabelSplit.Draw(TestImages.Cyclic(7, 3), 0, 5);
        Assert.That(split.Indices, Is.EqualTo(Enumerable.Range(0, 7)));
        Assert.That(split.Labels, Is.EqualTo([0, 1, 2, 0, 1, 2, 0]));
    }

    [Test]
    public void Draw_MoreThanAClassHas_NamesClassAndCount() => TestImages.Fails(
        FailureKind.Usage, () => LabelSplit.Draw(TestImages.Cyclic(7, 3), 3, 0), "class 1 ('class1') has 2");

    [TestCase(-1, 0)]
    [TestCase(1, -1)]
    public void Draw_Negative_IsRefused(int perClass, int seed) =>
        TestImages.Fails(FailureKind.Usage, () => LabelSplit.Draw(TestImages.Cyclic(7, 3), perClass, seed), "at least 0");

    [Test]
    public void Save_ThenLoad_GivesTheSameSplit([Values] bool files)
    {
        using var folder = new TemporaryFolder();
        var train = TestImages.Cyclic(30, 3, files);
        var split = LabelSplit.Draw(train, 4, 3);
        split.Save(folder["labels.csv"], train);
        var loaded = LabelSplit.Load(folder["labels.csv"], train);
        Assert.That(loaded.Indices, Is.EqualTo(split.Indices));
        Assert.That(loaded.Hash, Is.EqualTo(split.Hash));
        Assert.That(LabelSplit.Draw(train, 4, 4).Hash, Is.Not.EqualTo(split.Hash));
    }

    [TestCase("4\n2\n0\n", new[] { 4, 2, 0 })]
    [TestCase("image, 4.png\r\nclass2/image, 2.png\r\n0", new[] { 4, 2, 0 })]
    public void Load_PlainList_KeepsItsOrder(string text, int[] expected)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("labels.txt", text);
        Assert.That(LabelSplit.Load(path, TestImages.Cyclic(6, 3, files: true)).Indices, Is.EqualTo(expected));
    }

    [TestCase("0\n1\n6\n", "line 3, '6'")]
    [TestCase("0\n-1\n", "line 2, '-1'")]
    [TestCase("0\n\n1\n2\n", "line 2, ''")]
    [TestCase("0\n1\n2\n0\n", "a second time")]
    [TestCase("0\n1\n", "no image of class 2")]
    [TestCase("", "it is empty")]
    [TestCase("index,label\n", "no image of class 0")]
    [TestCase("index,label,file\n0,0,\"class0/image, 0.png\n", "never closed")]
    [TestCase("index,label,file\n0,0,class0/image, 0.png\n", "line 2")]
    [TestCase("index,label,file\n0,0,class0/\"image\n", "line 2 has a quote")]
    [TestCase("0\n1\nother.png\n", "'other.png'")]
    [TestCase("index,label\n0,1\n", "line 2, '0,1'")]
    [TestCase("index,label\n0\n", "line 2, '0'")]
    [TestCase("index,label,file\n0,0,another.png\n", "line 2")]
    [TestCase("\0\u0001\u001b[31m", "'??")]
    public void Load_LineThatFitsNoImage_IsRefused(string text, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("labels.txt", text);
        TestImages.Fails(FailureKind.Check, () => LabelSplit.Load(path, TestImages.Cyclic(6, 3, files: true)), says);
    }

    [Test]
    public void Load_FileNameInTwoClasses_MustBeGivenWithItsFolder()
    {
        using var folder = new TemporaryFolder();
        var train = new ImageDataset("twice", ["a", "b"], 1, 1, [1, 2], [0, 1], ["a/x.png", "b/x.png"]);
        TestImages.Fails(FailureKind.Check, () => LabelSplit.Load(folder.Write("one.txt", "x.png\n"), train), "x.png");
        Assert.That(LabelSplit.Load(folder.Write("two.txt", "b/x.png\na/x.png\n"), train).Indices, Is.EqualTo([1, 0]));
    }

    [Test]
    public void Load_NameInNoUtf8_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("labels.txt", [(byte)'0', (byte)'\n', 0xff, 0xfe]);
        TestImages.Fails(FailureKind.Check, () => LabelSplit.Load(path, TestImages.Cyclic(6, 3)), "byte 2 of it is no UTF-8");
    }

    [Test]
    public void SaveAndLoad_NamesWithEveryCharacterOfCsv_GiveTheSame()
    {
        using var folder = new TemporaryFolder();
        var train = new ImageDataset("odd", ["a", "b"], 1, 1, [1, 2], [0, 1], ["a/x,\"y\".png", "b/two\nlines\r\n.png"]);
        var split = LabelSplit.Draw(train, 1, 0);
        split.Save(folder["labels.csv"], train);
        Assert.That(LabelSplit.Load(folder["labels.csv"], train).Hash, Is.EqualTo(split.Hash));
    }

    [Test]
    public void Load_MissingFile_NamesIt() => TestImages.Fails(
        FailureKind.Environment, () => LabelSplit.Load("/nowhere/labels.txt", TestImages.Cyclic(6, 3)), "/nowhere/labels.txt");
}
