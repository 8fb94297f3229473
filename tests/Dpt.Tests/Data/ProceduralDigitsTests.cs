namespace DPT.Engine.Dpt.Tests;

public class ProceduralDigitsTests
{
    private static readonly DatasetPair _digits = ProceduralDigits.Create();

    /// <summary>Results of runs are compared with each other: the set must never change without a new name.</summary>
    [Test]
    public void Create_Always_GivesThePublishedImages()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_digits.Train.Hash, Is.EqualTo("b49d2b5fc74f216f0192581e387a330d308aba72a9d50c3f9a5ad39efd2acf96"));
            Assert.That(_digits.Test.Hash, Is.EqualTo("8750fd9efd0bf1e0c4d0a806e0071b87d158c9241489e13c0f0fda82079ec414"));
        }
    }

    [Test]
    public void Create_Classes_AreBalanced()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ClassBalance.Count(_digits.Train.Labels, 10), Is.All.EqualTo(1200));
            Assert.That(ClassBalance.Count(_digits.Test.Labels, 10), Is.All.EqualTo(200));
        }
    }

    [Test]
    public void Create_NearestNeighbour_FewLabelsSayLittleAndManySayMuch()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(NearestNeighbourAccuracy(LabelSplit.Draw(_digits.Train, 2, 0).Indices), Is.InRange(0.3, 0.75));
            Assert.That(NearestNeighbourAccuracy(LabelSplit.Draw(_digits.Train, 200, 0).Indices), Is.GreaterThan(0.93));
        }
    }

    /// <summary>Share of 300 test images whose most correlated labelled image has the same class.</summary>
    private static double NearestNeighbourAccuracy(int[] labelled)
    {
        var known = Array.ConvertAll(labelled, i => Normalise(_digits.Train.Image(i)));
        var right = 0;
        for (var t = 0; t < 300; t++)
        {
            var image = Normalise(_digits.Test.Image(t));
            var nearest = Enumerable.Range(0, known.Length).MaxBy(k => Dot(known[k], image));
            right += _digits.Train.Labels[labelled[nearest]] == _digits.Test.Labels[t] ? 1 : 0;
        }

        return right / 300.0;
    }

    private static float[] Normalise(ReadOnlySpan<byte> image)
    {
        var values = Array.ConvertAll(image.ToArray(), b => (float)b);
        var mean = values.Average();
        var length = MathF.Sqrt(values.Sum(v => (v - mean) * (v - mean)));
        return Array.ConvertAll(values, v => (v - mean) / length);
    }

    private static float Dot(float[] a, float[] b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
