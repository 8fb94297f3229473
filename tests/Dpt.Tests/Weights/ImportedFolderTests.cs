using System.Text.Json.Nodes;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Networks of other tools as folders of ours: the same network again, also for images of another size, as PyTorch interpolates.</summary>
public sealed class ImportedFolderTests
{
    private static readonly ForeignNetworkOptions UVit = new(WeightFiles.PathOf("uvit.pth"), Part: null, "uvit", Heads: 2);
    private static readonly ForeignNetworkOptions Transformer = new(WeightFiles.PathOf("vit.pth.tar"), "model", "vit", Heads: 3);

    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => (_device, _folder) = (new HostDevice(threads: 2), new TemporaryFolder());

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void UVit_IsTheSameAgain()
    {
        var found = Import(UVit, "mit");
        Assert.That(found, Is.EqualTo(UVit with { Weights = _folder["out/model.safetensors"] }));
        Assert.That(Directory.GetFiles(_folder["out"]).Select(Path.GetFileName).Order(), Is.EqualTo(["README.md", "config.json", "model.safetensors"]));
        var (there, here) = (WeightFile.Read(UVit.Weights), WeightFile.Read(found.Weights));
        Assert.That(here.Keys, Is.EquivalentTo(there.Keys));
        Assert.That(here.Keys.Select(name => here[name].Values), Is.EqualTo(here.Keys.Select(name => there[name].Values)));
        using var network = ForeignNetwork.Open(_device, found);
        Assert.That(network.Description, Does.StartWith("U-ViT: images 2x8x8, patch 4, width 8, depth 2, heads 2, MLP ratio 4, 3 rows of labels"));
        var config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!;
        Assert.That(((string?)config["model_type"], (int?)config["classes"], (int?)config["network"]!["heads"]), Is.EqualTo(("dpt-uvit", 3, 2)));
        var card = File.ReadAllText(_folder["out/README.md"]);
        Assert.That(card, Does.StartWith("---\nlicense: \"mit\"\nlibrary_name: dpt-engine\npipeline_tag: unconditional-image-generation\n---\n\n# `uvit.pth`\n"));
        Assert.That(card, Does.Contain("45 tensors match, 0 missing").And.Not.Contain("interpolated"));
    }

    /// <summary>The head keeps the name that it has; without a head the folder says so.</summary>
    [Test]
    public void Transformer_IsTheSameAgain_WithAndWithoutItsHead()
    {
        var x = new NetworkInput(Floats("vit-x"));
        using (var network = ForeignNetwork.Open(_device, Import(Transformer)))
        {
            RequireLike(network.Forward(x), Floats("vit-logits"));
            Assert.That(WeightFile.Read(_folder["out/model.safetensors"]).Keys, Has.Member("head.weight").And.No.Member("fc.weight"));
        }

        var found = Import(Transformer with { Features = true }, folder: "features");
        Assert.That(found.Features, Is.True);
        Assert.That(WeightFile.Read(found.Weights).Keys, Has.None.StartsWith("head").And.None.StartsWith("fc"));
        using var features = ForeignNetwork.Open(_device, found);
        RequireLike(features.Forward(x), Floats("vit-features"));
    }

    /// <summary>As in the file but for the counts of batches, and the statistics with it; no sizes that such a network does not have.</summary>
    [Test]
    public void WideResNet_IsTheSameAgain()
    {
        var origin = new ForeignNetworkOptions(WeightFiles.PathOf("wrn.pth"), "ema_model", "wrn", Heads: null);
        var found = Import(origin);
        Assert.That(found, Is.EqualTo(origin with { Weights = _folder["out/model.safetensors"], Part = null }));
        var (there, here) = (WeightFile.Read(origin.Weights, origin.Part), WeightFile.Read(found.Weights));
        Assert.That(here.Keys, Is.EquivalentTo(there.Keys.Where(name => !name.EndsWith("num_batches_tracked", StringComparison.Ordinal))));
        Assert.That(here.Keys.Select(name => here[name].Shape), Is.EqualTo(here.Keys.Select(name => there[name].Shape)));
        Assert.That(here.Keys.Select(name => here[name].Values), Is.EqualTo(here.Keys.Select(name => there[name].Values)));
        using var network = ForeignNetwork.Open(_device, found);
        RequireLike(network.Forward(new NetworkInput(Floats("wrn-x"))), Floats("wrn-logits"));
        var config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!;
        Assert.That(((string?)config["model_type"], (int?)config["classes"], config["imageSize"]), Is.EqualTo(("dpt-wrn", 5, (JsonNode?)null)));
        Assert.That(config["network"]!.ToJsonString(), Is.EqualTo("""{"width":4,"depth":10}"""));
    }

