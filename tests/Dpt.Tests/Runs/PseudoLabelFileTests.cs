namespace DPT.Engine.Dpt.Tests;

public class PseudoLabelFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Save_ThenLoad_GivesTheSameBits([Values] bool files)
    {
        var train = TestImages.Cyclic(5, 3, files);
        PseudoLabelFile.Save(FileName, train, new PseudoLabels([2, 1, 0, 2, 2], [1, 0.1f, 1 / 3f, 0, 0.99999994f]));
        var loaded = PseudoLabelFile.Load(FileName, train);
        Assert.That(loaded.Labels, Is.EqualTo([2, 1, 0, 2, 2]));
        Assert.That(loaded.Probabilities, Is.EqualTo([1, 0.1f, 1 / 3f, 0, 0.99999994f]));
        Assert.That(File.ReadAllLines(FileName)[1], Is.EqualTo(files ? "\"class0/image, 0.png\",2,1" : "0,2,1"));
    }

    [TestCase("")]
    [TestCase("file,label,probability\n0,0,1\n1,1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n")]
    [TestCase("index,label,probability\n0,0,1\n0,1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n2,1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n-1,1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n1,2,1\n")]
    [TestCase("index,label,probability\n0,0,1\n1,-1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n1,1,1.5\n")]
    [TestCase("index,label,probability\n0,0,1\n1,1,NaN\n")]
    [TestCase("index,label,probability\n0,0,1\n1,1\n")]
    [TestCase("index,label,probability\n0,0,1\n\"1,1,1\n")]
    public void Load_DamagedFile_IsRefused(string text)
    {
        _folder.Write("pseudo-labels.csv", text);
        TestImages.Fails(FailureKind.Check, () => PseudoLabelFile.Load(FileName, TestImages.Cyclic(2, 2)), "pseudo-labels.csv");
    }

    private string FileName => _folder["pseudo-labels.csv"];
}
