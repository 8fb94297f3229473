using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary><c>dpt pretrain</c>: what it asks of the engine, what it refuses, and one real training whose features are probed.</summary>
public sealed class PretrainTests
{
    [Test]
    public void Pretrain_HandsEverythingOn()
    {
        using var folder = new TemporaryFolder();
        var commands = new FakeCommands();
        var run = CommandLine.Run(
            ["pretrain", "--out", folder.File("net") + "/", "--seed", "7", "--set", "pretrain.steps=9,pretrain.smallViews=3", "--device", "host"], commands);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Out, Does.Contain("a warning").And.Contain(folder.File("net")));
        var request = commands.Pretrainings.Single();
        Assert.That((request.Folder, request.WorkFolder), Is.EqualTo((folder.File("net"), folder.File("net.training"))));
        Assert.That((request.Options.Seed, request.Options.Pretrain.Steps, request.Options.Pretrain.SmallViews), Is.EqualTo((7, 9, 3)));
    }

    [Test]
    public void WithoutAPlace_ItIsRefused()
    {
        var run = CommandLine.Run("pretrain", "--device", "host");
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Usage, "")), run.Err);
        Assert.That(run.Err, Does.Contain("pretrain: --out DIR is missing"));
    }

    /// <summary>A few updates on digits, a probe of what they made, and once more, which leaves the folder alone.</summary>
    [Test]
    public void Network_IsTrainedAndProbed()
    {
        using var folder = new TemporaryFolder();
        string[] few = ["--device", "host", "--labels-per-class", "1", "--set", "data.trainLimit=100,data.testLimit=20"];
        string[] words =
        [
            "pretrain", .. few, "--out", folder.File("net"),
            "--set", "pretrain.steps=6,pretrain.warmUp=2,pretrain.width=16,pretrain.depth=1,pretrain.heads=2,pretrain.batch=8",
        ];
        var made = CommandLine.RunReal(words);
        Assert.That(made.Code, Is.Zero, made.Err);
        Assert.That(made.Out, Does.Contain("ViT: images 1x16x16, patch 4, width 16, depth 1, heads 2, MLP ratio 4, features"));
        var probe = CommandLine.RunReal(["probe", .. few, "--features", folder.File("net")]);
        Assert.That(probe.Code, Is.Zero, probe.Err);
        Assert.That(probe.Out, Does.Contain("class token before the final norm: 16 numbers of 16 x 16 pixels, imagenet"));

        var before = File.ReadAllBytes(folder.File("net/model.safetensors"));
        var again = CommandLine.RunReal(words);
        Assert.That((again.Code, again.Out), Is.EqualTo((ExitCodes.Environment, "")), again.Err);
        Assert.That(again.Err, Does.Contain("exists; give the name of a new folder"));
        Assert.That(File.ReadAllBytes(folder.File("net/model.safetensors")), Is.EqualTo(before));
    }
}
