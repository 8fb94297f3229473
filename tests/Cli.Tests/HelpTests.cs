using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>
/// The committed help of every verb is the real one. After a change of an option:
/// <c>DPT_UPDATE_DOCS=1 dotnet test -c Release tests/Cli.Tests --filter HelpTests</c>.
/// </summary>
public sealed class HelpTests
{
    public static IEnumerable<string> Verbs() => VerbTable.All.Select(v => v.Name);

    [TestCaseSource(nameof(Verbs))]
    public void Help_OfAVerb_IsTheCommittedText(string verb) =>
        Compare(FileOf(verb), CommandLine.Run([.. verb.Split(' '), "--help"]));

    [Test]
    public void Help_OfTheProgram_IsTheCommittedText() => Compare("dpt", CommandLine.Run("--help"));

    [Test]
    public void Help_Folder_HoldsNothingElse()
    {
        var expected = Verbs().Select(FileOf).Append("dpt").Order();
        var actual = Directory.GetFiles(Repository.File("docs/cli")).Select(Path.GetFileNameWithoutExtension).Order();
        Assert.That(actual, Is.EqualTo(expected));
    }

    [TestCaseSource(nameof(Verbs))]
    public void Examples_OfAVerb_CanBeParsed(string verb)
    {
        var examples = VerbTable.All.Single(v => v.Name == verb).Examples;
        Assert.That(examples, Has.Count.GreaterThanOrEqualTo(2));
        foreach (var example in examples)
        {
            var (found, arguments) = VerbTable.Find(example.Split(' '));
            Assert.That(found.Name, Is.EqualTo(verb));
            Assert.That(() => found.Parse(arguments), Throws.Nothing, example);
        }
    }

    [TestCase("-h")]
    [TestCase("run", "-h")]
    [TestCase("run", "--nonsense", "--help")]
    [TestCase]
    public void Help_HoweverAskedFor_GoesToStandardOutput(params string[] words)
    {
        var run = CommandLine.Run(words);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(run.Out, Does.StartWith("dpt"));
            Assert.That(run.Err, Is.Empty);
        });
    }

    [Test]
    public void Version_GoesToStandardOutput()
    {
        var run = CommandLine.Run("--version");
        Assert.That((run.Code, run.Err), Is.EqualTo((0, "")));
        Assert.That(run.Out, Does.Match(@"^dpt \d+\.\d+\.\d+\n$"));
    }

    private static string FileOf(string verb) => verb.Replace(" --", "-").Replace(' ', '-');

    private static void Compare(string name, CommandLine help)
    {
        Assert.That((help.Code, help.Err), Is.EqualTo((0, "")));
        var file = Repository.File($"docs/cli/{name}.txt");
        if (Environment.GetEnvironmentVariable("DPT_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(file, help.Out);
        }

        Assert.That(file, Does.Exist);
        Assert.That(help.Out, Is.EqualTo(File.ReadAllText(file)), "run again with DPT_UPDATE_DOCS=1 if it is meant");
    }
}
