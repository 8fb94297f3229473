using System.Diagnostics;
using System.Globalization;

namespace Mutants;

/// <summary>One test as the child told it.</summary>
internal readonly record struct TestResult(string State, int Milliseconds, string Name, string Message);

/// <summary>What became of a child: its tests, and whether it came to its end.</summary>
internal sealed record TestRun(IReadOnlyList<TestResult> Tests, bool Ended, bool TimedOut)
{
    public TestResult? Failure => Tests.Any(t => t.State == "failed") ? Tests.First(t => t.State == "failed") : null;

    /// <param name="folder">The scratch copy of the test project's output.</param>
    /// <param name="testProject">Its name.</param>
    /// <param name="stopAtFailure">One failure says enough.</param>
    /// <param name="limit">When the child is ended.</param>
    /// <param name="choices">Which tests.</param>
    public static TestRun Of(
        string folder, string testProject, bool stopAtFailure, TimeSpan limit, IEnumerable<TestChoice> choices)
    {
        var resultFile = Path.Combine(folder, "results.tsv");
        File.Delete(resultFile);
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
        [
            "exec",
            "--depsfile", testProject + ".deps.json",
            "--runtimeconfig", testProject + ".runtimeconfig.json",
            "Mutants.dll", TestHost.Verb, testProject, resultFile, stopAtFailure.ToString(),
            .. choices.Select(c => c.ToString()),
        ];
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        process.OutputDataReceived += Ignore;
        process.ErrorDataReceived += Ignore;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var timedOut = !process.WaitForExit(limit);
        if (timedOut)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        var lines = File.Exists(resultFile) ? File.ReadAllLines(resultFile) : [];
        return new TestRun([.. lines.Where(l => l.Contains('\t')).Select(Parse)], lines is [.., TestHost.End], timedOut);

        static void Ignore(object sender, DataReceivedEventArgs line)
        {
        }
    }

    private static TestResult Parse(string line)
    {
        var parts = line.Split('\t');
        return new TestResult(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2], parts[3]);
    }
}