    [Test]
    public void SongUNet_IsTheSameAgain()
    {
        var origin = new ForeignNetworkOptions(WeightFiles.PathOf("songunet.pth"), Part: "ema.model", "songunet", Heads: null);
        var found = Import(origin);
        Assert.That(found, Is.EqualTo(origin with { Weights = _folder["out/model.safetensors"], Part = null }));
        var input = new NetworkInput(Floats("songunet-x"), Floats("songunet-t"), NpyFile.ReadLongs(WeightFiles.PathOf("songunet-y.npy")));
        using var network = ForeignNetwork.Open(_device, found);
        RequireLike(network.Forward(input), Floats("songunet-out"));
        var config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!;
        Assert.That(((string?)config["model_type"], (int?)config["classes"], (int?)config["imageSize"]), Is.EqualTo(("dpt-songunet", 3, 8)));
        Assert.That(config["network"]!.ToJsonString(), Is.EqualTo("""{"width":4,"depth":1,"channelMultipliers":"2:1"}"""));
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(6)]
    [TestCase(9)]
    [TestCase(13)]
    public void Positions_OfAnotherGrid_AreThoseOfPyTorch(int grid)
    {
        var golden = WeightFile.Read(WeightFiles.PathOf("positions.pth"));
        var tensors = new Dictionary<string, WeightTensor> { ["pos_embed"] = golden["6"], ["other"] = golden["1"] };
        var resized = PositionGrid.Resized(tensors, extra: 1, patch: 7, side: 7 * grid);
        Assert.That(resized["pos_embed"].Shape, Is.EqualTo(golden[$"{grid}"].Shape));
        Assert.That(resized["pos_embed"].Values, Is.EqualTo(golden[$"{grid}"].Values).Within(2e-6f));
        Assert.That(resized["other"], Is.SameAs(tensors["other"]));
    }

    /// <summary>DINOv2's code adds a tenth of a patch where the grid is another one; PyTorch then rounds places to float32, which ours does not.</summary>
    [TestCase(4)]
    [TestCase(6)]
    [TestCase(9)]
    public void Positions_OfAnotherGrid_AreThoseOfDinoV2(int grid)
    {
        var golden = WeightFile.Read(WeightFiles.PathOf("dinov2-positions.pth"));
        var tensors = new Dictionary<string, WeightTensor> { ["pos_embed"] = golden["6"] };
        var resized = PositionGrid.Resized(tensors, extra: 1, patch: 14, side: 14 * grid, offset: 0.1);
        Assert.That(resized["pos_embed"].Values, Is.EqualTo(golden[$"{grid}"].Values).Within(1e-5f));
    }

