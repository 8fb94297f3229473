namespace DPT.Engine.Dpt.Tests;

/// <summary>The vote of the nearest labelled images.</summary>
public sealed class NeighbourVoteTests
{
    /// <summary>Angles of known rows in degrees with their class; the query is at 0.</summary>
    [TestCase(1, 1, Description = "the nearest alone")]
    [TestCase(2, 1, Description = "a nearer one outweighs one that is farther")]
    [TestCase(3, 0, Description = "two together outweigh one that is little nearer")]
    [TestCase(4, 0)]
    [TestCase(100, 0, Description = "all vote where there are fewer")]
    public void TheNearestVote_ByTheirCosine(int nearest, int expected)
    {
        var known = Rows(120, 10, 8, 11);
        Assert.That(NeighbourVote.Predict(Rows(0), known, [2, 0, 1, 0], classes: 3, nearest), Is.EqualTo(new[] { expected }));
    }

    /// <summary>exp(cosine / 0.07): the weight decides between one near and two far.</summary>
    [Test]
    public void AVote_IsThePowerOfItsCosine()
    {
        // cos 0 - cos a = 0.07 ln 2 is where two far ones weigh what the near one does.
        var even = Math.Acos(1 - (0.07 * Math.Log(2))) * 180 / Math.PI;
        int[] labels = [1, 0, 0];
        Assert.That(NeighbourVote.Predict(Rows(0), Rows(0, even - 0.1, even - 0.1), labels, 2, 3), Is.EqualTo(new[] { 0 }));
        Assert.That(NeighbourVote.Predict(Rows(0), Rows(0, even + 0.1, even + 0.1), labels, 2, 3), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void EqualVotes_AreTheLowestClass_AndQueriesAreApart() => Assert.That(
        NeighbourVote.Predict(Rows(0, 90, 180), Rows(-20, 20, 170), [1, 0, 2], 3, nearest: 2), Is.EqualTo(new[] { 0, 0, 2 }));

    private static FeatureRows Rows(params double[] degrees) =>
        new([.. degrees.SelectMany(angle => new[] { Math.Cos(angle * Math.PI / 180), Math.Sin(angle * Math.PI / 180) })], 2);
}
