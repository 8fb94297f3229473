using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Weights in one safetensors file or in several with an index.</summary>
public sealed class SafeTensorsWeightsTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFiles()
    {
        _folder = new TemporaryFolder();
        Save("model-1.safetensors", "model.a", 1);
        Save("model-2.safetensors", "model.module.b", 2);
    }

    [TearDown]
    public void RemoveFiles() => _folder.Dispose();

    [Test]
    public void Read_OneFile_GivesItsTensors()
    {
        var tensors = WeightFile.Read(_folder["model-2.safetensors"]);
        Assert.That(tensors.Keys, Is.EqualTo(new[] { "model.b" }));
        Assert.That((tensors["model.b"].Shape, tensors["model.b"].Values), Is.EqualTo((new[] { 1, 2 }, new float[] { 2, 2 })));
    }

    [Test]
    public void Read_AnIndex_GivesThoseOfAllFiles()
    {
        var tensors = WeightFile.Read(Index("model-1.safetensors", "model-2.safetensors"), "model");
        Assert.That(tensors.OrderBy(item => item.Key).Select(item => (item.Key, item.Value.Values[0])), Is.EqualTo(new[] { ("a", 1f), ("b", 2f) }));
    }

    [TestCase("../model-2.safetensors")]
    [TestCase("/etc/passwd")]
    [TestCase("a\\b")]
    [TestCase("..")]
    [TestCase("")]
    public void Read_AnIndexThatLeadsElsewhere_IsRefused(string file) =>
        TestImages.Fails(FailureKind.Check, () => WeightFile.Read(Index("model-1.safetensors", file)), $"it names the file '{file}', which is not beside it");

    [Test]
    public void Read_AnIndexOfOtherFiles_IsRefused()
    {
        TestImages.Fails(FailureKind.Environment, () => WeightFile.Read(Index("model-1.safetensors", "model-3.safetensors")), "model-3.safetensors");
        TestImages.Fails(FailureKind.Check, () => WeightFile.Read(Index("model-1.safetensors", "model-1.safetensors")), "lacks 'model.module.b'");
        File.WriteAllBytes(_folder["model-2.safetensors"], new byte[20]);
        TestImages.Fails(FailureKind.Check, () => WeightFile.Read(Index("model-1.safetensors", "model-2.safetensors")), "model-2.safetensors' is damaged");
    }

    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"weight_map":[]}""")]
    [TestCase("""{"weight_map":{"a":1}}""")]
    [TestCase("""{"weight_map":{"a":null}}""")]
    [TestCase("""{"weight_map":{"a":"x","a":"y"}}""")]
    public void Read_NoIndex_IsRefused(string text) =>
        TestImages.Fails(FailureKind.Check, () => WeightFile.Read(_folder.Write("model.safetensors.index.json", text)), "model.safetensors.index.json");

    private string Index(string first, string second) => _folder.Write(
        "model.safetensors.index.json",
        System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, Dictionary<string, string>>
        {
            ["weight_map"] = new() { ["model.a"] = first, ["model.module.b"] = second },
        }));

    private void Save(string file, string name, float value) => StateDict.Save(
        _folder[file], new Dictionary<string, (TensorShape, float[])> { [name] = (new TensorShape(1, 2), [value, value]) });
}
