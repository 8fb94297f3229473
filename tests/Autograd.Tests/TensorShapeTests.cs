using DPT.Engine.Autograd;

namespace Autograd.Tests;

/// <summary>What counts as a shape, and what follows from one.</summary>
public sealed class TensorShapeTests
{
    [Test]
    public void Sizes_OfEveryRank_AreCounted() => Assert.Multiple(() =>
    {
        Assert.That(new TensorShape(5).Count, Is.EqualTo(5));
        Assert.That(new TensorShape(2, 3, 4, 5).Count, Is.EqualTo(120));
        Assert.That(new TensorShape(70_000, 70_000).Count, Is.EqualTo(4_900_000_000), "beyond 32 bits");
        Assert.That(new TensorShape(2, 3, 4, 5).Rows, Is.EqualTo(24));
        Assert.That(new TensorShape(2, 3, 4).WithLast(9), Is.EqualTo(new TensorShape(2, 3, 9)));
        Assert.That(new TensorShape(2, 3, 4, 5).WithLast(9), Is.EqualTo(new TensorShape(2, 3, 4, 9)));
        Assert.That(new TensorShape(2, 3) == new TensorShape(2, 3, 1), Is.False);
    });

    [TestCase]
    [TestCase(0)]
    [TestCase(2, -1)]
    [TestCase(1, 1, 1, 1, 1)]
    public void Sizes_ThatAreNoShape_AreRefused(params int[] sizes) =>
        Assert.That(() => new TensorShape(sizes), Throws.ArgumentException);

    [Test]
    public void Dimension_ThatIsNotThere_IsRefused() =>
        Assert.That(() => new TensorShape(2, 3)[2], Throws.TypeOf<ArgumentOutOfRangeException>());
}
