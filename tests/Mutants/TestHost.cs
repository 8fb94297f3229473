using System.Globalization;
using System.Reflection;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Mutants;

/// <summary>
/// The child that runs chosen tests of one test project in its scratch folder, with NUnit's own runner and none of the
/// seconds that a test platform takes to start. It writes a line a test to a file: passed, milliseconds and name, or
/// failed, milliseconds, name and message; and last of all <c>end</c>.
/// </summary>
internal static class TestHost
{
    /// <summary>The name of the verb.</summary>
    public const string Verb = "run-tests";

    public const string End = "end";

    /// <param name="testProject">The test assembly, beside this one.</param>
    /// <param name="resultFile">Where the lines go.</param>
    /// <param name="stopAtFailure">One failure says enough.</param>
    /// <param name="choices">Which tests.</param>
    public static int Run(string testProject, string resultFile, bool stopAtFailure, IReadOnlyList<TestChoice> choices)
    {
        var assembly = Assembly.Load(testProject);
        var fixtures = assembly.GetTypes().Where(t => choices.Any(c => c.Fixture == t.Name)).Select(t => t.FullName!);
        var settings = new Dictionary<string, object>
        {
            ["LOAD"] = fixtures.ToList(),
            ["StopOnError"] = stopAtFailure,
        };
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(assembly, settings);
        using var results = new StreamWriter(resultFile) { AutoFlush = true };
        runner.Run(new Writer(results), new Chosen(choices));
        results.WriteLine(End);
        return 0;
    }

    /// <summary>A failure outside of a test, as in a fixture's set-up, counts as one of a test of that name.</summary>
    private sealed class Writer(TextWriter results) : ITestListener
    {
        public void TestFinished(ITestResult result)
        {
            var failed = result.ResultState.Status == TestStatus.Failed;
            if (!result.Test.IsSuite || (failed && result.ResultState.Site is FailureSite.SetUp or FailureSite.TearDown))
            {
                var state = failed ? "failed" : result.ResultState.Status == TestStatus.Passed ? "passed" : "other";
                var milliseconds = ((int)(1000 * result.Duration)).ToString(CultureInfo.InvariantCulture);
                results.WriteLine(string.Join('\t', state, milliseconds, OneLine(result.FullName), OneLine(result.Message)));
            }
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }

        private static string OneLine(string? text) => (text ?? string.Empty).ReplaceLineEndings(" ").Replace('\t', ' ');
    }

    private sealed class Chosen(IReadOnlyList<TestChoice> choices) : TestFilter
    {
        public override bool Match(ITest test) => !test.IsSuite && choices.Any(c => c.Covers(test.FullName));

        public override bool Pass(ITest test, bool negated) =>
            test.IsSuite ? test.Tests.Any(t => Pass(t, negated)) : Match(test);

        public override TNode AddToXml(TNode parentNode, bool recursive) => parentNode;
    }
}
