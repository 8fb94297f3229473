using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Mutants;

/// <summary>
/// Plants the mutants of the lists, one at a time, and says which of them the tests notice:
/// <c>dotnet run -c Release --project tests/Mutants -- [--only TEXT] [--sample N [--day D]] [--jobs N] [--out FILE]</c>.
/// Exit code 0 if every mutant was killed or stands in its list with a reason to survive.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        if (arguments is [TestHost.Verb, var project, var results, var stop, .. var choices])
        {
            return TestHost.Run(project, results, bool.Parse(stop), [.. choices.Select(TestChoice.Parse)]);
        }

        if (Options.Parse(arguments) is not { } options)
        {
            Console.Error.WriteLine(Options.Usage);
            return 2;
        }

        var clock = Stopwatch.StartNew();
        var mutants = options.Choose(MutantList.ReadAll());
        if (MutantList.FaultsOf(mutants) is { Count: > 0 } faults)
        {
            Console.Error.WriteLine(string.Join('\n', faults));
            return 2;
        }

        var scratches = new ConcurrentBag<Scratch>(Enumerable.Range(0, options.Jobs).Select(i => new Scratch(i)));
        scratches.TryPeek(out var first);
        var compiler = new MutantCompiler();
        var baseline = new Baseline(mutants, compiler, first!);
        Console.Error.WriteLine($"{mutants.Count} mutants; their {baseline.Count} tests pass without them");
        var trials = new ConcurrentBag<Trial>();
        Parallel.ForEach(mutants, new ParallelOptions { MaxDegreeOfParallelism = options.Jobs }, mutant =>
        {
            scratches.TryTake(out var scratch);
            var trial = Trial.Of(mutant, compiler, scratch!, baseline.LimitOf(mutant));
            scratches.Add(scratch!);
            trials.Add(trial);
            Console.Error.WriteLine(Line(trial));
        });
        var table = Table([.. trials.OrderBy(t => t.Mutant.List, StringComparer.Ordinal).ThenBy(t => t.Mutant.Line)]);
        if (options.Out is { } path)
        {
            File.WriteAllText(path, table);
        }

        Console.WriteLine(
            $"{trials.Count} planted, {trials.Count(t => t.IsKilled)} killed,"
            + $" {trials.Count(t => t.Verdict == Verdict.Survived)} survived"
            + $" ({trials.Count(t => t.Verdict == Verdict.Survived && t.IsAsListed)} with a reason in the list),"
            + $" {trials.Count(t => t.Verdict == Verdict.DoesNotCompile)} do not compile, {clock.Elapsed.TotalSeconds:F0} s");
        return trials.All(t => t.IsAsListed) ? 0 : 4;
    }

    private static string Line(Trial trial) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(trial.IsAsListed ? "  " : "! ")}{trial.Verdict,-14} {trial.Seconds,5:F1} s  {trial.Mutant}{(trial.By.Length > 0 ? "  <- " + trial.By : "")}");

    private static string Table(IReadOnlyList<Trial> trials) => string.Join(
        '\n',
        [
            "| list | mutant | verdict | by, or why it may survive | seconds |",
            "|---|---|---|---|---|",
            .. trials.Select(t => string.Create(
                CultureInfo.InvariantCulture,
                $"| {t.Mutant.List} | {Cell(t.Mutant.Title)} | {t.Verdict} | {Cell(t.IsKilled ? t.By : t.Mutant.Reason ?? t.By)} | {t.Seconds:F1} |")),
            string.Empty,
        ]);

    private static string Cell(string text) => text.Replace("|", "\\|").Replace("<", "&lt;");
}
