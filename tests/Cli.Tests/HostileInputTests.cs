using System.Text.Json.Nodes;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>
/// Broken files through the command line itself: exit code 3 or 4 (2 for configuration), one line on standard error, nothing on
/// standard output, nothing written. The readers have trials of their own; here are the configuration, and a sample of the rest.
/// </summary>
[CancelAfter(120_000)]
public sealed class HostileInputTests
{
    /// <summary>Every setting with values that it does not take, each as a file.</summary>
    public static IEnumerable<TestCaseData> WrongSettings()
    {
        string[] values = ["\"\\u0000\"", "[]", "[1]", "{}", "{\"x\":1}", "1e999", "-1e400", "\"NaN\"", "\"-Infinity\"", "99999999999999999999", "-1", "\"\"", "\"x\\ny\"", "true", "1.5"];
        foreach (var (name, key) in ConfigKeys.All)
        {
            var wrong = values.Where(value => !Takes(key, value)).ToArray();
            Assert.That(wrong, Has.Length.GreaterThanOrEqualTo(5), name);
            yield return new TestCaseData(name, wrong).SetArgDisplayNames(name);
        }
    }

    [TestCaseSource(nameof(WrongSettings))]
    public void Config_WrongValues_AreRefusedByName(string name, string[] values)
    {
        using var folder = new TemporaryFolder();
        foreach (var value in values)
        {
            foreach (var text in new[] { $$"""{ "{{name}}": {{value}} }""", Nested(name, value) })
            {
                var file = folder.Write("settings.json", text);
                var run = CommandLine.RunReal(["config", "show", "--config", file]);
                RequireRefusal(run, [ExitCodes.Usage], "settings.json", text);
                Assert.That(run.Err, Does.Contain(name.Split('.')[^1]), text);
            }
        }
    }

    [Test]
    public void Config_EveryTruncation_IsRefused()
    {
        using var folder = new TemporaryFolder();
        const string Whole = """{ "seed": 7, /* why */ "stage1": { "steps": 30, "flip": true }, "data": { "spec": "digits" } }""";
        Assert.That(CommandLine.RunReal(["config", "show", "--config", folder.Write("settings.json", Whole)]).Code, Is.Zero);
        for (var length = 0; length < Whole.Length; length++)
        {
            var file = folder.Write("settings.json", Whole[..length]);
            RequireRefusal(CommandLine.RunReal(["config", "show", "--config", file]), [ExitCodes.Usage], "settings.json", Whole[..length]);
        }
    }

