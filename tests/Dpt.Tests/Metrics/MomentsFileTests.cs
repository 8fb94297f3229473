namespace DPT.Engine.Dpt.Tests;

/// <summary>Files of moments as pytorch-fid has them.</summary>
public sealed class MomentsFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    /// <summary>The golden value of spec 7.2, one of the sets from a file.</summary>
    [Test]
    public void Distance_FromAFile_IsTheGoldenOne()
    {
        Save([3], [0, 1, 2], [3, 3], [2, 0.5, 0.1, 0.5, 1, 0.2, 0.1, 0.2, 1.5]);
        var other = new FeatureMoments([0.5, 0.5, 2.5], [1, 0.2, 0, 0.2, 2, 0.3, 0, 0.3, 1], 1000);
        Assert.That(FrechetDistance.Between(MomentsFile.Load(_folder["m.npz"]), other), Is.EqualTo(1.1804791520).Within(1e-9));
    }

    [Test]
    public void Moments_WrittenAndRead_AreTheSame()
    {
        var moments = FeatureMoments.Of([1, 2, 5, 4, 3, 0.25f, 7, 7], 2);
        MomentsFile.Save(_folder["m.npz"], moments);
        var read = MomentsFile.Load(_folder["m.npz"]);
        Assert.That(read.Mean.ToArray(), Is.EqualTo(moments.Mean.ToArray()));
        Assert.That(read.Covariance(), Is.EqualTo(moments.Covariance()));
    }

    [TestCase(new[] { 3 }, new[] { 2, 2 }, "'mu' is [3] and 'sigma' [2, 2]; they are [width] and [width, width]")]
    [TestCase(new[] { 2, 1 }, new[] { 2, 2 }, "'mu' is [2, 1]")]
    [TestCase(new[] { 2 }, new[] { 4 }, "'sigma' [4]")]
    [TestCase(new[] { 2 }, new[] { 2, 3 }, "'sigma' [2, 3]")]
    [TestCase(new[] { 0 }, new[] { 0, 0 }, "'mu' is [0]")]
    public void OtherShapes_AreRefused(int[] mean, int[] covariance, string says)
    {
        Save(mean, new double[mean.Aggregate(1, (a, b) => a * b)], covariance, new double[covariance.Aggregate(1, (a, b) => a * b)]);
        TestImages.Fails(FailureKind.Check, () => MomentsFile.Load(_folder["m.npz"]), says);
    }

    [Test]
    public void WhatIsNoCovariance_IsRefused()
    {
        Save([2], [0, 0], [2, 2], [1, 0.5, 0.4, 1]);
        TestImages.Fails(FailureKind.Check, () => MomentsFile.Load(_folder["m.npz"]), "'sigma' is not symmetric");
        Save([2], [0, 0], [2, 2], [1, 0.5, 0.50002, 1]);
        Assert.That(() => MomentsFile.Load(_folder["m.npz"]), Throws.Nothing, "float32 rounds");
        Save([1], [double.NaN], [1, 1], [1]);
        TestImages.Fails(FailureKind.Check, () => MomentsFile.Load(_folder["m.npz"]), "m.npz' is damaged or of another kind: a number in it is not finite");
    }

    [Test]
    public void OtherFiles_AreRefused()
    {
        NpyFile.WriteAll(_folder["m.npz"], [KeyValuePair.Create("mu", new NpyArray<double>([1], [0.0]))]);
        TestImages.Fails(FailureKind.Check, () => MomentsFile.Load(_folder["m.npz"]), "sigma");
        _folder.Write("text.npz", "no archive");
        TestImages.Fails(FailureKind.Check, () => MomentsFile.Load(_folder["text.npz"]), "text.npz");
        TestImages.Fails(FailureKind.Environment, () => MomentsFile.Load(_folder["none.npz"]), "none.npz");
    }

    private void Save(int[] meanShape, double[] mean, int[] covarianceShape, double[] covariance) => NpyFile.WriteAll(_folder["m.npz"],
    [
        KeyValuePair.Create("mu", new NpyArray<double>(meanShape, mean)),
        KeyValuePair.Create("sigma", new NpyArray<double>(covarianceShape, covariance)),
    ]);
}
