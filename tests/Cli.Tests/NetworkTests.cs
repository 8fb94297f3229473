using System.IO.Compression;
using System.Text.Json;
using DPT.Engine.Autograd;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary><c>dpt forward</c>, <c>dpt grad</c> and <c>dpt generate --weights</c>, from the command line to the files; the numbers are tested with the networks.</summary>
public sealed class NetworkTests : NetworkFileTests
{
    [TestCase("host")]
    [TestCase("sim")]
    public void Forward_WritesTheOutput(string device)
    {
        var run = CommandLine.RunReal(["forward", .. Input("eps.npy"), "--device", device]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain("U-ViT: images 1x8x8, patch 4, width 8, depth 2, heads 2").And.Contain("45 tensors match, 0 missing"));
        Assert.That(NpyFile.ReadFloats(Folder.File("eps.npy")).Shape, Is.EqualTo(new[] { 2, 1, 8, 8 }));
    }

    [Test]
    public void Grad_WritesAnArrayForEachParameter()
    {
        var run = CommandLine.RunReal(["grad", .. Input("g.npz"), "--device", "host", "--json"]);
        Assert.That(run.Code, Is.Zero, run.Err);
        using var json = JsonDocument.Parse(run.Out);
        Assert.That(json.RootElement.GetProperty("gradients").GetInt32(), Is.EqualTo(45));
        using var archive = ZipFile.OpenRead(Folder.File("g.npz"));
        Assert.That(archive.Entries.Select(entry => entry.FullName).ToList(), Has.Count.EqualTo(45).And.Contain("in_blocks.0.attn.qkv.weight.npy"));
    }

    [Test]
    public void Forward_HandsEverythingOn()
    {
        var run = CommandLine.Run("forward", "--weights", "w", "--key", "k", "--model", "vit", "--heads", "6", "--features", "--x", "a", "--out", Folder.File("o"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain(new ForeignNetworkOptions("w", "k", "vit", 6, Features: true).ToString()));
        Assert.That(run.Out, Does.Contain($"a   {Folder.File("o")} False"));
    }

    [Test]
    public void Forward_OfANetworkWithoutHeads_AsksForNone()
    {
        var run = CommandLine.Run("forward", "--weights", "w", "--key", "ema_model", "--model", "wrn", "--x", "a", "--out", Folder.File("o"));
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain(new ForeignNetworkOptions("w", "ema_model", "wrn", Heads: null).ToString()));
        Assert.That(CommandLine.Run("import", "w", "--as", "wrn", "--out", Folder.File("o")).Out, Does.Contain(new ForeignNetworkOptions("w", null, "wrn", Heads: null).ToString()));
    }

    [Test]
    public void Forward_WithoutWhatItNeeds_IsAUsageError()
    {
        foreach (var option in new[] { "--weights", "--model", "--heads", "--x", "--out" })
        {
            var words = Input("eps.npy").ToList();
            words.RemoveRange(words.IndexOf(option), 2);
            Refuses(ExitCodes.Usage, $"error: forward: {option} ", [.. words]);
        }

        Refuses(ExitCodes.Usage, "--heads is 'two'", Input("eps.npy", heads: "two"));
        Refuses(ExitCodes.Usage, "heads 3 does not divide", Input("eps.npy", heads: "3"));
        Refuses(ExitCodes.Usage, "--device", [.. Input("eps.npy"), "--device", "abacus"]);
        Refuses(ExitCodes.Environment, "does not exist", Input("none/eps.npy"));
    }

    [Test]
    public void Forward_OfBrokenFiles_WritesNothing()
    {
        Folder.Write("t.npy", "no times");
        Refuses(ExitCodes.Check, "t.npy", Input("eps.npy"));
        File.Delete(Folder.File("x.npy"));
        Refuses(ExitCodes.Environment, "x.npy", Input("eps.npy"));
        MakeInput();
        var state = StateDict.Load(Folder.File("uvit.safetensors"));
        state.Remove("norm.bias");
        StateDict.Save(Folder.File("uvit.safetensors"), state);
        Refuses(ExitCodes.Check, "44 tensors match, 1 missing (norm.bias), 0 unexpected, 0 of another shape", Input("eps.npy"));
        Assert.That(Folder.File("eps.npy"), Does.Not.Exist);

        void MakeInput()
        {
            NpyFile.Write(Folder.File("x.npy"), new NpyArray<float>([2, 1, 8, 8], new float[128]));
            NpyFile.Write(Folder.File("t.npy"), new NpyArray<float>([2], [3, 500]));
        }
    }

