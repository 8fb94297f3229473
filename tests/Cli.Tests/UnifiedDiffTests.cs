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
            var removed = diff.Skip(2).Count(l => l[0] == '-');
            var added = diff.Skip(2).Count(l => l[0] == '+');
            Assert.That(left.Length - removed + added, Is.EqualTo(right.Length), string.Join('\n', diff));
        }

        string[] Text() => [.. Enumerable.Range(0, random.Next(12)).Select(_ => $"{random.Next(4)}")];
    }

    private static string[] Lines(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
