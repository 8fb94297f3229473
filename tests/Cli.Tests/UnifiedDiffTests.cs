using DPT.Engine.Cli;

namespace Cli.Tests;

/// <summary>Differences as <c>diff -u</c> prints them.</summary>
public sealed class UnifiedDiffTests
{
    [TestCase("a b c", "a b c", "")]
    [TestCase("", "", "")]
    [TestCase("", "a", "--- l|+++ r|@@ -0,0 +1,1 @@|+a")]
    [TestCase("a", "", "--- l|+++ r|@@ -1,1 +0,0 @@|-a")]
    [TestCase("a b c", "a x c", "--- l|+++ r|@@ -1,3 +1,3 @@| a|-b|+x| c")]
    [TestCase("1 2 3 4 5 6 7 8 9 a", "1 2 3 4 6 7 8 9 a", "--- l|+++ r|@@ -2,7 +2,6 @@| 2| 3| 4|-5| 6| 7| 8")]
    [TestCase(
        "1 2 3 4 5 6 7 8 9",
        "0 1 2 3 4 5 6 7 8 9 a",
        "--- l|+++ r|@@ -1,3 +1,4 @@|+0| 1| 2| 3|@@ -7,3 +8,4 @@| 7| 8| 9|+a")]
    public void Of_TwoTexts_IsWhatDiffPrints(string left, string right, string expected) =>
        Assert.That(string.Join('|', UnifiedDiff.Of("l", "r", Lines(left), Lines(right))), Is.EqualTo(expected));

    [Test]
    public void Of_AnyTexts_LeadsFromOneToTheOther()
    {
        var random = new Random(1);
        for (var round = 0; round < 200; round++)
        {
            var (left, right) = (Text(), Text());
            var diff = UnifiedDiff.Of("l", "r", left, right);
            Assert.That(Patched(left, diff), Is.EqualTo(right), string.Join('\n', diff));
        }

        string[] Text() => [.. Enumerable.Range(0, random.Next(40)).Select(_ => $"{random.Next(4)}")];
    }

    /// <summary>Kernels in five sizes have some ten thousand lines, of which most differ.</summary>
    [Test, CancelAfter(30_000)]
    public void Of_LongTexts_IsThereAtOnce()
    {
        var random = new Random(2);
        string[] left = [.. Enumerable.Range(0, 20_000).Select(_ => $"{random.Next(1000)}")];
        string[] right = [.. Enumerable.Range(0, 10_000).Select(_ => $"{random.Next(1000)}")];
        Assert.That(Patched(left, UnifiedDiff.Of("l", "r", left, right)), Is.EqualTo(right));
    }

    /// <summary>What a difference makes of the old text: its hunks are where they say, and cover what they say.</summary>
    private static List<string> Patched(string[] old, IReadOnlyList<string> diff)
    {
        var patched = new List<string>();
        var at = 0;
        foreach (var line in diff.Skip(2))
        {
            if (line.StartsWith("@@", StringComparison.Ordinal))
            {
                var ranges = line.Split('-', '+', ',', ' ').Where(w => int.TryParse(w, out _)).Select(int.Parse).ToArray();
                var start = ranges[0] - (ranges[1] > 0 ? 1 : 0);
                patched.AddRange(old[at..start]);
                Assert.That(patched, Has.Count.EqualTo(ranges[2] - (ranges[3] > 0 ? 1 : 0)), line);
                at = start;
            }
            else
            {
                Assert.That(line[0] == '+' || old[at] == line[1..], line);
                at += line[0] == '+' ? 0 : 1;
                patched.AddRange(line[0] == '-' ? [] : [line[1..]]);
            }
        }

        return [.. patched, .. old[at..]];
    }

    private static string[] Lines(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
