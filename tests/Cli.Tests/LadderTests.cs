using System.Text.RegularExpressions;
using DPT.Engine.Kernels;

namespace Cli.Tests;

/// <summary>
/// The ladders of <c>docs/kernels.md</c> are those of the registry, and the numbers in them and in the README those of the
/// simulator and the boards. After a change of a kernel or a board:
/// <c>DPT_UPDATE_DOCS=1 dotnet test -c Release tests/Cli.Tests --filter LadderTests</c>.
/// </summary>
public sealed partial class LadderTests
{
    private const string Story = "docs/kernels.md";

    public static IEnumerable<TestCaseData> Tables() =>
        from file in new[] { Story, "README.md" }
        from mark in Block().Matches(File.ReadAllText(Repository.File(file))).Select(b => b.Groups["mark"].Value)
        select new TestCaseData(file, mark);

    [TestCaseSource(nameof(Tables))]
    public void Table_BehindItsMark_IsWhatRegistrySimulatorOrBoardsSay(string file, string mark)
    {
        var path = Repository.File(file);
        var committed = File.ReadAllText(path);
        var block = Block().Matches(committed).Single(b => b.Groups["mark"].Value == mark);
        var current = Table(block);
        if (Environment.GetEnvironmentVariable("DPT_UPDATE_DOCS") == "1")
        {
            var table = block.Groups["table"];
            File.WriteAllText(path, committed[..table.Index] + current + committed[(table.Index + table.Length)..]);
            return;
        }

        Assert.That(block.Groups["table"].Value, Is.EqualTo(current), "run again with DPT_UPDATE_DOCS=1 if it is meant");
    }

    [Test]
    public void Story_HasASectionForEveryOperator_InTheOrderOfTheRegistry() => Assert.That(
        Sections().Select(s => s.Operator), Is.EqualTo(KernelRegistry.Operators.Select(o => o.Name)));

    [Test]
    public void Story_OfEveryOperator_TellsOfEachVariantAndOfNoOther()
    {
        foreach (var (name, text) in Sections())
        {
            var told = Variant().Matches(Block().Replace(text, "")).Select(v => v.Groups[1].Value).Distinct();
            Assert.That(told, Is.EquivalentTo(KernelRegistry.Find(name).Variants.Select(v => v.Name)), name);
        }
    }

    [Test]
    public void Story_OfEveryOperator_HasItsIdeas_AndItsNumbersWhereThereAreGpuVariants()
    {
        foreach (var (name, text) in Sections())
        {
            var tables = Block().Matches(text).Select(b => (b.Groups["kind"].Value, b.Groups["op"].Value));
            Assert.That(tables, Is.EquivalentTo(new[] { ("ideas", name), ("counts", name), ("times", name) }), name);
        }
    }

    private static string Table(Match block) => Ladder.Table(
        block.Groups["kind"].Value,
        KernelRegistry.Find(block.Groups["op"].Value),
        block.Groups["case"] is { Success: true, Value: var label } ? label : null);

    private static IEnumerable<(string Operator, string Text)> Sections() =>
        File.ReadAllText(Repository.File(Story)).Split("\n## ").Skip(1)
            .Select(section => section.Split('\n', 2))
            .Where(parts => parts[0].StartsWith('`'))
            .Select(parts => (parts[0].Trim('`'), parts[1]));

    [GeneratedRegex("(?<mark><!-- ladder: (?<kind>\\S+) (?<op>\\S+?)( case: (?<case>.*?))? -->)\n(?<table>.*?)<!-- /ladder -->", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`((?:host-)?v[0-9]+-[a-z0-9-]+)`")]
    private static partial Regex Variant();
}
