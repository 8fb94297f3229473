namespace DPT.Engine.Dpt.Tests;

/// <summary>Rows as a probe learns from them.</summary>
public sealed class FeatureRowsTests
{
    /// <summary>Trap 28: over the features of a row, not over the rows of a feature. Twice is once (trap 31).</summary>
    [Test]
    public void Rows_AreCentredAndOfLength1_EachByItself()
    {
        var rows = FeatureRows.Normalised([1f, 2, 3, 10, -10, 0, 7, 7, 8], 3);
        double[] expected =
        [
            -1 / Math.Sqrt(2), 0, 1 / Math.Sqrt(2),
            1 / Math.Sqrt(2), -1 / Math.Sqrt(2), 0,
            -1 / Math.Sqrt(6), -1 / Math.Sqrt(6), 2 / Math.Sqrt(6),
        ];
        Assert.That(rows.Values, Is.EqualTo(expected).Within(1e-12));
        Assert.That((rows.Count, rows.Width, rows.Empty), Is.EqualTo((3, 3, 0)));
        Assert.That(FeatureRows.Normalised([.. rows.Values], 3).Values, Is.EqualTo(expected).Within(1e-12));
    }

    [Test]
    public void RowsOfOneNumber_AreZeroAndCounted()
    {
        var rows = FeatureRows.Normalised([5.0, 5, 1, 2, 3e-11, -3e-11, 1e-9, -1e-9], 2);
        Assert.That(rows.Empty, Is.EqualTo(2));
        Assert.That(rows.Values, Is.EqualTo(new[] { 0, 0, -1, 1, 0, 0, 1, -1 }.Select(v => v / Math.Sqrt(2))).Within(1e-12));
    }
}