    /// <summary>What some programs write for numbers, and nesting without end, in the place of every setting.</summary>
    [Test]
    public void Config_WhatIsNoJson_IsRefused()
    {
        using var folder = new TemporaryFolder();
        foreach (var value in new[] { "NaN", "Infinity", "-Infinity", "0x1", "1_000", "1,5", "'7'", "+1", "01", ".5", "1.", new string('[', 100_000), string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) })
        {
            foreach (var name in ConfigKeys.All.Keys)
            {
                var file = folder.Write("settings.json", $$"""{ "{{name}}": {{value}} }""");
                RequireRefusal(CommandLine.RunReal(["config", "show", "--config", file]), [ExitCodes.Usage], "settings.json", value);
            }
        }
    }

    public static IEnumerable<TestCaseData> Replacements()
    {
        yield return Case("missing", File.Delete);
        yield return Case("empty", path => File.WriteAllText(path, ""));
        yield return Case("no UTF-8", path => File.WriteAllBytes(path, [(byte)'{', 0xff, 0xfe, (byte)'}']));
        yield return Case("zeros", path => File.WriteAllBytes(path, new byte[100_000]));
        yield return Case("deeply nested", path => File.WriteAllText(path, string.Concat(Enumerable.Repeat("{\"x\":", 100_000))));
        yield return Case("a long name", path => File.WriteAllText(path, $$"""{ "{{new string('x', 100_000)}}": 1 }"""));
        yield return Case("a name with line breaks", path => File.WriteAllText(path, """{ "se\ned\u001b[31m": 1 }"""));
        yield return Case("a terabyte of nothing", path =>
        {
            using var file = File.Create(path);
            file.SetLength(1L << 40);
        });
        yield return Case("a folder", path => Replace(path, p => Directory.CreateDirectory(p)));
        yield return Case("a broken link", path => Replace(path, p => File.CreateSymbolicLink(p, "nowhere")));
        yield return Case("a link to itself", path => Replace(path, p => File.CreateSymbolicLink(p, Path.GetFileName(p))));
        if (OperatingSystem.IsLinux())
        {
            yield return Case("a device without end", path => Replace(path, p => File.CreateSymbolicLink(p, "/dev/zero")));
            yield return Case("a device without content", path => Replace(path, p => File.CreateSymbolicLink(p, "/dev/null")));
            yield return Case("a pipe", path => Replace(path, MakePipe));
        }
    }

    [TestCaseSource(nameof(Replacements))]
    public void Config_SomethingElse_IsRefused(object replace)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("settings.json", "{}");
        ((Action<string>)replace)(file);
        RequireRefusal(
            CommandLine.RunReal(["config", "show", "--config", file]), [ExitCodes.Usage, ExitCodes.Environment], "settings.json", "");
    }

    [TestCaseSource(nameof(Replacements))]
    public void TableOfLabels_SomethingElse_IsRefused(object replace)
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        var file = folder.Write("labels.csv", "file,label\ntrain/cat/0.bmp,cat\ntrain/dog/0.bmp,dog\n");
        ((Action<string>)replace)(file);
        RequireRefusal(
            CommandLine.RunReal(["data", "info", "--data", $"folder:{set}", "--labels", file]),
            [ExitCodes.Environment, ExitCodes.Check], "labels.csv", "");
    }

    [TestCaseSource(nameof(Replacements))]
    public void LabelFile_SomethingElse_IsRefused(object replace)
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        var file = folder.Write("labels.txt", "cat/0.bmp\ndog/0.bmp\n");
        ((Action<string>)replace)(file);
        RequireRefusal(
            CommandLine.RunReal(["data", "info", "--data", $"folder:{set}", "--label-file", file]),
            [ExitCodes.Environment, ExitCodes.Check], "labels.txt", "");
    }

    [TestCaseSource(nameof(Replacements))]
    public void Image_SomethingElse_IsRefusedBeforeARunBegins(object replace)
    {
        using var folder = new TemporaryFolder();
        var set = PictureFolder.Make(folder);
        var file = folder.File("set/train/cat/0.bmp");
        ((Action<string>)replace)(file);
        if (!Path.Exists(file) || Directory.Exists(file))
        {
            // What is not listed is not in the set.
            Assert.That(CommandLine.RunReal(["data", "info", "--data", $"folder:{set}"]).Code, Is.Zero);
            return;
        }

        RequireRefusal(
            CommandLine.RunReal(["run", "--quiet", "--data", $"folder:{set}", "--out", folder.File("run")]),
            [ExitCodes.Environment, ExitCodes.Check], "train/cat/0.bmp", "");
        Assert.That(folder.File("run"), Does.Not.Exist);
    }

    [TestCase("mnist", "train-images-idx3-ubyte")]
    [TestCase("cifar10", "data_batch_1.bin")]
    [TestCase("cifar100", "train")]
    public void Data_FilesOfSomethingElse_AreRefused(string kind, string file)
    {
        using var folder = new TemporaryFolder();
        string[] names = kind switch
        {
            "mnist" => ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
            "cifar10" => ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"],
            _ => ["train", "test"],
        };
        foreach (var content in new[] { "", "<!doctype html>", new string('\0', 5000) })
        {
            Array.ForEach(names, name => folder.Write(name, content));
            RequireRefusal(
                CommandLine.RunReal(["data", "info", "--data", $"{kind}:{folder.Path}"]), [ExitCodes.Check], kind == "mnist" ? "train-labels" : file, content);
        }
    }

    [TestCase("npz")]
    [TestCase("zip")]
    [TestCase("tar")]
    [TestCase("parquet")]
    public void Data_AFileOfSomethingElse_IsRefused(string kind)
    {
        using var folder = new TemporaryFolder();
        foreach (var content in new[] { "", "<!doctype html>", new string('\0', 5000) })
        {
            RequireRefusal(
                CommandLine.RunReal(["data", "info", "--data", $"{kind}:{folder.Write("set", content)}"]), [ExitCodes.Check], folder.File("set"), content);
        }

        RequireRefusal(CommandLine.RunReal(["data", "info", "--data", $"{kind}:{folder.File("none")}"]), [ExitCodes.Environment], folder.File("none"), "");
    }

    private static void RequireRefusal((int Code, string Out, string Err) run, int[] codes, string file, string what)
    {
        var shown = what.Length > 100 ? what[..100] : what;
        Assert.That(codes, Does.Contain(run.Code), $"{shown}: {run.Err}");
        Assert.That(run.Out, Is.Empty, shown);
        Assert.That(run.Err, Does.StartWith("error: ").And.Contain(file), shown);
        Assert.That(run.Err.TrimEnd('\n'), Does.Not.Contain("\n").And.Not.Contain("\e"), shown);
        Assert.That(run.Err, Has.Length.LessThan(2000), shown);
    }

    private static bool Takes(ConfigKey key, string value)
    {
        using var json = System.Text.Json.JsonDocument.Parse(value);
        return key.TryRead(json.RootElement, out _);
    }

    private static string Nested(string name, string value)
    {
        JsonNode node = JsonNode.Parse(value)!;
        foreach (var part in name.Split('.').Reverse())
        {
            node = new JsonObject { [part] = node };
        }

        return node.ToJsonString();
    }

    private static TestCaseData Case(string name, Action<string> replace) => new TestCaseData(replace).SetArgDisplayNames(name);

    private static void Replace(string path, Action<string> make)
    {
        File.Delete(path);
        make(path);
    }

    private static void MakePipe(string path)
    {
        using var process = System.Diagnostics.Process.Start("mkfifo", [path]);
        process.WaitForExit();
    }
}