    /// <summary>An import keeps layer scale and registers, and its folder is the same network; of one without registers positions can be of other images.</summary>
    [Test]
    public void TransformerOfDinoV2_IsImported()
    {
        var origin = Transformer with { Weights = WeightFiles.PathOf("dinov2.pth"), Part = null, Features = true };
        using (var network = ForeignNetwork.Open(_device, Import(origin)))
        {
            RequireLike(network.Forward(new NetworkInput(Floats("dinov2-x"))), Floats("dinov2-features"));
        }

        var config = JsonNode.Parse(File.ReadAllText(_folder["out/config.json"]))!;
        Assert.That(config["network"]!.ToJsonString(), Does.EndWith(""""layerScale":true,"registers":3}""""));
        var tensors = WeightFile.Read(origin.Weights).Where(t => t.Key != "register_tokens").ToDictionary();
        StateDict.Save(_folder["plain.safetensors"], tensors.ToDictionary(t => t.Key, t => (new TensorShape([.. t.Value.Shape]), t.Value.Values)));
        var resized = Import(origin with { Weights = _folder["plain.safetensors"], ImageSize = 12 }, folder: "resized");
        Assert.That(
            WeightFile.Read(resized.Weights)["pos_embed"].Values, Is.EqualTo(PositionGrid.Resized(tensors, 1, 4, 12, offset: 0.1)["pos_embed"].Values));
    }

    [Test]
    public void Transformer_ForLargerImages_GivesWhatPyTorchGives()
    {
        using var network = ForeignNetwork.Open(_device, Import(Transformer with { ImageSize = 20 }));
        Assert.That(network.Description, Does.Contain("images 3x20x20"));
        RequireLike(network.Forward(new NetworkInput(Floats("vit-x-20"))), Floats("vit-logits-20"));
        Assert.That(File.ReadAllText(_folder["out/README.md"]), Does.Contain("interpolated for images of 20 pixels"));
    }

    /// <summary>Two tokens are in front of the patches of a U-ViT with labels.</summary>
    [Test]
    public void UVit_ForLargerImages_KeepsThePositionsOfItsTokens()
    {
        var found = Import(UVit with { ImageSize = 12 });
        var (there, here) = (WeightFile.Read(UVit.Weights)["pos_embed"], WeightFile.Read(found.Weights)["pos_embed"]);
        Assert.That(here.Shape, Is.EqualTo([1, 11, 8]));
        Assert.That(here.Values[..16], Is.EqualTo(there.Values[..16]));
        using var network = ForeignNetwork.Open(_device, found);
        Assert.That(network.Description, Does.Contain("images 2x12x12"));
    }

    /// <summary>DINO puts its ViT beside a head of its own, and one of the two into what trains on several cards.</summary>
    [TestCase("teacher.backbone", "teacher.backbone.")]
    [TestCase("student.module.backbone", "student.module.backbone.")]
    [TestCase("student.module", "student.module.backbone.")]
    public void Transformer_InACheckpointOfDino_IsAPartOfIt(string part, string prefix)
    {
        var state = WeightFile.Read(Transformer.Weights, Transformer.Part)
            .Where(item => !item.Key.StartsWith("head"))
            .ToDictionary(item => prefix + item.Key, item => (new TensorShape([.. item.Value.Shape]), item.Value.Values));
        state[prefix.Replace("backbone.", "head.mlp.0.weight")] = (new TensorShape(1), [0]);
        StateDict.Save(_folder["dino.safetensors"], state);
        var options = Transformer with { Weights = _folder["dino.safetensors"], Part = part, Features = true };
        if (!part.EndsWith("backbone"))
        {
            TestImages.Fails(FailureKind.Check, () => Import(options), "name the part with --key; at its top are backbone");
            return;
        }

        using var network = ForeignNetwork.Open(_device, Import(options));
        RequireLike(network.Forward(new NetworkInput(Floats("vit-x"))), Floats("vit-features"));
    }

    [Test]
    public void Import_OfWhatDoesNotFit_SaysSoAndMakesNothing()
    {
        TestImages.Fails(FailureKind.Usage, () => Import(UVit with { ImageSize = 10 }), "images of 10 pixels cannot be cut into patches of 4");
        TestImages.Fails(FailureKind.Usage, () => Import(UVit with { ImageSize = 1 << 30 }), "patches, which are too many");
        TestImages.Fails(FailureKind.Check, () => Import(Transformer with { Part = null }), "name the part with --key");
        TestImages.Fails(FailureKind.Check, () => Import(Odd("blocks.0.gamma_1")), "comes of layer scale, which is not supported");
        TestImages.Fails(FailureKind.Check, () => Import(Odd("reg_token")), "comes of register tokens, which is not supported");
        TestImages.Fails(FailureKind.Check, () => Import(Odd("blocks.0.mlp.w12.weight")), "comes of SwiGLU, which is not supported");
        TestImages.Fails(FailureKind.Check, () => Import(Odd("pre_logits.fc.bias")), "1 unexpected (pre_logits.fc.bias)");
        Assert.That(_folder["out"], Does.Not.Exist);
        Import(UVit);
        TestImages.Fails(FailureKind.Environment, () => Import(UVit), "cannot write");
    }

    [TestCase("[]", "it is no JSON object")]
    [TestCase("{", "it does not say what the network is")]
    [TestCase("{}", "its model_type is '', `dpt import` makes others")]
    [TestCase("""{"model_type": "dpt-classifier"}""", "its model_type is 'dpt-classifier'")]
    [TestCase("""{"model_type": 7}""", "it does not say what the network is")]
    [TestCase("""{"model_type": "dpt-vit"}""", "it does not say what the network is")]
    [TestCase("""{"model_type": "dpt-vit", "network": null, "channels": 3, "imageSize": 8, "classes": 4}""", "it does not say what the network is")]
    public void Find_InADamagedFolder_SaysWhatIsWrong(string config, string says)
    {
        _folder.Write("config.json", System.Text.Encoding.UTF8.GetBytes(config));
        TestImages.Fails(FailureKind.Check, () => ImportedFolder.Find(_folder.Path), says);
    }

    [Test]
    public void Find_InAnotherFolder_SaysSo() =>
        TestImages.Fails(FailureKind.Environment, () => ImportedFolder.Find(_folder.Path), "config.json");

    private ForeignNetworkOptions Import(ForeignNetworkOptions options, string licence = "unknown", string folder = "out")
    {
        using (var network = ForeignNetwork.Open(_device, options))
        {
            ImportedFolder.Save(network, options, _folder[folder], licence);
        }

        return ImportedFolder.Find(_folder[folder]);
    }

    /// <summary>The ViT with a tensor of an option that ours does not have.</summary>
    private ForeignNetworkOptions Odd(string name)
    {
        var state = WeightFile.Read(Transformer.Weights, Transformer.Part)
            .ToDictionary(item => item.Key, item => (new TensorShape([.. item.Value.Shape]), item.Value.Values));
        state[name] = (new TensorShape(1), [0]);
        StateDict.Save(_folder["odd.safetensors"], state);
        return Transformer with { Weights = _folder["odd.safetensors"], Part = null };
    }

    private static NpyArray<float> Floats(string name) => NpyFile.ReadFloats(WeightFiles.PathOf(name + ".npy"));

    /// <summary>Two computations in single precision differ by less than 1e-5 of the largest number.</summary>
    private static void RequireLike(NpyArray<float> actual, NpyArray<float> expected)
    {
        Assert.That(actual.Shape, Is.EqualTo(expected.Shape));
        Assert.That(actual.Values, Is.EqualTo(expected.Values).Within(1e-6f + (1e-5f * expected.Values.Max(Math.Abs))));
    }
}
