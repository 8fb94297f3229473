using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Networks of a finished run, as they are handed to other tools.</summary>
public sealed class ModelExportTests : FinishedRunTests
{
    private RunLayout Layout => new(Run.Path);

    [Test]
    public void SafeTensors_AreTheWeightsOfTheLastStage_AndOpenHereAgain()
    {
        Assert.That(Export("classifier", "safetensors", "c"), Is.EqualTo(Layout.Round(1).Retrain.ClassifierPath));
        Assert.That(File.ReadAllBytes(Folder["c"]), Is.EqualTo(File.ReadAllBytes(Layout.Round(1).Retrain.ClassifierPath)));
        Export("generator", "safetensors", "g");
        using var generator = TrainedGenerator.Open(Device, Folder["g"]);
        Assert.That(generator.ClassNames, Has.Count.EqualTo(10));
    }

    [TestCase("classifier", "images", "probabilities")]
    [TestCase("generator", "x", "velocity")]
    public void Onnx_HasInputsAndOutputs(string model, string input, string output)
    {
        Export(model, "onnx", "m");
        using var session = new InferenceSession(Folder["m"]);
        Assert.That(session.InputMetadata.Keys, Has.Member(input));
        Assert.That(session.OutputMetadata.Keys, Has.Member(output));
    }

    [Test]
    public void HubFolder_OfAClassifier_SaysWhatWasMeasuredAndAgainstWhat()
    {
        var copy = new RunLayout(Run.Copy());
        var stage3 = Run.Result.Stage3 with { Top1 = 0.875, ControlTop1 = 0.8, SelfTrainingTop1 = 0.825 };
        JsonFiles.Save(copy.ResultPath, Run.Result with { Stage3 = stage3 });
        ModelExport.Save(copy, new ExportRequest("classifier", "hf", Folder["hub"], "mit"), Device, new SilentObserver());
        Assert.That(Directory.GetFiles(Folder["hub"]).Select(Path.GetFileName).Order(), Is.EqualTo(["README.md", "config.json", "model.safetensors"]));
        Assert.That(File.ReadAllBytes(Folder["hub/model.safetensors"]), Is.EqualTo(File.ReadAllBytes(Layout.Round(1).Retrain.ClassifierPath)));
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(Folder["hub/config.json"]))!;
        Assert.That((string?)config["model_type"], Is.EqualTo("dpt-classifier"));
        Assert.That((string?)config["id2label"]!["7"], Is.EqualTo("7"));
        Assert.That(((int?)config["label2id"]!["3"], (int?)config["imageSize"], (int?)config["network"]!["width"]), Is.EqualTo((3, 16, 16)));
        var card = File.ReadAllText(Folder["hub/README.md"]);
        Assert.That(card, Does.StartWith("---\nlicense: \"mit\"\nlibrary_name: dpt-engine\npipeline_tag: image-classification\n"));
        Assert.That(card, Does.Contain("dataset: {type: \"digits\", name: \"digits\"}\n    metrics: [{type: accuracy, value: 0.875, name: top-1 on 50 test images}]"));
        Assert.That(card, Does.Contain("| with pseudo-images (stage 3), top-1 | 87.5 % |"));
        Assert.That(card, Does.Contain("| control: the same training without them | 80.0 % |"));
        Assert.That(card, Does.Contain("digits: 200 training and 50 test images of 10 classes, 20 labels seen"));
        Assert.That(card, Does.Contain("\"patchSize\": 4"));
    }

    /// <summary>A generator's card makes no claim about accuracy in its head.</summary>
    [Test]
    public void HubFolder_OfAGenerator_IsNoClassifier()
    {
        Export("generator", "hf", "hub");
        var card = File.ReadAllText(Folder["hub/README.md"]);
        Assert.That(card, Does.StartWith("---\nlicense: \"unknown\"").And.Contain("unconditional-image-generation").And.Not.Contain("model-index"));
        Assert.That(card, Does.Contain("Frechet distance"));
    }

    [Test]
    public void Export_ChangesNothingOfTheRun_AndLeavesNothingHalfMade()
    {
        var before = FinishedRun.Everything(Run.Path);
        Export("classifier", "hf", "hub");
        TestImages.Fails(FailureKind.Environment, () => Export("classifier", "hf", "hub"), "cannot write");
        TestImages.Fails(FailureKind.Environment, () => Export("classifier", "onnx", "none/c.onnx"), "cannot write");
        TestImages.Fails(FailureKind.Usage, () => Export("judge", "onnx", "j"), "unknown model 'judge'; there are classifier, generator");
        TestImages.Fails(FailureKind.Usage, () => Export("classifier", "pth", "p"), "unknown format 'pth'");
        Assert.That(FinishedRun.Everything(Run.Path), Is.EqualTo(before));
        Assert.That(Directory.GetFileSystemEntries(Folder.Path).Select(Path.GetFileName), Is.EqualTo(["hub"]));
    }

    [Test]
    public void Export_OfWeightsThatChanged_IsRefused()
    {
        var copy = Run.Copy();
        File.AppendAllText(new RunLayout(copy).Round(1).Retrain.ClassifierPath, " ");
        TestImages.Fails(
            FailureKind.Check,
            () => ModelExport.Save(new RunLayout(copy), new ExportRequest("classifier", "onnx", Folder["c"]), Device, new SilentObserver()),
            "has changed since it was made");
        Assert.That(Folder["c"], Does.Not.Exist);
    }

    private string Export(string model, string format, string name, string licence = ExportRequest.UnknownLicence) =>
        ModelExport.Save(Layout, new ExportRequest(model, format, Folder[name], licence), Device, new SilentObserver());
}
