using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Machine code made beforehand: which card takes it, for which text, and what happens where it does not fit.</summary>
public sealed class CubinArchiveTests
{
    private const string Cubin = "\u007fELF of ";

    private static readonly GpuKernel Fused = SampleKernels.Kernel(SampleKernels.Fused);

    private string _path = null!;

    [SetUp]
    public void Start() => _path = Path.Combine(Directory.CreateTempSubdirectory("dpt-cubins-").FullName, "cubins.zip");

    [TearDown]
    public void Remove() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [TestCase(9, 0, "sm_90a")]
    [TestCase(8, 0, "sm_80")]
    [TestCase(8, 9, "sm_80")]
    [TestCase(10, 0, null)]
    [TestCase(12, 0, null)]
    public void Launch_TakesTheCubinOfItsGeneration_AndTheTextOnAllOthers(int major, int minor, string? architecture)
    {
        var driver = new FakeCudaDriver();
        driver.Attributes[CudaAttribute.ComputeCapabilityMajor] = major;
        driver.Attributes[CudaAttribute.ComputeCapabilityMinor] = minor;
        using var device = Launch(driver, Fused, Archive(Fused));
        Assert.Multiple(() =>
        {
            Assert.That(driver.LoadedText, architecture is null ? Does.StartWith(".version") : Is.EqualTo(Cubin + architecture));
            Assert.That(device.Loaded.Single().IsCubin, Is.EqualTo(architecture is not null));
            Assert.That(device.Cubins is null, Is.EqualTo(architecture is null));
        });
    }

    [Test]
    public void Launch_OfAnotherText_PassesTheCubinOfTheSameKernelBy()
    {
        var driver = new FakeCudaDriver();
        var other = new GpuKernel(SampleKernels.Fused, Fused.Threads * 2);
        var archive = Archive(other);
        Assert.That(archive.Has(Fused, PtxArchitecture.Sm90a), "one name for both");
        using var device = Launch(driver, Fused, archive);
        Assert.That(driver.LoadedText, Is.EqualTo(PtxPipeline.Build(Fused, PtxArchitecture.Sm90a).ToString()));
        Assert.That(device.Loaded.Single().IsCubin, Is.False);
    }

    [Test]
    public void Launch_WhereTheDriverRefusesTheCubin_CompilesTheText()
    {
        var driver = new FakeCudaDriver { CubinResult = 209 };
        using var device = Launch(driver, Fused, Archive(Fused));
        Assert.That(driver.LoadedText, Does.StartWith(".version"));
        Assert.That(device.Loaded.Single().IsCubin, Is.False);
    }

    [Test]
    public void Find_LooksAtCode_NotAtTheLinesOfCSharp()
    {
        var archive = Archive(Fused);
        var module = PtxPipeline.Build(Fused, PtxArchitecture.Sm90a);
        Assert.That(module.ToString(), Does.Contain(".loc").And.Contain(".file"));
        Assert.That(archive.Find(Fused, PtxArchitecture.Sm90a, TextLines.Of(module)), Is.Not.Null);
        Assert.That(archive.Find(Fused, PtxArchitecture.Sm80, module), Is.Null, "its target is another one");
    }

    [Test]
    public void Write_OfSomeArchitectures_LeavesTheOthersOut()
    {
        var archive = Archive(Fused, PtxArchitecture.Sm80);
        Assert.That(archive.Count, Is.EqualTo(1));
        Assert.That(archive.Architectures, Is.EqualTo(new[] { PtxArchitecture.Sm80 }));
        Assert.That(archive.Has(Fused, PtxArchitecture.Sm90a), Is.False);
    }

    [Test]
    public void Open_OfSomethingElse_SaysWhatToDo()
    {
        Assert.That(() => CubinArchive.Open(_path), Throws.TypeOf<DeviceException>().With.Message.Contains(_path).And.Message.Contains("kernels assemble"));
        File.WriteAllText(_path, "no zip");
        Assert.That(() => CubinArchive.Open(_path), Throws.TypeOf<DeviceException>().With.Message.Contains(_path));
    }

    [Test]
    public void Write_WithTheAssembler_MakesCubinsThatNameTheLinesOfCSharp()
    {
        if (PtxAssembler.WhyNot is { } reason)
        {
            Assert.Ignore(reason);
        }

        using (var file = File.Create(_path))
        {
            CubinArchive.Write(file, [Fused], PtxArchitecture.All);
        }

        var archive = CubinArchive.Open(_path);
        Assert.That(archive.Count, Is.EqualTo(2));
        var cubin = archive.Find(Fused, PtxArchitecture.Sm80, PtxPipeline.Build(Fused, PtxArchitecture.Sm80));
        Assert.That(cubin.AsSpan(0, 4).SequenceEqual("\u007fELF"u8));
        Assert.That(cubin.AsSpan().IndexOf("SampleKernels.cs"u8), Is.Positive);
    }

    private CubinArchive Archive(GpuKernel kernel, params PtxArchitecture[] architectures)
    {
        using (var file = File.Create(_path))
        {
            CubinArchive.Write(
                file, [kernel], architectures.Length == 0 ? [.. PtxArchitecture.All] : architectures,
                module => System.Text.Encoding.UTF8.GetBytes(Cubin + module.Target.Split(',')[0]));
        }

        return CubinArchive.Open(_path);
    }

    private static CudaDevice Launch(FakeCudaDriver driver, GpuKernel kernel, CubinArchive archive)
    {
        var device = new CudaDevice(driver, selection: new KernelSelection(), cubins: archive);
        using var x = device.Upload<float>([1, 2, 3]);
        device.Prepare(kernel).With(x.Slice).With(0.5f).On(new GridSize(1));
        return device;
    }
}
