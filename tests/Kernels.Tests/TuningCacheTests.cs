using DPT.Engine.Kernels;

namespace Kernels.Tests;

public sealed class TuningCacheTests
{
    private static readonly MatMulCall Product =
        new() { M = 60, N = 33, K = 128, A = default, B = default, C = default };

    private static readonly KernelVariant<MatMulCall> Best =
        (KernelVariant<MatMulCall>)MatMulOperators.MatMul.Find("host-v1-naive");

    private string _folder = null!;
    private string _path = null!;
    private HostDevice _device = null!;

    [SetUp]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("dpt-tuning-").FullName;
        _path = Path.Combine(_folder, "below", "tuning.json");
        _device = new HostDevice(threads: 1, SimdWidth.Scalar, new KernelSelection());
    }

    [TearDown]
    public void DeleteFolder()
    {
        _device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void Find_AfterSaveAndOpen_GivesTheVariantForItsShapeClass()
    {
        Save();
        var cache = TuningCache.Open(_path);
        Assert.That(cache.Problem, Is.Null);
        Assert.That(cache.Find(_device, "matmul", Product.SampleShape), Is.EqualTo("host-v1-naive"));
        Assert.That(cache.Find(_device, "matmul", (Product with { N = 64 }).SampleShape), Is.EqualTo("host-v1-naive"));
        Assert.That(cache.Find(_device, "matmul", (Product with { N = 65 }).SampleShape), Is.Null);
        Assert.That(cache.Find(_device, "matmul", (Product with { TransposeB = true }).SampleShape), Is.Null);
    }

    /// <summary>Variants round differently: a tuned one serves a sample in every batch, on any number of threads, or in none.</summary>
    [Test]
    public void Find_OtherBatchOrThreads_GivesTheSameVariant()
    {
        Save();
        var cache = TuningCache.Open(_path);
        using var threaded = new HostDevice(threads: 2, SimdWidth.Scalar, new KernelSelection());
        foreach (var rows in new[] { 1, 59, 61, 65, 4224 })
        {
            Assert.That(
                cache.Find(threaded, "matmul", (Product with { M = rows }).SampleShape), Is.EqualTo("host-v1-naive"), $"M={rows}");
        }
    }

    /// <summary>The gradient of a weight is a sum over the batch, which may decide how it is cut.</summary>
    [Test]
    public void Find_TransposedA_DependsOnTheWholeShape()
    {
        var call = Product with { TransposeA = true };
        var cache = TuningCache.Open(_path);
        cache.Set(_device, "matmul", call.SampleShape, Best.Name);
        Assert.That(cache.Find(_device, "matmul", call.SampleShape), Is.EqualTo("host-v1-naive"));
        Assert.That(cache.Find(_device, "matmul", (call with { M = 65 }).SampleShape), Is.Null);
    }

    [Test]
    public void Find_OtherDeviceOrEngine_GivesNothing()
    {
        Save();
        using var wider = new HostDevice(threads: 1, SimdWidth.Vector256, new KernelSelection());
        Assert.That(TuningCache.Open(_path).Find(wider, "matmul", Product.SampleShape), Is.Null);

        var engine = typeof(TuningCache).Assembly.GetName().Version!.ToString(3);
        var text = File.ReadAllText(_path);
        Assert.That(text, Does.Contain($"\"{engine}\""));
        File.WriteAllText(_path, text.Replace($"\"{engine}\"", "\"0.0.0\""));
        Assert.That(TuningCache.Open(_path).Find(_device, "matmul", Product.SampleShape), Is.Null);
    }

    [Test]
    public void Save_Again_KeepsWhatWasThereAndLeavesNothingAside()
    {
        Save();
        var cache = TuningCache.Open(_path);
        cache.Set(_device, "matmul", (Product with { K = 4 }).SampleShape, Best.Name);
        cache.Save();
        var both = TuningCache.Open(_path);
        Assert.That(both.Find(_device, "matmul", Product.SampleShape), Is.EqualTo("host-v1-naive"));
        Assert.That(both.Find(_device, "matmul", (Product with { K = 4 }).SampleShape), Is.EqualTo("host-v1-naive"));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(_path)!), Is.EqualTo(new[] { _path }));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[1, 2]")]
    [TestCase("{ \"name\": \"another program's\" }")]
    [TestCase("{ \"schema\": 2, \"entries\": [] }")]
    [TestCase("{ \"schema\": 1 }")]
    [TestCase("{ \"schema\": 1, \"entries\": [ null ] }")]
    [TestCase("{ \"schema\": 1, \"entries\": [ { \"operator\": \"matmul\", \"variant\": \"host-v1-naive\" } ] }")]
    public void Open_DamagedOrAlienFile_IsIgnoredWithAReasonAndLeftAlone(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, content);
        var cache = TuningCache.Open(_path);
        Assert.That(cache.Problem, Is.Not.Null);

        var selection = new KernelSelection(cache);
        Assert.That(selection.Resolve(MatMulOperators.MatMul, Product, _device), Is.SameAs(MatMulOperators.MatMul.Variants[0]));
        Assert.That(
            selection.Explain(MatMulOperators.MatMul, Product, _device),
            Does.Contain($"tuning cache '{_path}' ignored: {cache.Problem}"));
        Assert.That(cache.Save, Throws.TypeOf<KernelException>().With.Message.Contains(_path));
        Assert.That(File.ReadAllText(_path), Is.EqualTo(content));
    }

    /// <summary>Reading what never ends would fill the memory.</summary>
    [Test]
    [Platform("Linux")]
    public void Open_OfADevice_IsIgnoredWithAReason()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.CreateSymbolicLink(_path, "/dev/zero");
        Assert.That(TuningCache.Open(_path).Problem, Does.Contain("a regular file is asked for"));
    }

    [Test]
    public void Open_OfAFileThatIsFarTooLong_IsIgnoredWithAReason()
    {
        Save();
        using (var file = File.OpenWrite(_path))
        {
            file.SetLength((16 << 20) + 1);
        }

        Assert.That(TuningCache.Open(_path).Problem, Is.EqualTo("it has 16777217 bytes, the limit is 16777216"));
    }

    [Test]
    public void Open_NoFile_IsEmptyWithoutAProblem()
    {
        var cache = TuningCache.Open(_path);
        Assert.That(cache.Problem, Is.Null);
        Assert.That(cache.Find(_device, "matmul", Product.SampleShape), Is.Null);
    }

    [Test]
    public void Resolve_Tuned_BeatsTheDefaultAndYieldsToAChoice()
    {
        Save();
        var selection = new KernelSelection(TuningCache.Open(_path));
        Assert.That(selection.Resolve(MatMulOperators.MatMul, Product, _device), Is.SameAs(Best));
        Assert.That(
            selection.Explain(MatMulOperators.MatMul, Product, _device), Does.Contain("host-v1-naive: chosen by Tuned"));

        selection.Choose("matmul=host-v2-packed", KernelSelection.Origin.Environment);
        Assert.That(selection.Resolve(MatMulOperators.MatMul, Product, _device).Name, Is.EqualTo("host-v2-packed"));
    }

    [Test]
    public void Resolve_TunedVariantIsGone_TakesTheDefault()
    {
        Save();
        File.WriteAllText(_path, File.ReadAllText(_path).Replace("host-v1-naive", "host-v0-gone"));
        var selection = new KernelSelection(TuningCache.Open(_path));
        Assert.That(selection.Resolve(MatMulOperators.MatMul, Product, _device), Is.SameAs(MatMulOperators.MatMul.Variants[0]));
        Assert.That(selection.Explain(MatMulOperators.MatMul, Product, _device), Does.Contain("chosen by Default"));
    }

    [Test]
    public void FromEnvironment_FileExists_IsUsed()
    {
        var old = Environment.GetEnvironmentVariable(TuningCache.Variable);
        try
        {
            Environment.SetEnvironmentVariable(TuningCache.Variable, _path);
            Assert.That(TuningCache.DefaultPath(), Is.EqualTo(_path));
            Assert.That(
                KernelSelection.FromEnvironment().Resolve(MatMulOperators.MatMul, Product, _device),
                Is.SameAs(MatMulOperators.MatMul.Variants[0]));
            Save();
            Assert.That(
                KernelSelection.FromEnvironment().Resolve(MatMulOperators.MatMul, Product, _device), Is.SameAs(Best));
        }
        finally
        {
            Environment.SetEnvironmentVariable(TuningCache.Variable, old);
        }
    }

    [TestCase("M=2080 N=384 K=96 NT", "M=4096 N=512 K=128 NT")]
    [TestCase("rows=1 width=128", "rows=1 width=128")]
    [TestCase("count=123456789012345678", "count=144115188075855872")]
    public void ShapeClass_Numbers_AreRoundedUpToPowersOfTwo(string shape, string expected) =>
        Assert.That(TuningCache.ShapeClass(shape), Is.EqualTo(expected));

    private void Save()
    {
        var cache = TuningCache.Open(_path);
        cache.Set(_device, "matmul", Product.SampleShape, Best.Name);
        cache.Save();
    }
}