    [TestCase("host")]
    [TestCase("sim")]
    public void Generate_FromGivenNoise_WritesTheSamples(string device)
    {
        var run = CommandLine.RunReal(["generate", .. Way("--guidance", "0.4", "--device", device)]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain("45 tensors match, 0 missing").And.Contain("dpm-solver-fast, 5 evaluations, vp, guidance 0.4"));
        Assert.That(NpyFile.ReadFloats(Folder.File("samples.npy")).Shape, Is.EqualTo(new[] { 2, 1, 8, 8 }));
        var thresholded = CommandLine.RunReal(["generate", .. Way("--threshold", "0.9", "--device", device).Select(word => word == "dpm-solver-fast" ? "unipc-3" : word)]);
        Assert.That(thresholded.Out, Does.Contain("unipc-3, 5 evaluations, vp, guidance 0, threshold 0.9"), thresholded.Err);
    }

    /// <summary>The option may stand anywhere; without it the verb is the stage of that name.</summary>
    [Test]
    public void Generate_WithWeights_HandsEverythingOn()
    {
        var run = CommandLine.Run(
            "generate", "--heads", "6", "--key", "k", "--init", "z", "--labels", "y", "--schedule", "discrete", "--solver", "ddim", "--steps", "7",
            "--seed", "3", "--threshold", "0.5", $"--out={Folder.File("o")}", "--weights=w");
        Assert.That(run.Code, Is.Zero, run.Err);
        var drawing = ConfigLoader.Defaults().ToOptions().Generate with { Solver = "ddim", Evaluations = 7, Guidance = 0, Threshold = 0.5 };
        var network = new ForeignNetworkOptions("w", "k", "uvit", 6);
        Assert.That(run.Out, Does.Contain(new NetworkSampleRequest(network, "z", "y", "discrete", drawing, 3, Folder.File("o")).ToString()));
        Assert.That(CommandLine.Run("generate", "--init", "z").Err, Does.Contain("there is no option '--init'"));
    }

    [Test]
    public void Generate_WithWeights_NeedsAllTheRest()
    {
        foreach (var option in new[] { "--heads", "--init", "--solver", "--steps", "--out" })
        {
            var words = Way().ToList();
            words.RemoveRange(words.IndexOf(option), 2);
            Refuses("generate", ExitCodes.Usage, $"error: generate --weights: {option} ", [.. words]);
        }

        Refuses("generate", ExitCodes.Usage, "generate.guidance is '-1'", Way("--guidance", "-1"));
        Refuses("generate", ExitCodes.Usage, "unknown noise schedule 'linear'", Way("--schedule", "linear"));
        Refuses("generate", ExitCodes.Usage, "generate.threshold 0.9 is a limit of predicted images", Way("--threshold", "0.9"));
        Refuses("generate", ExitCodes.Usage, "--threshold is for pixels", Way("--threshold", "0.9", "--autoencoder", Folder.File("none")));
        Refuses("generate", ExitCodes.Usage, "there is no option '--resume'", Way("--resume", "runs/1"));
        File.Delete(Folder.File("x.npy"));
        Refuses("generate", ExitCodes.Environment, "x.npy", Way());
        Assert.That(Folder.File("samples.npy"), Does.Not.Exist);
    }

    private string[] Way(params string[] more) =>
    [
        "--weights", Folder.File("uvit.safetensors"), "--heads", "2", "--init", Folder.File("x.npy"), "--labels", Folder.File("y.npy"),
        "--solver", "dpm-solver-fast", "--steps", "5", "--out", Folder.File("samples.npy"), .. more,
    ];

    private string[] Input(string file, string heads = "2") =>
    [
        "--weights", Folder.File("uvit.safetensors"), "--model", "uvit", "--heads", heads, "--x", Folder.File("x.npy"),
        "--t", Folder.File("t.npy"), "--y", Folder.File("y.npy"), "--out", Folder.File(file),
    ];

    private static void Refuses(int code, string says, string[] words) => Refuses("forward", code, says, words);

    private static void Refuses(string verb, int code, string says, string[] words)
    {
        var run = CommandLine.RunReal([verb, .. words]);
        Assert.That((run.Code, run.Out), Is.EqualTo((code, "")), run.Err);
        Assert.That(run.Err, Does.Contain(says));
    }
}
