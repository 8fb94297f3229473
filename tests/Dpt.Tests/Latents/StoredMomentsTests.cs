using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Moments read image by image, and what a generator is given of them.</summary>
public sealed class StoredMomentsTests
{
    private TemporaryFolder _folder = null!;
    private StoredMoments _moments = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        MomentsMaker.Write(_folder["m.safetensors"]);
        _moments = StoredMoments.Open(_folder["m.safetensors"]);
    }

    [TearDown]
    public void TearDown()
    {
        _moments.Dispose();
        _folder.Dispose();
    }

    /// <summary>Of each image and of its copy, in any order, by several threads.</summary>
    [Test]
    public void Read_GivesTheMomentsOfAnImage()
    {
        Assert.That((_moments.Count, _moments.Channels, _moments.Side, _moments.Length), Is.EqualTo((5, 2, 3, 18)));
        Assert.That((_moments.Autoencoder, _moments.Images), Is.EqualTo(("abc", MomentsMaker.Images.Hash)));
        Parallel.For(0, 200, i =>
        {
            var (image, isCopy) = (7 * i % 5, i % 2 == 1);
            var moments = new float[36];
            _moments.Read(image, isCopy, moments);
            Assert.That(moments, Is.EqualTo(Enumerable.Range(0, 36).Select(k => MomentsMaker.Moment(image, isCopy, k))), $"image {image}, copy {isCopy}");
        });
    }

    [Test]
    public void Open_OfAnotherFile_SaysWhatItIsNot()
    {
        TestImages.Fails(FailureKind.Environment, () => StoredMoments.Open(_folder["none.safetensors"]), "none.safetensors");
        MomentsMaker.Write(_folder["one.safetensors"], views: 1);
        TestImages.Fails(FailureKind.Check, () => StoredMoments.Open(_folder["one.safetensors"]), "its moments are [5, 1, 4, 3, 3], not [N, 2, 2z, s, s]");
        Refused([5, 2, 3, 2, 2]);
        Refused([5, 2, 4, 2, 3]);
        Refused([5, 2, 4, 2]);
        Refused([5, 2, 4, 2, 2], "its metadata have no autoencoder");

        void Refused(long[] shape, string says = "its moments are [5, 2, ")
        {
            var writer = new SafeTensorsWriter();
            writer.Add("moments", shape, stream => stream.Write(new byte[sizeof(float) * shape.Aggregate((a, b) => a * b)]));
            writer.Save(_folder["other.safetensors"]);
            TestImages.Fails(FailureKind.Check, () => StoredMoments.Open(_folder["other.safetensors"]), says);
        }
    }

    /// <summary>A file that somebody cuts off under a training ends it in words.</summary>
    [Test]
    public void Read_OfAFileThatBecameShorter_SaysSo()
    {
        using (var file = new FileStream(_folder["m.safetensors"], FileMode.Open))
        {
            file.SetLength(file.Length - 100);
        }

        TestImages.Fails(FailureKind.Check, () => _moments.Read(4, isCopy: true, new float[36]), "it has become shorter");
    }

    /// <summary>
    /// 0.18215 (mean + exp(logvar / 2) noise) in double precision, of the copy where a draw below a half says so: every number is written down
    /// once more here.
    /// </summary>
    [Test]
    public void Draw_GivesScaledSamplesOfTheDistribution([Values] bool flip)
    {
        var draws = new LatentDraws(_moments, flip, seed: 77);
        var latent = new float[18];
        var copies = 0;
        for (var sample = 1000; sample < 1200; sample++)
        {
            var image = sample % 5;
            draws.Draw(image, sample, latent);
            var isCopy = flip && Philox.Block(77, RunStreams.LatentView, sample, 0).W0 < 1U << 31;
            copies += isCopy ? 1 : 0;
            Assert.That(latent, Is.EqualTo(Expected(image, isCopy, sample)).Within(2e-6), $"sample {sample} of image {image}");
        }

        // Five deviations of 200 draws are 35.
        Assert.That(copies, flip ? Is.InRange(65, 135) : Is.Zero);
    }

    /// <summary>An image drawn again is another latent; a draw made again is the same.</summary>
    [Test]
    public void Draw_FollowsFromSeedAndNumber()
    {
        Assert.That(Drawn(7, 5), Is.EqualTo(Drawn(7, 5)));
        Assert.That(Drawn(7, 5), Is.Not.EqualTo(Drawn(7, 6)));
        Assert.That(Drawn(7, 5), Is.Not.EqualTo(Drawn(8, 5)));

        float[] Drawn(ulong seed, long sample)
        {
            var latent = new float[18];
            new LatentDraws(_moments, flip: false, seed).Draw(image: 2, sample, latent);
            return latent;
        }
    }

    private static double[] Expected(int image, bool isCopy, long sample) =>
        [.. Enumerable.Range(0, 18).Select(k =>
        {
            double mean = MomentsMaker.Moment(image, isCopy, k), logVariance = MomentsMaker.Moment(image, isCopy, 18 + k);
            return 0.18215 * (mean + (Math.Exp(logVariance / 2) * Noise(sample, k)));
        })];

    /// <summary>Box and Muller's cosine of two words that follow each other; the first is a float before its logarithm is taken.</summary>
    private static double Noise(long sample, int k)
    {
        uint Word(int word) => Philox.Block(77, RunStreams.LatentNoise, sample, (uint)(word / 4))[word % 4];
        var positive = (Word(2 * k) * (1f / (1L << 32))) + (1f / (1L << 33));
        return Math.Sqrt(-2 * Math.Log(positive)) * Math.Cos(2 * Math.PI * (Word((2 * k) + 1) >> 8) / (1 << 24));
    }
}
