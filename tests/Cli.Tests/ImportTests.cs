using System.Text.Json;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary><c>dpt import</c>, and what takes its folder; the numbers are tested with the networks.</summary>
public sealed class ImportTests : NetworkFileTests
{
    /// <summary>The folder gives what the file gives, and nobody says again what it is.</summary>
    [Test]
    public void Import_MakesAFolder_ThatSaysWhatItIs()
    {
        var import = Import("--heads", "2");
        Assert.That(import.Code, Is.Zero, import.Err);
        Assert.That(import.Out, Does.Contain("U-ViT: images 1x8x8, patch 4").And.Contain("45 tensors match, 0 missing").And.Contain(Folder.File("out")));
        string[] input = ["--x", Folder.File("x.npy"), "--t", Folder.File("t.npy"), "--y", Folder.File("y.npy"), "--device", "host"];
        Succeeds(["forward", "--weights", Folder.File("out"), .. input, "--out", Folder.File("folder.npy")]);
        Succeeds(["forward", "--weights", Folder.File("uvit.safetensors"), "--model", "uvit", "--heads", "2", .. input, "--out", Folder.File("file.npy")]);
        Assert.That(File.ReadAllBytes(Folder.File("folder.npy")), Is.EqualTo(File.ReadAllBytes(Folder.File("file.npy"))));
        Succeeds(["grad", "--weights", Folder.File("out"), .. input, "--out", Folder.File("g.npz")]);
        Succeeds(
        [
            "generate", "--weights", Folder.File("out"), "--init", Folder.File("x.npy"), "--labels", Folder.File("y.npy"), "--solver", "ddim",
            "--steps", "2", "--device", "host", "--out", Folder.File("samples.npy"),
        ]);
    }

    /// <summary>What is given wins over what the folder says.</summary>
    [Test]
    public void Forward_OfAFolder_TakesWhatIsGiven()
    {
        Succeeds(["import", Folder.File("uvit.safetensors"), "--as", "uvit", "--heads", "2", "--out", Folder.File("out")]);
        var model = Path.Combine(Folder.File("out"), "model.safetensors");
        string[] words = ["forward", "--weights", Folder.File("out"), "--x", "a", "--out", Folder.File("o")];
        Assert.That(CommandLine.Run(words).Out, Does.Contain(new ForeignNetworkOptions(model, null, "uvit", 2).ToString()));
        Assert.That(
            CommandLine.Run([.. words, "--heads", "4", "--model", "vit", "--features", "--key", "k"]).Out,
            Does.Contain(new ForeignNetworkOptions(model, "k", "vit", 4, Features: true).ToString()));
    }

    [Test]
    public void Import_HandsEverythingOn()
    {
        var run = CommandLine.Run(
            "import", "w", "--as", "vit", "--key", "k", "--heads", "6", "--features", "--image-size", "96", "--licence", "mit", "--out", Folder.File("o") + "/");
        Assert.That(run.Code, Is.Zero, run.Err);
        var network = new ForeignNetworkOptions("w", "k", "vit", 6, Features: true, ImageSize: 96);
        Assert.That(run.Out, Does.Contain(new ImportRequest(network, "mit", Folder.File("o")).ToString()));
    }

    [Test]
    public void Import_ForLargerImages_SaysSoInItsConfiguration()
    {
        Assert.That(Import("--heads", "2", "--image-size", "16", "--json").Code, Is.Zero);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder.File("out"), "config.json")));
        Assert.That(config.RootElement.GetProperty("imageSize").GetInt32(), Is.EqualTo(16));
    }

    [TestCase(ExitCodes.Usage, "import: --heads H is missing")]
    [TestCase(ExitCodes.Usage, "--heads is '0'", "--heads", "0")]
    [TestCase(ExitCodes.Usage, "heads 3 does not divide", "--heads", "3")]
    [TestCase(ExitCodes.Usage, "--image-size is 'big'", "--heads", "2", "--image-size", "big")]
    [TestCase(ExitCodes.Usage, "images of 9 pixels cannot be cut into patches of 4", "--heads", "2", "--image-size", "9")]
    [TestCase(ExitCodes.Check, "it has no tensors in 'ema'", "--heads", "2", "--key", "ema")]
    public void Import_OfWhatCannotBe_IsRefused(int code, string says, params string[] words)
    {
        var run = Import(words);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
        Assert.That(Directory.Exists(Folder.File("out")), Is.False);
    }

    [Test]
    public void Import_NeedsAFileAKindAndANewFolder()
    {
        Refuses(ExitCodes.Usage, "import: name the file of weights", "--as", "uvit", "--heads", "2", "--out", Folder.File("o"));
        Refuses(ExitCodes.Usage, "import: --as NAME is missing", "w", "--heads", "2", "--out", Folder.File("o"));
        Refuses(ExitCodes.Usage, "--as is 'vti', it must be uvit or songunet or vit or wrn or autoencoder; did you mean 'vit'?", "w", "--as", "vti", "--heads", "2", "--out", Folder.File("o"));
        Refuses(ExitCodes.Usage, "import: --out DIR is missing", "w", "--as", "vit", "--heads", "2");
        Refuses(ExitCodes.Environment, "exists; give the name of a new folder", "w", "--as", "vit", "--heads", "2", "--out", Folder.Path);
        Refuses(ExitCodes.Environment, "none", Folder.File("none"), "--as", "vit", "--heads", "2", "--out", Folder.File("o"));
    }

    private (int Code, string Out, string Err) Import(params string[] words) =>
        CommandLine.RunReal(["import", Folder.File("uvit.safetensors"), "--as", "uvit", "--out", Folder.File("out"), .. words]);

    private static void Succeeds(string[] words)
    {
        var run = CommandLine.RunReal(words);
        Assert.That(run.Code, Is.Zero, run.Err);
    }

    private static void Refuses(int code, string says, params string[] words)
    {
        var run = CommandLine.RunReal(["import", .. words]);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
    }
}
