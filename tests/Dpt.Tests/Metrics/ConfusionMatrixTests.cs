using DPT.Engine.Dpt;

namespace Dpt.Tests;

public sealed class ConfusionMatrixTests
{
    [Test]
    public void Rates_SmallExample_FollowFromTheCounts()
    {
        var matrix = new ConfusionMatrix(3);
        foreach (var (truth, predicted) in new[] { (0, 0), (0, 0), (0, 1), (1, 1), (2, 1), (2, 0) })
        {
            matrix.Add(truth, predicted);
        }

        Assert.Multiple(() =>
        {
            Assert.That(matrix.Total, Is.EqualTo(6));
            Assert.That(matrix.Accuracy, Is.EqualTo(0.5));
            Assert.That(matrix[2, 1], Is.EqualTo(1));
            Assert.That(matrix.Precision(0), Is.EqualTo(2.0 / 3));
            Assert.That(matrix.Precision(1), Is.EqualTo(1.0 / 3));
            Assert.That(matrix.Precision(2), Is.NaN);
            Assert.That(matrix.Recall(0), Is.EqualTo(2.0 / 3));
            Assert.That(matrix.Recall(1), Is.EqualTo(1));
            Assert.That(matrix.Rate(2, 0), Is.EqualTo(0.5));
            Assert.That(matrix.F1(0), Is.EqualTo(2.0 / 3));
            Assert.That(matrix.F1(1), Is.EqualTo(0.5));
            Assert.That(matrix.MacroPrecision, Is.EqualTo(1.0 / 3).Within(1e-15));
            Assert.That(matrix.MacroRecall, Is.EqualTo(5.0 / 9).Within(1e-15));
            Assert.That(matrix.MacroF1, Is.EqualTo(7.0 / 18).Within(1e-15));
        });
    }

    [Test]
    public void Add_EqualScores_CountForTheLowestClass()
    {
        var matrix = new ConfusionMatrix(3);
        matrix.Add([1, 1, 1, 0, 2, 2, 0, 1, 3], [0, 1, 1]);
        Assert.That((matrix[0, 0], matrix[1, 1], matrix[1, 2]), Is.EqualTo((1, 1, 1)));
        Assert.That(matrix.Accuracy, Is.EqualTo(2.0 / 3));
    }

    [Test]
    public void Add_ImpossibleClassOrLength_IsRefused()
    {
        var matrix = new ConfusionMatrix(2);
        Assert.That(() => matrix.Add(2, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => matrix.Add(0, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => matrix.Add([1f, 2f, 3f], [0]), Throws.ArgumentException);
        Assert.That(matrix.Accuracy, Is.Null);
    }

    [Test]
    public void Rows_ReadBack_GiveTheSameMatrix()
    {
        var matrix = new ConfusionMatrix(2);
        matrix.Add(0, 1);
        matrix.Add(1, 1);
        matrix.Add(1, 1);
        var copy = new ConfusionMatrix(matrix.Rows);
        Assert.That(copy.Rows, Is.EqualTo(new[] { new[] { 0L, 1L }, new[] { 0L, 2L } }));
        Assert.That(copy.Accuracy, Is.EqualTo(2.0 / 3), "the last class counts like the first");
    }

    [Test]
    public void Rows_NotASquareOfCounts_AreRefused()
    {
        Assert.That(() => new ConfusionMatrix([[1, 2], [3]]), Throws.ArgumentException);
        Assert.That(() => new ConfusionMatrix([[1, 2], null]), Throws.ArgumentException);
        Assert.That(() => new ConfusionMatrix([[1, -2], [3, 4]]), Throws.ArgumentException);
    }
}
