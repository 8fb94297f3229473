using System.Globalization;
using System.Text.RegularExpressions;
using DPT.Engine.Cli;
using DPT.Engine.Dpt;

namespace Cli.Tests;

/// <summary>What README and CONTRIBUTING tell people to type exists, and the tables come from a command.</summary>
public sealed partial class ReadmeTests
{
    private const string FromCheckout = "dotnet run -c Release --project src/Cli --";

    private static readonly string Readme = File.ReadAllText(Repository.File("README.md"));

    public static IEnumerable<string> Commands() =>
        new[] { "README.md", "CONTRIBUTING.md", "docs/kernels.md", "docs/your-data.md" }
            .SelectMany(file => ShellBlock().Matches(File.ReadAllText(Repository.File(file))))
            .SelectMany(block => block.Groups[1].Value.Split('\n'))
            .Select(line => line.Split(" #")[0].Trim())
            .Where(line => line.Length > 0)
            .Concat(Tables().Select(table => table.Command))
            .Distinct();

    [TestCaseSource(nameof(Commands))]
    public void Command_InTheDocuments_CanBeTyped(string command)
    {
        var words = Words().Matches(command).Select(w => w.Value.Replace("\"", "")).ToList();
        var environment = words.TakeWhile(w => Assignment().IsMatch(w)).Select(w => w.Split('=', 2)).ToDictionary(w => w[0], w => w[1]);
        words.RemoveRange(0, environment.Count);
        if (words is ["dotnet", "test" or "run" or "format", ..] && !command.Contains(FromCheckout))
        {
            foreach (var path in words.Where(w => w.StartsWith("tests/", StringComparison.Ordinal) || w == "perf"))
            {
                Assert.That(Repository.File(path), Does.Exist);
            }

            return;
        }

        var skip = words[0] == "dpt" ? 1 : FromCheckout.Split(' ').Length;
        Assert.That(string.Join(' ', words.Take(skip)), Is.AnyOf("dpt", FromCheckout));
        var (verb, rest) = VerbTable.Find([.. words.Skip(skip)]);
        var arguments = verb.Parse(rest);
        if (arguments is ConfigArguments config)
        {
            Assert.That(
                () => ConfigLoader.Load(config.Preset, config.Config, environment, ArgumentParser.Assignments(config)).ToOptions(),
                Throws.Nothing);
        }
    }

    [Test]
    public void Readme_Top_IsTheTwoCommands_AndCiRunsThem()
    {
        var block = ShellBlock().Match(Readme);
        var lines = block.Groups[1].Value.Trim().Split('\n').Select(l => l.Split(" #")[0].Trim());
        Assert.That(lines, Is.EqualTo(new[] { $"{FromCheckout} run", "dotnet test -c Release" }));
        Assert.That(Readme[..block.Index].Count(c => c == '\n'), Is.LessThan(6), "they stand at the top");
        var ci = File.ReadAllText(Repository.File(".ci/run"));
        Assert.That(ci, Does.Contain($"{FromCheckout} run").And.Contain("dotnet test -c Release"));
    }

    [Test]
    public void Readme_NamesEveryKindOfData_AndEveryExitCode()
    {
        foreach (var kind in DatasetCatalog.Kinds)
        {
            Assert.That(Readme, Does.Contain($"| `{kind.Spec}` |"));
        }

        foreach (var (code, meaning) in ExitCodes.Table)
        {
            Assert.That(Readme.ReplaceLineEndings(" "), Does.Contain($"{code} {meaning.Split(':')[0]}"));
        }
    }

