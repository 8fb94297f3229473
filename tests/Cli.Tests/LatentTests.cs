using DPT.Engine.Autograd;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary><c>dpt encode</c>, <c>dpt decode</c> and <c>dpt generate --autoencoder</c>: what they ask of the engine, and the way from images to images.</summary>
public sealed class LatentTests : NetworkFileTests
{
    [Test]
    public void Encode_HandsEverythingOn()
    {
        var run = CommandLine.Run(
            "encode", "--data", "mnist:" + Folder.Path, "--image-size", "32", "--seed", "3", "--autoencoder", "a", "--device", "host", "--out", Folder.File("o"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain("ImageSize = 32").And.Contain($"Seed = 3, Autoencoder = a, Out = {Folder.File("o")}").And.Contain("[5, 2, 8, 4, 4]"));
    }

    [Test]
    public void Decode_HandsEverythingOn()
    {
        var run = CommandLine.Run("decode", "z.npy", "--autoencoder", "a", "--device", "host", "--out", Folder.File("o") + "/");
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain(new DecodeRequest("z.npy", "a", Folder.File("o")).ToString()));
    }

    /// <summary>A file of moments may have taken days: nothing takes its place.</summary>
    [Test]
    public void Encode_ToAFileThatExists_IsRefused()
    {
        var file = Folder.File("there.safetensors");
        File.WriteAllText(file, "moments");
        var refused = CommandLine.Run("encode", "--data", "digits", "--autoencoder", "a", "--device", "host", "--out", file);
        Assert.That(refused.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(refused.Err, Does.Contain("exists; give the name of a new file"));
        Assert.That(File.ReadAllText(file), Is.EqualTo("moments"));
    }

    /// <summary>A precision that the device does not have is refused as by any verb, not passed over.</summary>
    [Test]
    public void Encode_InAPrecision_AsksTheDeviceForIt()
    {
        var refused = CommandLine.Run("encode", "--data", "digits", "--autoencoder", "a", "--device", "host", "--precision", "bf16", "--out", Folder.File("o"));
        Assert.That(refused.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(refused.Err, Does.Contain("--precision bf16: "));
    }

    [Test]
    public void Generate_WithAnAutoencoder_WantsANewFolder()
    {
        string[] words =
            ["generate", "--weights", "w", "--heads", "2", "--init", "z", "--solver", "ddim", "--steps", "2", "--device", "host", "--autoencoder", "a", "--out"];
        Assert.That(CommandLine.Run([.. words, Folder.File("o")]).Out, Does.Contain("Autoencoder = a"));
        var refused = CommandLine.Run([.. words, Folder.Path]);
        Assert.That(refused.Code, Is.EqualTo(ExitCodes.Environment));
        Assert.That(refused.Err, Does.Contain("exists; give the name of a new folder"));
    }

    [TestCase("encode: --autoencoder DIR is missing", "encode", "--out", "o")]
    [TestCase("encode: --out FILE is missing", "encode", "--autoencoder", "a")]
    [TestCase("decode: name the file of latents", "decode", "--autoencoder", "a", "--out", "o")]
    [TestCase("decode: --autoencoder DIR is missing", "decode", "z.npy", "--out", "o")]
    [TestCase("decode: --out DIR is missing", "decode", "z.npy", "--autoencoder", "a")]
    public void Verb_WithoutWhatItNeeds_SaysSo(string says, params string[] words)
    {
        var run = CommandLine.Run(words);
        Assert.That(run.Code, Is.EqualTo(ExitCodes.Usage));
        Assert.That(run.Err, Does.Contain(says));
    }

    /// <summary>With a real autoencoder, from pictures to moments, and from latents that a U-ViT draws to pictures, by either way the same.</summary>
    [Test]
    public void Pictures_BecomeMoments_AndLatentsPictures()
    {
        var autoencoder = Autoencoder();
        Succeeds(
        [
            "encode", "--data", "folder:" + PictureFolder.Make(Folder), "--autoencoder", autoencoder, "--device", "host", "--out", Folder.File("m.safetensors"),
        ]);
        using (var moments = new SafeTensorsReader(Folder.File("m.safetensors")))
        {
            Assert.That(moments.Entries["moments"].Shape, Is.EqualTo(new long[] { 12, 2, 2, 8, 8 }));
        }

        string[] draw =
        [
            "generate", "--weights", Folder.File("uvit.safetensors"), "--heads", "2", "--init", Folder.File("x.npy"), "--labels", Folder.File("y.npy"),
            "--solver", "ddim", "--steps", "2", "--device", "host", "--out",
        ];
        Succeeds([.. draw, Folder.File("z.npy")]);
        Succeeds(["decode", Folder.File("z.npy"), "--autoencoder", autoencoder, "--device", "host", "--out", Folder.File("decoded")]);
        Succeeds([.. draw, Folder.File("drawn"), "--autoencoder", autoencoder]);
        var decoded = Directory.GetFiles(Folder.File("decoded")).Order(StringComparer.Ordinal).ToList();
        Assert.That(decoded, Is.Not.Empty);
        Assert.That(
            Directory.GetFiles(Folder.File("drawn")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes), Is.EqualTo(decoded.Select(File.ReadAllBytes)));
    }

    /// <summary>A whole run on latents, its report, and images of its generator where the autoencoder lies elsewhere now.</summary>
    [Test]
    public void Run_OnLatents_DrawsPictures()
    {
        var (autoencoder, run) = (Autoencoder(), Folder.File("run"));
        string[] words =
        [
            "run", "--preset", "digits-smoke", "--device", "host", "--set", $"diffusion.autoencoder={autoencoder},data.trainLimit=80,data.testLimit=20",
            "--set", "stage1.steps=2,diffusion.steps=2,stage3.steps=2,generate.perClass=2,generate.evaluations=3,run.evaluationPoints=1",
        ];
        var plan = CommandLine.RunReal([.. words, "--dry-run"]);
        Assert.That(plan.Code, Is.Zero, plan.Err);
        Assert.That(plan.Out, Does.Match("generator tokens per image +18 ").And.Contain("diffusion.autoencoder"));
        Succeeds([.. words, "--out", run]);
        Assert.That(File.ReadAllText(Path.Combine(run, "report.html")), Does.Not.Contain("other images now"));
        Directory.Move(autoencoder, Folder.File("moved"));
        var lost = CommandLine.RunReal(["sample", "--run", run, "--device", "host", "--n", "1", "--out", Folder.File("lost.png")]);
        Assert.That((lost.Code, File.Exists(Folder.File("lost.png"))), Is.EqualTo((ExitCodes.Check, false)), lost.Err);
        Succeeds(["sample", "--run", run, "--device", "host", "--n", "1", "--out", Folder.File("drawn.png"), "--autoencoder", Folder.File("moved")]);
        Assert.That(File.Exists(Folder.File("drawn.png")));
    }

    /// <summary>The official numbers of parameters, for latents of images of 256 and 512 pixels and 1000 classes.</summary>
    [TestCase("imagenet256-uvit-l", 32, 286_763_172)]
    [TestCase("imagenet256-uvit-h", 32, 500_832_016)]
    [TestCase("imagenet512-uvit-l", 64, 286_861_524)]
    [TestCase("imagenet128-uvit-l", 16, 286_566_564)]
    public void Preset_OfThePaper_HasTheOfficialNetwork(string preset, int side, long parameters)
    {
        var options = ConfigLoader.Load(preset, null, new Dictionary<string, string>(), []).ToOptions();
        var (kind, form) = (GeneratorCatalog.Find(options.Diffusion.Network), new ImageForm(4, side, 1000));
        using var device = new HostDevice(threads: 1);
        using var store = new ParameterStore(device);
        kind.Require(options.Diffusion, form);
        kind.Create(store, options.Diffusion, form);
        Assert.That(store.Count, Is.EqualTo(parameters));
        Assert.That(8 * side, Is.EqualTo(options.Data.ImageSize));
        Assert.That((options.Generate.PerClass, options.Generate.GuidedBelow), Is.EqualTo((128, (double?)null)));
    }

    /// <summary>Where neither weights nor data are, a dry run says what to put where.</summary>
    [Test]
    public void Preset_WithoutWeights_SaysWhatMakesThem()
    {
        var run = CommandLine.RunReal(["run", "--preset", "imagenet256-uvit-l", "--device", "host", "--dry-run"]);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Environment, "")));
        Assert.That(run.Err, Does.Match("probe.features '.*msn-vitb4' is not there: .*diffusion.autoencoder '.*autoencoder-kl' is not there: .dpt import FILE"));
    }

    /// <summary>A folder of an autoencoder with latents of one channel and the size of their images.</summary>
    private string Autoencoder()
    {
        using (var device = new HostDevice(threads: 1))
        {
            using var store = new ParameterStore(device);
            _ = new KlAutoencoder(store, new KlAutoencoderConfig(Channels: 3, Width: 32, [1], Blocks: 1, LatentChannels: 1));
            store.Initialize(seed: 1);
            StateDict.Save(Folder.File("kl.safetensors"), store.Parameters.ToDictionary(p => p.Name, p => (OfFile(p.Shape), device.Download(p.Data))));
        }

        Succeeds(["import", Folder.File("kl.safetensors"), "--as", "autoencoder", "--out", Folder.File("kl")]);
        return Folder.File("kl");

        static TensorShape OfFile(TensorShape shape) => shape.Rank == 4 ? new TensorShape(shape[0], shape[3], shape[1], shape[2]) : shape;
    }

    private static void Succeeds(string[] words)
    {
        var run = CommandLine.RunReal(words);
        Assert.That(run.Code, Is.Zero, run.Err);
    }
}
