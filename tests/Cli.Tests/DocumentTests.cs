using System.Reflection;
using System.Text.RegularExpressions;
using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Links lead somewhere, and what the documents name exists.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Documents =
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. Directory.GetFiles(Repository.File("docs"), "*.md"),
        .. Directory.GetFiles(Repository.File("perf/boards"), "*.md"),
    ];

    private static string Traps => File.ReadAllText(Repository.File("docs/traps.md"));

    public static IEnumerable<string> Names() => Documents.Select(path => Path.GetRelativePath(Repository.Root, path));

    [TestCaseSource(nameof(Names))]
    public void Links_OfADocument_LeadSomewhere(string name)
    {
        var folder = Path.GetDirectoryName(Repository.File(name))!;
        foreach (Match link in Link().Matches(File.ReadAllText(Repository.File(name))))
        {
            var target = link.Groups["file"].Value is { Length: > 0 } file ? Path.GetFullPath(Path.Combine(folder, file)) : Repository.File(name);
            Assert.That(Path.Exists(target), link.Value);
            if (link.Groups["part"] is { Success: true, Value: var part })
            {
                Assert.That(Headings(target), Does.Contain(part), link.Value);
            }
        }
    }

    [Test]
    public void Architecture_NamesTypesAndMembersThatExist()
    {
        var types = Types().ToLookup(type => type.Name.Split('`')[0]);
        var names = TypeName().Matches(File.ReadAllText(Repository.File("docs/architecture.md")));
        Assert.That(names, Has.Count.GreaterThan(50));
        foreach (Match name in names)
        {
            var type = name.Groups["type"].Value;
            Assert.That(types.Contains(type), $"there is no {type}");
            if (name.Groups["member"] is { Success: true, Value: var member })
            {
                Assert.That(types[type].SelectMany(t => t.GetMember(member)), Is.Not.Empty, $"{type} has no {member}");
            }
        }
    }

    /// <summary>Each line that the table of errors quotes is one that the program can say, and every exit code is there.</summary>
    [Test]
    public void Errors_AreSaidInTheSources()
    {
        var document = File.ReadAllText(Repository.File("docs/errors.md"));
        var sources = string.Concat(Sources("src").Select(File.ReadAllText));
        string[] quoted = [.. ErrorRow().Matches(document).Select(row => row.Groups[1].Value)];
        Assert.That(quoted, Has.Length.GreaterThan(25));
        Assert.That(quoted.Where(text => !sources.Contains(text, StringComparison.Ordinal)), Is.Empty);
        foreach (var code in typeof(ExitCodes).GetFields().Select(field => (int)field.GetRawConstantValue()!))
        {
            Assert.That(document, Does.Contain($"\n| {code} |"));
        }
    }

    /// <summary>Each place where the official code surprises has three columns, the last with a test or with a reason; what has to be shown has a test.</summary>
    [Test]
    public void Traps_EachHasATestOrAReason()
    {
        var tables = Traps.Split("\n## ").SelectMany(section => section.Split('\n').Where(line => line.StartsWith('|')).Skip(2)).ToList();
        Assert.That(tables, Has.Count.GreaterThan(80));
        foreach (var row in tables)
        {
            var cells = row.Split('|')[1..^1];
            Assert.That(cells, Has.Length.InRange(2, 3).And.None.Matches<string>(cell => cell.Trim().Length < 3), row);
            var isHeld = TestName().IsMatch(cells[^1]) || (cells.Length == 3 && cells[2].StartsWith(" by choice: ", StringComparison.Ordinal));
            Assert.That(isHeld, row);
        }
    }

    [Test]
    public void Traps_NameTestsThatExist()
    {
        var sources = Sources("tests").Select(path => (Class: Path.GetFileNameWithoutExtension(path), Text: File.ReadAllText(path))).ToLookup(file => file.Class, file => file.Text);
        var named = TestName().Matches(Traps);
        Assert.That(named, Has.Count.GreaterThan(150));
        string[] missing =
        [
            .. named.Where(name => !sources[name.Groups["class"].Value].Any(text => IsTestOf(text, name.Groups["method"].Value))).Select(name => name.Value),
        ];
        Assert.That(missing, Is.Empty);

        // An attribute that makes a test of it stands above, without an empty line between.
        static bool IsTestOf(string source, string method) => Regex.IsMatch(source, $@"\[Test\w*[(\]](?:(?!\n\n).)*? void {method}\(", RegexOptions.Singleline);
    }

    /// <summary>What readers of the official code are told to set.</summary>
    [TestCase("docs/method.md")]
    [TestCase("docs/official-code.md")]
    [TestCase("docs/paper.md")]
    [TestCase("docs/traps.md")]
    public void Settings_OfADocument_Exist(string name)
    {
        string[] settings = [.. SettingName().Matches(File.ReadAllText(Repository.File(name))).Select(setting => setting.Groups[1].Value)];
        Assert.That(settings, Has.Length.GreaterThan(5));
        Assert.That(settings.Except(ConfigKeys.All.Keys), Is.Empty);
    }

    [Test]
    public void Workflow_RunsWhatTheCiRuns()
    {
        var workflow = File.ReadAllText(Repository.File(".github/workflows/ci.yml"));
        Assert.That(workflow, Does.Contain("run: .ci/run").And.Contain("global-json-file: global.json"));
    }

    /// <summary>The files of a folder that are written by hand.</summary>
    private static IEnumerable<string> Sources(string folder) => Directory.GetFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    /// <summary>Types of every layer.</summary>
    private static IEnumerable<Type> Types() => Directory.GetFiles(AppContext.BaseDirectory, "DPT.Engine.*.dll")
        .SelectMany(file => Assembly.LoadFrom(file).GetTypes());

    private static IEnumerable<string> Headings(string document) =>
        Heading().Matches(File.ReadAllText(document))
            .Select(h => NotInAnchors().Replace(h.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();

    [GeneratedRegex(@"`(?<class>\w+Tests)\.(?<method>\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"`((?:data|classifier|probe|pretrain|stage1|diffusion|generate|stage3|run)\.(?!py`)\w+)[`=]")]
    private static partial Regex SettingName();

    [GeneratedRegex(@"\]\((?!https?:)(?<file>[^)#\s]*)(#(?<part>[^)]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex("`(?<type>[A-Z]+[a-z]\\w*)(\\.(?<member>[A-Z]\\w*))?`")]
    private static partial Regex TypeName();
}