    /// <summary>
    /// The runs are not here, but their accuracies stand in the table: runs that have them make the whole table, but for the last
    /// digits, since the accuracies are rounded.
    /// </summary>
    [Test]
    public void Tables_ThatCompareRuns_AreWhatTheCommandPrints()
    {
        var tables = Tables().Where(t => t.Command.StartsWith("dpt compare ", StringComparison.Ordinal)).ToList();
        Assert.That(tables, Is.Not.Empty);
        foreach (var (name, command, lines) in tables)
        {
            using var folder = new TemporaryFolder();
            var head = lines[0][1..^1].Split('|').Select(cell => cell.Trim()).ToArray();
            var runs = command.Split(' ')[2..].Select(run => Path.GetFileName(run)).ToList();
            foreach (var (run, line) in runs.Zip(lines.Skip(2)))
            {
                var cells = line[1..^1].Split('|').Select(cell => cell.Trim()).ToArray();
                Assert.That(cells[0], Is.EqualTo(run), name);
                folder.Write($"{run}/result.json", JsonText.Of(FakeCommands.Of(
                    int.Parse(cells[1], CultureInfo.InvariantCulture),
                    stage1: Share("stage 1 top-1")!.Value,
                    pseudoLabels: Share("pseudo-labels")!.Value,
                    control: Share("control top-1")!.Value,
                    stage3: Share("stage 3 top-1")!.Value,
                    selfTraining: Share("self-training top-1"))));

                double? Share(string column) => Array.IndexOf(head, column) is >= 0 and var at ? Number(cells[at]) / 100 : null;
            }

            var printed = CommandLine.Run(["compare", .. runs.Select(run => folder.File(run))]);
            Assert.That(printed.Code, Is.Zero, printed.Err);
            var (told, made) = (string.Join('\n', lines), printed.Out.TrimEnd());
            Assert.That(Decimal().Replace(told, "N"), Is.EqualTo(Decimal().Replace(made, "N")), name);
            Assert.That(Decimals(told), Is.EqualTo(Decimals(made)).Within(0.025), $"{name}:\n{made}");
        }

        static IEnumerable<double> Decimals(string text) =>
            Decimal().Matches(text).Select(number => double.Parse(number.Value, CultureInfo.InvariantCulture));
    }

    [Test]
    public void SpeedOnACpu_IsWhatTheBoardsSay()
    {
        string[][] told = [.. Rows("README.md", "| | cases | [as it comes]")];
        foreach (var (column, board) in new[] { (2, "zen5-avx512-2-cores.md"), (3, "zen5-avx2-2-cores.md") })
        {
            string[][] families = [.. Rows($"perf/boards/{board}", "| family |")];
            Assert.That(families, Has.Length.EqualTo(told.Length));
            foreach (var (row, family) in told.Zip(families))
            {
                Assert.That(row[1], Is.EqualTo(family[1]), $"cases of {family[0]}");
                var numbers = row[column].Split(", least ").Select(Number);
                Assert.That(
                    numbers, Is.EqualTo(family[2..4].Select(Number).Take(numbers.Count())).Within(0.5).Percent, $"{family[0]} in {board}");
            }
        }
    }

    [Test]
    public void SpeedOnACard_IsWhatItsBoardSays()
    {
        var board = Rows("perf/boards/h200.md", "| variant |").Where(row => row[7].Length > 0).ToList();
        foreach (var row in Rows("README.md", "| | ours | PyTorch | ratio |"))
        {
            double[] told = [.. row[1..4].Select(Number)];
            Assert.That(
                board.Select(measured => new[] { Number(measured[2]), Number(measured[6]), Number(measured[7]) }),
                Has.Some.Matches<double[]>(m => Math.Abs(m[0] - told[0]) <= 0.5 && Math.Abs(m[1] - told[1]) <= 0.5 && m[2] == told[2]),
                row[0]);
        }
    }

    /// <summary>Cells of the table whose head begins so.</summary>
    private static IEnumerable<string[]> Rows(string file, string head) => File.ReadLines(Repository.File(file))
        .SkipWhile(line => !line.StartsWith(head, StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line[1..^1].Split('|').Select(cell => cell.Trim()).ToArray());

    /// <summary>The number that a cell begins with.</summary>
    private static double Number(string cell) => double.Parse(cell.Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>Tables stand between <c>table:NAME command: …</c> and <c>/table:NAME</c>, both in comments.</summary>
    private static IEnumerable<(string Name, string Command, string[] Lines)> Tables() =>
        Table().Matches(Readme).Select(t => (t.Groups[1].Value, t.Groups[2].Value, t.Groups[3].Value.Trim().Split('\n')));

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("<!-- table:(\\S+) command: (.*?) -->\n(.*?)<!-- /table:\\1 -->", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"[+-]?[0-9]+\.[0-9]+")]
    private static partial Regex Decimal();

    [GeneratedRegex("(?:\"[^\"]*\"|[^\\s\"])+")]
    private static partial Regex Words();

    [GeneratedRegex("^DPT_[A-Z0-9_]+=")]
    private static partial Regex Assignment();
}
