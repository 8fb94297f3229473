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
