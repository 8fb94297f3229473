using System.Diagnostics;

namespace Mutants;

/// <summary>What became of a mutant.</summary>
internal enum Verdict
{
    /// <summary>A test failed.</summary>
    Killed,

    /// <summary>The process of the tests came to no end in time, and was ended.</summary>
    TimedOut,

    /// <summary>The process of the tests died.</summary>
    Crashed,

    /// <summary>Every test passed.</summary>
    Survived,

    /// <summary>It is no C#: a fault of the list.</summary>
    DoesNotCompile,
}

/// <summary>The trial of one mutant.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="Verdict">What became of it.</param>
/// <param name="By">The test that failed, the compiler's error, or nothing.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record Trial(Mutant Mutant, Verdict Verdict, string By, double Seconds)
{
    public bool IsKilled => Verdict is Verdict.Killed or Verdict.TimedOut or Verdict.Crashed;

    /// <summary>Killed, or a survivor with its reason in the list; a reason that does not hold any more is wrong too.</summary>
    public bool IsAsListed => IsKilled ? Mutant.Reason is null : Verdict == Verdict.Survived && Mutant.Reason is not null;

    /// <param name="mutant">The mutant.</param>
    /// <param name="compiler">Makes its assembly.</param>
    /// <param name="scratch">Where its tests run.</param>
    /// <param name="limit">The time that its tests may take.</param>
    public static Trial Of(Mutant mutant, MutantCompiler compiler, Scratch scratch, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        var source = mutant.ApplyTo(File.ReadAllText(Repository.In(mutant.File)));
        if (compiler.Compile(mutant.Project, mutant.File, source, scratch.CompiledOf(mutant.Project)) is { } error)
        {
            return Ends(Verdict.DoesNotCompile, error);
        }

        foreach (var tests in mutant.Tests.GroupBy(t => t.Project))
        {
            scratch.Plant(tests.Key, mutant.Project);
            var run = TestRun.Of(scratch.FolderOf(tests.Key), tests.Key, stopAtFailure: true, limit, tests);
            scratch.Restore(tests.Key, mutant.Project);
            if (run.Failure is { } failure)
            {
                return Ends(Verdict.Killed, failure.Name);
            }

            if (!run.Ended)
            {
                return Ends(run.TimedOut ? Verdict.TimedOut : Verdict.Crashed, tests.Key);
            }
        }

        return Ends(Verdict.Survived, string.Empty);

        Trial Ends(Verdict verdict, string by) => new(mutant, verdict, by, clock.Elapsed.TotalSeconds);
    }
}
