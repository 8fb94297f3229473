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

    /// <summary>The tests that are said to hold what the method does.</summary>
    [Test]
    public void Method_NamesTestsThatExist()
    {
        var tests = string.Concat(Sources("tests").Select(File.ReadAllText));
        string[] named = [.. TestName().Matches(File.ReadAllText(Repository.File("docs/method.md"))).Select(name => name.Groups[1].Value)];
        Assert.That(named, Has.Length.GreaterThan(30));
        Assert.That(named.Where(name => !tests.Contains($"void {name}(", StringComparison.Ordinal)), Is.Empty);
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

    [GeneratedRegex(@"`([A-Z]\w*_\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"\]\((?!https?:)(?<file>[^)#\s]*)(#(?<part>[^)]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex("`(?<type>[A-Z]+[a-z]\\w*)(\\.(?<member>[A-Z]\\w*))?`")]
    private static partial Regex TypeName();
}
