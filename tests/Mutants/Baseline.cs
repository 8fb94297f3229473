namespace Mutants;

/// <summary>
/// The tests without any mutant, run once the same way and on assemblies that were compiled the same way: all of them
/// must pass, or a kill would mean nothing. Their durations say how long a mutant may take.
/// </summary>
internal sealed class Baseline
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    private readonly Dictionary<string, IReadOnlyList<TestResult>> resultsOf;

    /// <exception cref="InvalidOperationException">A test fails, or a choice of the list covers none.</exception>
    public Baseline(IReadOnlyList<Mutant> mutants, MutantCompiler compiler, Scratch scratch)
    {
        foreach (var (project, source) in mutants.DistinctBy(m => m.Project).Select(m => (m.Project, m.File)))
        {
            var assembly = scratch.CompiledOf(project);
            if (compiler.Compile(project, source, File.ReadAllText(Repository.In(source)), assembly) is { } error)
            {
                throw new InvalidOperationException($"without any mutant, {project} does not compile: {error}");
            }
        }

        var choices = mutants.SelectMany(m => m.Tests.Select(t => (t.Project, Test: t, Mutated: m.Project))).ToLookup(c => c.Project);
        resultsOf = choices.ToDictionary(
            group => group.Key, group => Run(group.Key, group.Select(c => c.Test), group.Select(c => c.Mutated), scratch));
        if (mutants.SelectMany(m => m.Tests).FirstOrDefault(c => !Of(c).Any()) is { } empty)
        {
            throw new InvalidOperationException($"'{empty}' covers no test");
        }
    }

    public int Count => resultsOf.Values.Sum(results => results.Count);

    /// <summary>Generous, because a machine that is busy must not count as a kill.</summary>
    public TimeSpan LimitOf(Mutant mutant) =>
        TimeSpan.FromSeconds(30 + (10 * mutant.Tests.SelectMany(Of).Sum(t => t.Milliseconds / 1000.0)));

    private IEnumerable<TestResult> Of(TestChoice choice) => resultsOf[choice.Project].Where(t => choice.Covers(t.Name));

    private static IReadOnlyList<TestResult> Run(
        string testProject, IEnumerable<TestChoice> choices, IEnumerable<string> mutated, Scratch scratch)
    {
        var projects = mutated.Distinct().ToList();
        projects.ForEach(project => scratch.Plant(testProject, project));
        var run = TestRun.Of(scratch.FolderOf(testProject), testProject, stopAtFailure: false, Longest, choices.Distinct());
        projects.ForEach(project => scratch.Restore(testProject, project));
        if (run.Failure is { } failure)
        {
            throw new InvalidOperationException($"without any mutant, {failure.Name} fails: {failure.Message}");
        }

        return run.Ended ? run.Tests : throw new InvalidOperationException($"without any mutant, {testProject} came to no end");
    }
}
