using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DPT.Engine.Autograd;

namespace Cli.Tests;

/// <summary><c>docs/formats.md</c> against a run: its files, the keys of its tensors, the members of its JSON, its metrics.</summary>
public sealed partial class FormatTests
{
    private static readonly string Text = File.ReadAllText(Repository.File("docs/formats.md"));

    private TemporaryFolder _folder = null!;
    private string _run = null!;

    /// <summary>A run of everything that leaves a file: from a folder with a broken image, profiled, and judged.</summary>
    [OneTimeSetUp]
    public void Run()
    {
        _folder = new TemporaryFolder();
        _run = _folder.File("run");
        var data = PictureFolder.Make(_folder);
        _folder.Write("set/train/cat/broken.bmp", "BM");
        Succeeds([
            "run", "--preset", "digits-smoke", "--device", "host", "--data", $"folder:{data}", "--skip-broken", "--profile",
            "--labels-per-class", "1", "--out", _run, "--set",
            "classifier.patchSize=1,stage1.steps=2,diffusion.steps=2,stage3.steps=2,stage3.selfTraining=true,generate.perClass=2,"
            + "generate.evaluations=3,run.logEvery=1",
        ]);
        Succeeds(["evaluate", "--resume", _run]);
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void RunFolder_HoldsTheFilesOfTheTableAndNoOther()
    {
        var told = Cells("Path").Select(cell => cell.Replace("/step-N/…", "/step-N/")).ToList();
        var written = Files(_run).Select(path => Numbered(EventFile().Replace(CheckpointFile().Replace(path, "$1"), "STAGE"))).Distinct();
        Assert.That(written, Is.EquivalentTo(told));
    }

    [Test]
    public void Checkpoint_HoldsTheFilesOfTheTable()
    {
        var told = Cells("File", "### A checkpoint").Where(name => name != "velocity.safetensors");
        foreach (var folder in Directory.GetDirectories(_run, "step-*", SearchOption.AllDirectories))
        {
            Assert.That(Files(folder), Is.EquivalentTo(told), folder);
        }
    }

    [TestCase("residual network", "stage-1-classifier/classifier.safetensors")]
    [TestCase("residual network", "stage-3-classifier/checkpoints/step-00000002/ema.safetensors")]
    [TestCase("U-ViT generator", "stage-2-diffusion/generator.safetensors")]
    [TestCase("shard of pseudo-images", "stage-2-diffusion/pseudo-images/shard-001-00000.safetensors")]
    public void Tensors_HaveTheKeysOfTheTable(string network, string file) => RequireKeys(network, Path.Combine(_run, file));

    [TestCase("ViT classifier", "vit", 2)]
    [TestCase("wide residual network", "wrn", 10)]
    public void Tensors_OfAnotherClassifier_HaveTheKeysOfTheTable(string row, string network, int depth)
    {
        var run = _folder.File(network);
        Succeeds([
            "train-classifier", "--preset", "digits-smoke", "--device", "host", "--out", run, "--set",
            $"classifier.network={network},classifier.depth={depth},classifier.width=8,data.trainLimit=100,data.testLimit=40,stage1.steps=2",
        ]);
        RequireKeys(row, Path.Combine(run, "stage-1-classifier", "checkpoints", "step-00000002", "ema.safetensors"));
    }

    private static void RequireKeys(string network, string file)
    {
        using var reader = new SafeTensorsReader(file);
        var told = Row("### Tensors", network).Split("; metadata")[0];
        Assert.That(
            reader.Entries.Keys.Select(key => Block().Replace(Numbered(key), "BLOCK")).Distinct(),
            Is.EquivalentTo(Code().Matches(told).Select(c => c.Groups[1].Value)));
    }

    [TestCase("result.json", "result.json")]
    [TestCase("run.json", "run.json")]
    [TestCase("shards.json", "stage-2-diffusion/pseudo-images/shards.json")]
    [TestCase("manifest.json", "stage-2-diffusion/manifest.json")]
    public void Json_HasTheMembersOfTheTable(string name, string file)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(_run, file)))!.AsObject();
        var told = Code().Matches(Row("### JSON of a run", name)).Select(c => c.Groups[1].Value).ToHashSet();
        Assert.That(Members(json, told).Distinct(), Is.EquivalentTo(told));
    }

    [Test]
    public void SeveralSeeds_HaveTheFilesAndMembersOfTheTables()
    {
        var group = _folder.File("group");
        Succeeds([
            "run", "--preset", "digits-smoke", "--device", "host", "--seeds", "1-2", "--out", group, "--set",
            "data.trainLimit=100,data.testLimit=40,stage1.steps=2,diffusion.steps=2,stage3.steps=2,"
            + "stage3.selfTraining=true,generate.perClass=2,generate.evaluations=3",
        ]);
        Assert.That(
            Directory.GetFileSystemEntries(group).Select(path => Path.GetFileName(path)).Select(name => name.StartsWith("seed-") ? "seed-N/…" : name).Distinct(),
            Is.EquivalentTo(Cells("Path of several runs")));
        var summary = JsonNode.Parse(File.ReadAllText(Path.Combine(group, "summary.json")))!.AsObject();
        var told = Code().Matches(Row("### JSON of a run", "summary.json")).Select(c => c.Groups[1].Value).Where(name => name != "result.json").ToHashSet();
        Assert.That(Members(summary, told).Distinct(), Is.EquivalentTo(told));
        var statistics = summary["statistics"]!.AsObject();
        Assert.That(statistics.Select(column => column.Key), Is.EquivalentTo(Cells("Column")));
        Assert.That(statistics["stage1Top1"]!.AsObject().Select(member => member.Key), Is.EqualTo(["count", "mean", "standardDeviation"]));
        Assert.That(statistics["overControl"]!.AsObject().Select(member => member.Key), Is.EqualTo(["count", "mean", "standardDeviation", "low", "high"]));
    }

    [Test]
    public void Metrics_HaveTheNamesOfTheTable()
    {
        var names = File.ReadLines(Path.Combine(_run, "metrics.jsonl"))
            .SelectMany(line => JsonNode.Parse(line)!.AsObject().Select(member => member.Key))
            .Distinct()
            .Except(["step", "time", "stage", "resumed"]);
        Assert.That(names, Is.EquivalentTo(Cells("Name")));
    }

    [Test]
    public void Bundle_ResultsHaveTheMembersOfTheTable()
    {
        var script = File.ReadAllText(Repository.File("perf/gpu/run.sh"));
        var loop = ScriptLoop().Match(script).Groups[1].Value.Split(' ');
        var written = ScriptMember().Matches(script).Select(m => m.Groups[1].Value).Concat(loop).Distinct();
        Assert.That(Cells("Member"), Is.EquivalentTo(written));
    }

    private static void Succeeds(string[] words)
    {
        var (code, _, errors) = CommandLine.RunReal(words);
        Assert.That(code, Is.Zero, errors);
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
            .Select(path => Path.GetRelativePath(folder, path));

    /// <summary>Numbers of steps, shards and blocks as N; a stage keeps its number.</summary>
    private static string Numbered(string name) => Number().Replace(name, "N");

    /// <summary>What stands in code in the first column of the table whose first column has that head.</summary>
    private static IEnumerable<string> Cells(string head, string behind = "#") =>
        Text[Text.IndexOf($"\n{behind}", StringComparison.Ordinal)..].Split('\n')
            .SkipWhile(line => !line.StartsWith($"| {head} |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(c => c.Groups[1].Value));

    /// <summary>What a row says behind its first cell.</summary>
    private static string Row(string behind, string first) =>
        Text[Text.IndexOf($"\n{behind}", StringComparison.Ordinal)..].Split('\n')
            .First(line => line.StartsWith($"| `{first}` |", StringComparison.Ordinal) || line.StartsWith($"| {first} |", StringComparison.Ordinal))
            .Split('|', 3)[2];

    /// <summary>Members by path, as far down as the document names them.</summary>
    private static IEnumerable<string> Members(JsonNode node, HashSet<string> told, string path = "") => node switch
    {
        _ when path.Length > 0 && !told.Any(t => t.StartsWith(path, StringComparison.Ordinal)) => [path.TrimEnd('.')],
        JsonObject members => members.SelectMany(member => Members(member.Value!, told, $"{path}{member.Key}.")),
        JsonArray items => items.SelectMany(item => Members(item!, told, path)),
        _ => [path.TrimEnd('.')],
    };

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^(in_blocks\.N|mid_block|out_blocks\.N|block[1-3]\.layer\.N)")]
    private static partial Regex Block();

    [GeneratedRegex("(?<=^tensorboard/)[^/]+")]
    private static partial Regex EventFile();

    [GeneratedRegex("(/step-[0-9]+/).*")]
    private static partial Regex CheckpointFile();

    [GeneratedRegex(@"(?<=step-|shard-|shard-[0-9]+-|\.)[0-9]+(?=/|-|\.|$)")]
    private static partial Regex Number();

    [GeneratedRegex("for name in ([a-z ]+); do\n    printf")]
    private static partial Regex ScriptLoop();

    [GeneratedRegex("\"([a-z]+)\": (?:[1{\\[]|\"%s\"|')")]
    private static partial Regex ScriptMember();
}
