namespace Mutants;

/// <summary>The committed lists fit the sources and the tests of today, so that they cannot rot.</summary>
public sealed class MutantListTests
{
    private static readonly string[] Lines =
    [
        "# a comment", "file: src/Kernels/A.cs", "tests: Kernels.Tests/ATests Kernels.Tests/BTests/part", "",
        "* a sign is wrong", "- a + b", "+ a - b", "* a check is gone", "- if (x)", "- {", "+", "survives: nobody asks",
    ];

    [Test]
    public void Lists_EveryMutant_FitsItsSource()
    {
        var mutants = MutantList.ReadAll();
        Assert.That(mutants, Has.Count.GreaterThanOrEqualTo(300));
        Assert.That(mutants.Select(m => (m.File, m.Title)), Is.Unique);
        Assert.That(MutantList.FaultsOf(mutants), Is.Empty);
    }

    [Test]
    public void Lists_EveryFixtureNamed_Exists()
    {
        var choices = MutantList.ReadAll().SelectMany(m => m.Tests).Distinct();
        var missing = choices.GroupBy(c => c.Project).SelectMany(
            group =>
            {
                var sources = Directory.GetFiles(Repository.In("tests/" + group.Key), "*.cs", SearchOption.AllDirectories);
                var text = string.Concat(sources.Select(File.ReadAllText));
                return group.Where(c => !text.Contains($"class {c.Fixture}", StringComparison.Ordinal));
            });
        Assert.That(missing, Is.Empty);
    }

    [Test]
    public void Parse_OfAList_GivesItsMutants()
    {
        var mutants = MutantList.Parse("some", Lines);
        Assert.That(mutants, Has.Count.EqualTo(2));
        Assert.Multiple(() =>
        {
            Assert.That(mutants[0].Title, Is.EqualTo("a sign is wrong"));
            Assert.That(mutants[0].Project, Is.EqualTo("Kernels"));
            Assert.That(mutants[0].ApplyTo("x = a + b;"), Is.EqualTo("x = a - b;"));
            Assert.That(mutants[0].Reason, Is.Null);
            Assert.That(mutants[0].Tests[1], Is.EqualTo(new TestChoice("Kernels.Tests", "BTests", "part")));
            Assert.That(mutants[1].Before, Is.EqualTo("if (x)\n{"));
            Assert.That(mutants[1].After, Is.Empty);
            Assert.That(mutants[1].Reason, Is.EqualTo("nobody asks"));
        });
    }

    [TestCase("* no file before it", "- a", "+ b")]
    [TestCase("file: src/Kernels/A.cs", "tests: Kernels.Tests/ATests", "* nothing to replace", "+ b")]
    [TestCase("file: src/Kernels/A.cs", "nonsense")]
    [TestCase("tests: Kernels.Tests")]
    public void Parse_OfWhatIsNoList_IsRefused(params string[] lines) =>
        Assert.That(() => MutantList.Parse("some", lines), Throws.TypeOf<FormatException>());

    [TestCase("x = a;")]
    [TestCase("x = a + b; y = a + b;")]
    public void ApplyTo_ASourceThatItDoesNotFit_IsRefused(string source) =>
        Assert.That(() => MutantList.Parse("some", Lines)[0].ApplyTo(source), Throws.TypeOf<FormatException>());

    [TestCase("Some.Tests.BTests.Method_part(1)", true)]
    [TestCase("Some.Tests.BTests.Method(\"part\")", true)]
    [TestCase("Some.Tests.BTests.Method(2)", false)]
    [TestCase("Some.Tests.OtherBTests.Method_part", false)]
    public void Covers_NamesOfItsFixtureThatContainThePart(string test, bool covered) =>
        Assert.That(TestChoice.Parse("Some.Tests/BTests/part").Covers(test), Is.EqualTo(covered));

    [Test]
    public void Sample_OverItsDays_ShowsEveryMutantOnce()
    {
        var mutants = Enumerable.Range(0, 25).Select(i => MutantList.Parse("some", Lines)[0] with { Line = i }).ToArray();
        var days = Enumerable.Range(1, 7).Select(
            day => Options.Parse(["--sample", "4", "--day", $"{day}"])!.Choose(mutants)).ToArray();
        Assert.That(days, Has.All.Count.InRange(3, 4));
        Assert.That(days.SelectMany(chosen => chosen), Is.EquivalentTo(mutants));
    }
}
