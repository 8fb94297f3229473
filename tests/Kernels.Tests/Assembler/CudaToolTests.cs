namespace Kernels.Tests;

/// <summary>Where NVIDIA's programs are looked for.</summary>
public sealed class CudaToolTests
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dpt-cuda-");

    [OneTimeTearDown]
    public void Delete() => _folder.Delete(recursive: true);

    [Test]
    public void Find_InSeveralPlaces_TakesTheFirst()
    {
        var (named, home, path) = (Tool("named"), Tool("home/bin"), Tool("path"));
        Assert.That(Find(("DPT_CUDA_BIN", In("named")), ("CUDA_HOME", In("home")), ("PATH", In("path"))), Is.EqualTo((named, (string?)null)));
        Assert.That(Find(("CUDA_HOME", In("home")), ("PATH", In("path"))), Is.EqualTo((home, (string?)null)));
        Assert.That(Find(("PATH", string.Join(Path.PathSeparator, In("empty"), In("path")))), Is.EqualTo((path, (string?)null)));
    }

    /// <summary>Whoever names a folder means that one: another version from elsewhere would be a surprise.</summary>
    [Test]
    public void Find_InANamedFolderWithoutIt_SaysSoAndLooksNowhereElse()
    {
        Tool("path");
        var (path, whyNot) = Find(("DPT_CUDA_BIN", In("empty")), ("PATH", In("path")));
        Assert.That(path, Is.Null);
        Assert.That(whyNot, Is.EqualTo($"DPT_CUDA_BIN names {In("empty")}, where there is no sometool"));
    }

    [Test]
    public void Find_Nowhere_SaysWhereAndHowToGetIt()
    {
        var (path, whyNot) = Find();
        Assert.That(path, Is.Null);
        Assert.That(whyNot, Does.StartWith("no sometool in CUDA_HOME/bin, PATH").And.Contain("nvidia-cuda-toolkit").And.Contain("DPT_CUDA_BIN"));
    }

    private static (string? Path, string? WhyNot) Find(params (string Name, string Value)[] variables) =>
        CudaTool.Find("sometool", name => variables.FirstOrDefault(v => v.Name == name).Value);

    private string In(string folder) => Path.Combine(_folder.FullName, folder);

    private string Tool(string folder)
    {
        Directory.CreateDirectory(In(folder));
        var file = Path.Combine(In(folder), OperatingSystem.IsWindows() ? "sometool.exe" : "sometool");
        File.WriteAllText(file, "");
        return file;
    }
}
