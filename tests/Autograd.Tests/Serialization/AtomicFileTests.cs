namespace DPT.Engine.Autograd.Tests;

public class AtomicFileTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("dpt-test-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Write_Twice_ReplacesTheFileAndLeavesNothingElse()
    {
        AtomicFile.WriteText(FileName, "first, and longer");
        AtomicFile.WriteText(FileName, "second");
        Assert.That(File.ReadAllBytes(FileName), Is.EqualTo("second"u8.ToArray()), "nothing before the text either");
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.EqualTo([FileName]));
    }

    [Test]
    public void Write_Fails_KeepsTheOldFile()
    {
        AtomicFile.WriteText(FileName, "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(FileName, stream =>
        {
            stream.Write(new byte[100]);
            throw new IOException("disk full");
        }));
        Assert.That(File.ReadAllText(FileName), Is.EqualTo("old"));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.EqualTo([FileName]));
    }

    [Test]
    public void Write_BeforeItIsDone_ShowsTheOldFile()
    {
        AtomicFile.WriteText(FileName, "old");
        AtomicFile.Write(FileName, stream =>
        {
            stream.Write(new byte[1 << 20]);
            Assert.That(File.ReadAllText(FileName), Is.EqualTo("old"));
        });
        Assert.That(new FileInfo(FileName).Length, Is.EqualTo(1 << 20));
    }

    private string FileName => Path.Combine(_folder, "a.txt");
}
