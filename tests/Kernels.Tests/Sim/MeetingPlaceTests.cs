namespace Kernels.Tests;

/// <summary>
/// Where diverged lanes meet, against the definition on graphs of every shape: of the places that no path to the end
/// misses, the first that every path comes to.
/// </summary>
public sealed class MeetingPlaceTests
{
    private const int Exit = ControlFlow.Exit;

    public static IEnumerable<TestCaseData> Shapes()
    {
        yield return Case("branch and join", [[1, 2], [3], [3], []], [3, 3, 3, Exit]);
        yield return Case("a side that returns", [[1, 2], [], [3], []], [Exit, Exit, 3, Exit]);
        yield return Case("loop", [[1], [2, 3], [1], []], [1, 3, 1, Exit]);
        yield return Case("branch in a branch", [[1, 5], [2, 3], [4], [4], [6], [6], []], [6, 4, 4, 4, 6, 6, Exit]);
        yield return Case("a path without an end", [[1, 2], [1], [3], []], [2, Exit, 3, Exit]);

        static TestCaseData Case(string name, int[][] successors, int[] expected) =>
            new TestCaseData(successors, expected).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Shapes))]
    public void MeetingPlaces_OfAShape(int[][] successors, int[] expected) =>
        Assert.That(ControlFlow.MeetingPlaces(successors), Is.EqualTo(expected));

    [Test]
    public void MeetingPlaces_OfRandomGraphs_AreThoseOfTheDefinition()
    {
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var count = random.Next(1, 10);
            var successors = Enumerable.Range(0, count).Select(_ => Successors(random, count)).ToArray();
            Assert.That(
                ControlFlow.MeetingPlaces(successors),
                Is.EqualTo(Enumerable.Range(0, count).Select(node => ByDefinition(successors, node))),
                () => string.Join(" ", successors.Select(s => $"[{string.Join(",", s)}]")));
        }
    }

    private static int[] Successors(Random random, int count) =>
        [.. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(8) == 0 ? Exit : random.Next(count))];

    private static int ByDefinition(int[][] successors, int node)
    {
        if (!Ends(successors, node, without: -1))
        {
            return Exit;
        }

        var onEveryPath = Enumerable.Range(0, successors.Length).Where(p => p != node && !Ends(successors, node, p)).ToList();
        return onEveryPath.Count == 0
            ? Exit
            : onEveryPath.Single(first => onEveryPath.All(p => p == first || !Ends(successors, first, p)));
    }

    /// <summary>Whether a path leads to the end that does not touch a place.</summary>
    private static bool Ends(int[][] successors, int from, int without)
    {
        var (seen, open) = (new HashSet<int>(), new Stack<int>([from]));
        while (open.TryPop(out var at))
        {
            if (at == Exit || (at != without && successors[at].Length == 0))
            {
                return true;
            }

            if (at != without && seen.Add(at))
            {
                Array.ForEach(successors[at], open.Push);
            }
        }

        return false;
    }
}
