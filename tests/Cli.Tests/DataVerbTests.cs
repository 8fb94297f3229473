using System.Text.Json;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>What a user is told of a data set: what is in it, what was left out, and what is broken.</summary>
public sealed class DataVerbTests
{
    [Test]
    public void Check_OfAWholeSet_Passes()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        File.WriteAllBytes(folder.File("set/test/cat/0.bmp"), File.ReadAllBytes(folder.File("set/test/cat/0.bmp")).Select((b, i) => i < 54 ? b : (byte)7).ToArray());
        foreach (var name in new[] { "cat/1", "dog/0", "dog/1" })
        {
            File.Delete(folder.File($"set/test/{name}.bmp"));
        }

        var run = CommandLine.RunReal(["data", "check", $"folder:{set}"]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")), run.Out);
        Assert.That(run.Out, Does.Match("imageSize +8\n").And.Match("train of class dog +6\n").And.Match("test of class dog +0\n").And.Match("unreadable +0\n").And.Match("passes +True\n"));
        Assert.That(run.Out, Does.Not.Contain("findings"));
    }

    /// <summary>Test images of this set are training images too; the verb names them, and what cannot be read.</summary>
    [Test]
    public void Check_OfAFaultySet_NamesTheFaultsAndFails()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        folder.Write("set/train/cat/x.png", "no image");
        File.Copy(folder.File("set/train/cat/5.bmp"), folder.File("set/train/dog/9.bmp"));
        foreach (var words in new string[][] { ["--json", $"folder:{set}"], ["--json", "--data", $"folder:{set}"] })
        {
            var run = CommandLine.RunReal(["data", "check", .. words]);
            Assert.That((run.Code, run.Err), Is.EqualTo((ExitCodes.Check, "")));
            using var json = JsonDocument.Parse(run.Out);
            Assert.That(
                new[] { "train", "test", "unreadable", "in training and test", "in several classes", "repeated" }.Select(name => json.RootElement.GetProperty(name).GetInt32()),
                Is.EqualTo([13, 4, 1, 4, 1, 0]));
            Assert.That(json.RootElement.GetProperty("passes").GetBoolean(), Is.False);
            Assert.That(
                json.RootElement.GetProperty("findings").EnumerateArray().Select(item => item.GetString()),
                Does.Contain("unreadable: train/cat/x.png: it holds no PNG, JPEG, WebP, BMP or GIF image")
                    .And.Contain("in training and test: train cat/0.bmp = test cat/0.bmp")
                    .And.Contain("in several classes: train cat/5.bmp = train dog/9.bmp"));
        }
    }

    /// <summary>Images that memory is too small for go to the folder of temporary files: that is said, and also if it cannot be.</summary>
    [Test]
    public void Info_OfASetThatMemoryIsTooSmallFor_SaysWhereItLies()
    {
        using var folder = new TemporaryFolder();
        string[] words = ["data", "info", "--data", $"folder:{PictureFolder.Make(folder)}", "--set", "data.memoryLimit=0"];
        using (new EnvironmentVariable("TMPDIR", folder.File("nowhere")))
        {
            var run = CommandLine.RunReal(words);
            Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Environment, "")));
            Assert.That(run.Err, Does.Match("^error: .*cannot keep 0 MiB of images in a temporary file in '.*nowhere/': .*; let TMPDIR name a folder with room, or raise data.memoryLimit\n$"));
        }

        var whole = CommandLine.RunReal(words);
        Assert.That((whole.Code, whole.Err), Is.EqualTo((0, "")));
        Assert.That(whole.Out, Does.Contain("images, 0 MiB, are kept in a temporary file in '"));
    }

    [Test]
    public void Info_OfAWholeSet_HasNoNotes()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["data", "info", "--data", $"folder:{PictureFolder.Make(folder)}"]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Does.Contain("train of class cat").And.Not.Contain("notes").And.Not.Contain("skipped"));
    }

    /// <summary>What somebody labelled for the method, it sees: the number that suits data with all labels is not taken for these.</summary>
    [TestCase("--data", "folder:{0}/set")]
    [TestCase("--data", "folder:{0}/set", "--labels", "{0}/labels.csv")]
    public void Info_OfASetOfWhichAFewAreLabelled_CountsAllLabels(params string[] words)
    {
        using var folder = new TemporaryFolder();
        PictureFolder.Make(folder);
        Directory.CreateDirectory(folder.File("set/unlabelled"));
        File.Copy(folder.File("set/test/cat/0.bmp"), folder.File("set/unlabelled/0.bmp"));
        folder.Write("labels.csv", "file,label\n" + string.Concat(
            Enumerable.Range(0, 12).Select(i => $"train/{(i < 6 ? "cat" : "dog")}/{i % 6}.bmp,{(i < 6 ? "cat" : "dog")}\n")));
        var run = CommandLine.RunReal(["data", "info", .. words.Select(word => string.Format(null, word, folder.Path))]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Does.Match("labelled +12\n").And.Match("train +13\n").And.Match("train of unknown class +1\n").And.Match("test +4\n"));
    }

    [Test]
    public void Info_OfASetWithOtherFiles_SaysWhatWasLeftOut()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        folder.Write("set/train/cat/readme.txt", "cats");
        Directory.CreateSymbolicLink(folder.File("set/train/dog/loop"), "../cat");
        var run = CommandLine.RunReal(["data", "info", "--data", $"folder:{set}"]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Does.Contain("1 .txt").And.Contain("links left out").And.Match("train of class dog +6"));
    }

    [Test]
    [Platform("Linux")]
    public void Info_OfAClassWithALineBreak_StaysInItsLine()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        Directory.Move(folder.File("set/train/dog"), folder.File("set/train/do\ng\e[31m"));
        Directory.Delete(folder.File("set/test/dog"), recursive: true);
        var run = CommandLine.RunReal(["data", "info", "--data", $"folder:{set}"]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Does.Contain("train of class do?g?[31m").And.Not.Contain("\e"));
    }

    [Test]
    public void Info_OfBrokenImages_NamesAllOfThem()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        folder.Write("set/train/cat/x.png", "no image");
        folder.Write("set/test/dog/y.jpg", "");
        var run = CommandLine.RunReal(["data", "info", "--data", $"folder:{set}"]);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Check, "")));
        Assert.That(run.Err, Does.StartWith("error: ").And.Contain("2 of 18 images").And.Contain("train/cat/x.png").And.Contain("test/dog/y.jpg"));
        Assert.That(run.Err.Split('\n'), Has.Length.EqualTo(2), "one line");
    }

    [Test]
    public void Info_SkipBroken_ListsThem()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        folder.Write("set/train/cat/x.png", "no image");
        var run = CommandLine.RunReal(["data", "info", "--data", $"folder:{set}", "--skip-broken", "--json"]);
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        using var json = JsonDocument.Parse(run.Out);
        Assert.That(json.RootElement.GetProperty("train").GetInt32(), Is.EqualTo(12));
        Assert.That(
            json.RootElement.GetProperty("skipped").EnumerateArray().Select(item => item.GetString()),
            Is.EqualTo(["train/cat/x.png: it holds no PNG, JPEG, WebP, BMP or GIF image"]));
    }

    [Test]
    public void Stage_SkipBroken_SaysSoOnceAndKeepsTheList()
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        folder.Write("set/train/cat/x, y.png", "no image");
        string[] words =
        [
            "train-classifier", "--preset", "digits-smoke", "--device", "host", "--data", $"folder:{set}", "--labels-per-class", "1",
            "--set", "stage1.steps=2", "--set", "stage1.labelledBatch=2", "--set", "stage1.unlabelledBatch=4",
            "--set", "diffusion.patchSize=4", "--out", folder.File("run"),
        ];
        var refused = CommandLine.RunReal(words);
        Assert.That(refused.Code, Is.EqualTo(ExitCodes.Check));
        Assert.That(folder.File("run"), Does.Not.Exist);
        var run = CommandLine.RunReal([.. words, "--skip-broken"]);
        Assert.That(run.Code, Is.Zero, run.Err);
        Assert.That(run.Err.Split("1 of 17 images are left out"), Has.Length.EqualTo(2), run.Err);
        Assert.That(File.ReadAllText(folder.File("run/log.txt")), Does.Contain("train/cat/x, y.png"));
        Assert.That(File.ReadAllText(folder.File("run/skipped-images.csv")), Is.EqualTo(
            "file,reason\n\"train/cat/x, y.png\",\"it holds no PNG, JPEG, WebP, BMP or GIF image\"\n"));
    }

    [TestCase("mnist to data/mnist from its address", "mnist:data/mnist", "mnist")]
    [TestCase("fashion-mnist to data/fashion-mnist from its address", "mnist:data/fashion-mnist", "fashion-mnist")]
    [TestCase("cifar10 to /x/c from http://127.0.0.1/a", "cifar10:/x/c", "cifar10", "--out", "/x/c", "--from", "http://127.0.0.1/a")]
    public void Get_SaysWhatToUseNext(string asked, string spec, params string[] words)
    {
        var run = CommandLine.Run(["data", "get", .. words]);
        Assert.That((run.Code, run.Err, run.Engine.Brought.Single()), Is.EqualTo((0, "", asked)));
        Assert.That(run.Out, Does.Match($"data +{spec}\n").And.Match($"next +dpt data info --data {spec}\n"));
    }

    [TestCase("there is no data set 'imagenet' to get; it must be one of: mnist, fashion-mnist, cifar10, cifar100", "imagenet")]
    [TestCase("data get: name the data set")]
    [TestCase("--from is 'ftp://x', it must be an address that begins with http:// or https://", "mnist", "--from", "ftp://x")]
    [TestCase("--from is 'mirror', it must be", "mnist", "--from", "mirror")]
    public void Get_WhatMakesNoSense_IsRefused(string says, params string[] words)
    {
        var run = CommandLine.RunReal(["data", "get", .. words]);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Usage, "")));
        Assert.That(run.Err, Does.Contain(says));
    }

    /// <summary>Nobody listens at that port.</summary>
    [Test]
    public void Get_FromNowhere_SaysSoAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        var run = CommandLine.RunReal(["data", "get", "mnist", "--out", folder.File("x"), "--from", "http://127.0.0.1:9/mirror"]);
        Assert.That((run.Code, run.Out), Is.EqualTo((ExitCodes.Environment, "")));
        Assert.That(run.Err, Does.Match("^error: 'http://127.0.0.1:9/mirror/train-images-idx3-ubyte.gz' cannot be read: .*; another address can be given with --from\n$"));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Help_OfInfo_HasTheRulesAndTheFormat()
    {
        var help = CommandLine.Run("data", "info", "--help").Out;
        Assert.That(help, Does.Contain("What folder:DIR reads:").And.Contain("Tables for --labels:").And.Contain("Files for --label-file:").And.Contain("index,label,file"));
    }
}
