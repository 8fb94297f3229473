namespace DPT.Engine.Dpt.Tests;

/// <summary>Files that PyTorch wrote, in both layouts, against the formulas of <c>make-torch-files.py</c>.</summary>
public sealed class TorchFileTests
{
    private static readonly float[] Small = [-2, -1, 0, 1, 2, 3];

    /// <summary>Row i, column j of the tensor that most others look at.</summary>
    private static float Base(int i, int j) => (((6 * i) + j) * 0.5f) - 3;

    private static IEnumerable<TestCaseData> Views()
    {
        yield return Case("base", [4, 6], at => Base(at[0], at[1]));
        yield return Case("transposed", [6, 4], at => Base(at[1], at[0]));
        yield return Case("row", [6], at => Base(2, at[0]));
        yield return Case("column", [4], at => Base(at[0], 1));
        yield return Case("grid", [2, 2], at => Base(1 + (2 * at[0]), 2 + (3 * at[1])));
        yield return Case("swapped", [6, 2, 2], at => Base((2 * at[1]) + at[2], at[0]));
        yield return Case("repeated", [2, 3], at => Base(0, at[1]));
        yield return Case("parameter", [4], at => Base(0, at[0]));
        yield return Case("scalar", [], _ => 3.5f);
        yield return Case("empty", [0, 3], _ => float.NaN);

        static TestCaseData Case(string name, int[] shape, Func<int[], float> formula) =>
            new TestCaseData(name, shape, formula).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Views))]
    public void Read_ViewsOfStorages_AreWhatPyTorchSees(string name, int[] shape, Func<int[], float> formula)
    {
        foreach (var file in new[] { "tensors.pth", "tensors-legacy.pth" })
        {
            var tensor = Read(file)[name];
            Assert.That(tensor.Shape, Is.EqualTo(shape), file);
            Assert.That(tensor.Values, Is.EqualTo(Indices(shape).Select(formula)), file);
        }
    }

    [TestCase("float64", 3)]
    [TestCase("float16", 3)]
    [TestCase("bfloat16", 3)]
    [TestCase("int64", 1)]
    [TestCase("int32", 1)]
    [TestCase("int16", 1)]
    [TestCase("int8", 1)]
    public void Read_EveryType_BecomesFloats(string name, int factor)
    {
        foreach (var file in new[] { "tensors.pth", "tensors-legacy.pth" })
        {
            Assert.That(Read(file)[name].Values, Is.EqualTo(Small.Select(x => x * factor)), file);
            Assert.That(Read(file)["uint8"].Values, Is.EqualTo(Small.Select(x => (x + 2) * 50)), file);
            Assert.That(Read(file)["bool"].Values, Is.EqualTo(Small.Select(x => x > 0 ? 1 : 0)), file);
        }
    }

    [TestCase("msn.pth")]
    [TestCase("msn-legacy.pth")]
    public void Read_ACheckpoint_NamesTensorsByTheWayToThem(string file)
    {
        var all = Read(file);
        Assert.That(
            all.Keys,
            Is.SupersetOf(new[] { "prototypes", "encoder.0.weight", "target_encoder.1.bias", "opt.state.0.exp_avg", "opt.state.3.step" }));
        var target = WeightFile.Read(WeightFiles.PathOf(file), "target_encoder");
        Assert.That(target.Keys, Is.EquivalentTo(new[] { "0.weight", "0.bias", "1.weight", "1.bias" }));
        foreach (var (name, tensor) in target)
        {
            Assert.That(tensor.Values, Is.EqualTo(all[$"encoder.{name}"].Values.Select(x => 2 * x)));
        }

        TestImages.Fails(
            FailureKind.Check,
            () => WeightFile.Read(WeightFiles.PathOf(file), "ema"),
            "it has no tensors in 'ema'; at its top it has encoder, opt, prototypes, target_encoder");
    }

    [Test]
    public void Read_OfALaterProtocol_GivesTheSame() => Assert.That(Read("protocol-4.pth")["tensor"].Values, Is.EqualTo(new[] { 1f, 1f }));

    /// <summary>Items and attributes as Python 2 gave them.</summary>
    [Test]
    public void Read_OrderedDictionaryOfPairs_IsADictionary()
    {
        var state = Read("pairs.pth");
        Assert.That(state.Keys, Is.EqualTo(["weight", "bias"]));
        Assert.That(state["weight"].Values, Is.EqualTo([0, 1, 2, 3]));
        Assert.That(state["bias"].Values, Is.EqualTo([0, 1]));
    }

    [TestCase("snapshot-2.pkl", "ema")]
    [TestCase("snapshot-3.pkl", "ema")]
    [TestCase("snapshot-4.pkl", "ema")]
    [TestCase("training-state.pt", "net")]
    public void Read_ModulesAsObjects_NamesTensorsAsPyTorchDoes(string file, string top)
    {
        var all = Read(file);
        var layers = new[] { "map_layer0", "enc.8x8_conv", "enc.8x8_block0.0", "enc.8x8_block0.1" };
        string[] tensors = ["whole", "part", .. layers.SelectMany(layer => new[] { "weight", "resample_filter", "scratch" }.Select(name => $"{layer}.{name}"))];
        Assert.That(all.Keys, Is.EquivalentTo(tensors.Select(name => $"{top}.model.{name}")));
        Assert.That(all[$"{top}.model.map_layer0.weight"].Shape, Is.EqualTo([2, 3]));
        Assert.That(all[$"{top}.model.map_layer0.weight"].Values, Is.EqualTo(Enumerable.Range(0, 6)));
        Assert.That(all[$"{top}.model.enc.8x8_conv.weight"].Values, Is.EqualTo(Enumerable.Range(10, 18)));
        Assert.That(all[$"{top}.model.enc.8x8_block0.0.weight"].Values, Is.EqualTo(Enumerable.Range(100, 4)));
        Assert.That(all[$"{top}.model.enc.8x8_block0.1.weight"].Values, Is.EqualTo(Enumerable.Range(200, 4)));
        Assert.That(all[$"{top}.model.enc.8x8_block0.1.resample_filter"].Values, Is.EqualTo(Enumerable.Repeat(0.25f, 4)));
        Assert.That(all[$"{top}.model.whole"].Values, Is.EqualTo(Enumerable.Range(0, 12)));
        Assert.That(all[$"{top}.model.part"].Values, Is.EqualTo([4, 6, 8, 10]));
        var part = WeightFile.Read(WeightFiles.PathOf(file), $"{top}.model.enc");
        Assert.That(part["8x8_conv.weight"].Shape, Is.EqualTo([2, 1, 3, 3]));
    }

    [Test]
    public void Read_WithoutTensors_SaysSo() => TestImages.Fails(FailureKind.Check, () => Read("step.pth"), "it has no tensors");

    private static IReadOnlyDictionary<string, WeightTensor> Read(string file) => WeightFile.Read(WeightFiles.PathOf(file));

    /// <summary>All indices of a shape in row-major order.</summary>
    private static IEnumerable<int[]> Indices(int[] shape) => shape.Length == 0
        ? [[]]
        : Enumerable.Range(0, shape[0]).SelectMany(first => Indices(shape[1..]).Select(rest => (int[])[first, .. rest]));
}
