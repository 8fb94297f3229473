namespace DPT.Engine.Dpt.Tests;

/// <summary>Features are computed once for an image, and what is kept is what was computed or nothing.</summary>
public sealed class CachedFeaturesTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void SetUp() => _folder = new TemporaryFolder();

    [TearDown]
    public void TearDown() => _folder.Dispose();

    /// <summary>An image that is there twice, or in another set with another label, is the same image.</summary>
    [Test]
    public void Images_AreComputedOnce_WhicheverSetTheyAreIn()
    {
        var computed = new Sums();
        var cached = Open(computed);
        var images = Images(0, 1, 2, 1, 3);
        Assert.That(cached.Features(images, default), Is.EqualTo(Sums.Of(images)));
        Assert.That(computed.Images, Is.EqualTo(4), "one is there twice");
        var others = Images(3, 9, 0);
        Assert.That(cached.Features(others, default), Is.EqualTo(Sums.Of(others)));
        Assert.That(computed.Images, Is.EqualTo(5));
    }

    [Test]
    public void Folder_KeepsThem_ForTheSameNetworkAlone()
    {
        var images = Images(4, 5, 6);
        var first = Open(new Sums()).Features(images, default);
        var again = new Sums();
        Assert.That(Open(again).Features(images, default), Is.EqualTo(first));
        Assert.That(again.Images, Is.Zero);
        var other = new Sums { Name = "other" };
        Assert.That(Open(other).Features(images, default), Is.EqualTo(first));
        Assert.That(other.Images, Is.EqualTo(3), "another network's numbers are not taken");
    }

    /// <summary>Three pixels of a colour image are no three grey images.</summary>
    [Test]
    public void ColourImages_AreNoGreyOnes()
    {
        var computed = new Sums();
        var cached = Open(computed);
        byte[] pixels = [1, 2, 3];
        _ = cached.Features(new ImageDataset("a", ["a", "b"], 3, 1, pixels, [0]), default);
        _ = cached.Features(new ImageDataset("b", ["a", "b"], 1, 1, pixels, [0, 0, 0]), default);
        Assert.That(computed.Images, Is.EqualTo(4));
    }

    [Test]
    public void WhatWasInterrupted_GoesOn()
    {
        using var source = new CancellationTokenSource();
        var images = Images([.. Enumerable.Range(0, (2 * CachedFeatures.PieceImages) + 3)]);
        var stopping = new Sums { Computed = () => source.Cancel() };
        Assert.Throws<OperationCanceledException>(() => Open(stopping).Features(images, source.Token));
        var rest = new Sums();
        Assert.That(Open(rest).Features(images, default), Is.EqualTo(Sums.Of(images)));
        Assert.That(rest.Images, Is.EqualTo(CachedFeatures.PieceImages + 3));
    }

    /// <summary>A bit anywhere, a file of another network, a cut file: told, computed again, and mended.</summary>
    [Test]
    public void DamagedFile_IsToldAndComputedAgain()
    {
        var images = Images(7, 8);
        _ = Open(new Sums()).Features(images, default);
        var path = Directory.GetFiles(_folder.Path, "*.npz", SearchOption.AllDirectories).Single();
        var whole = File.ReadAllBytes(path);
        foreach (var position in Enumerable.Range(0, whole.Length).Where(i => i % 37 == 0))
        {
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 1;
            RequireTrueNumbers(damaged);
        }

        RequireTrueNumbers(whole[..(whole.Length / 2)]);
        RequireTrueNumbers([]);

        // Its own hash is right, and it is another network's.
        _ = Open(new Sums { Name = "other" }).Features(images, default);
        var others = Directory.GetFiles(_folder.Path, "*.npz", SearchOption.AllDirectories).Single(file => file != path);
        var observer = RequireTrueNumbers(File.ReadAllBytes(others));
        Assert.That(observer.Messages, Has.Exactly(1).Items.And.Some.Contains($"'{path}' is damaged").And.Some.Contains("computed again"));

        RecordingObserver RequireTrueNumbers(byte[] content)
        {
            File.WriteAllBytes(path, content);
            var observer = new RecordingObserver();
            Assert.That(Open(new Sums(), observer).Features(images, default), Is.EqualTo(Sums.Of(images)));
            Assert.That(Open(new Sums(), observer = new RecordingObserver()).Features(images, default), Is.EqualTo(Sums.Of(images)));
            File.WriteAllBytes(path, content);
            _ = Open(new Sums(), observer = new RecordingObserver());
            return observer;
        }
    }

    [Test]
    public void NoFolder_RemembersInMemory()
    {
        var computed = new Sums();
        var cached = new CachedFeatures(computed, folder: null, new SilentObserver());
        _ = cached.Features(Images(1, 2), default);
        Assert.That(cached.Features(Images(2, 1), default), Is.EqualTo(Sums.Of(Images(2, 1))));
        Assert.That(computed.Images, Is.EqualTo(2));
        Assert.That((cached.Name, cached.Width), Is.EqualTo((computed.Name, computed.Width)));
        Assert.That(cached.Features(Images(), default), Is.Empty);
    }

    [Test]
    public void FolderThatCannotBe_IsRefused()
    {
        var path = _folder.Write("file", "no folder");
        TestImages.Fails(
            FailureKind.Environment, () => _ = new CachedFeatures(new Sums(), path, new SilentObserver()), "cannot write features to");
    }

    private CachedFeatures Open(Sums features, IRunObserver? observer = null) => new(features, _folder.Path, observer ?? new SilentObserver());

    /// <summary>Images by number; those of one number have the same pixels.</summary>
    private static ImageDataset Images(params int[] numbers) => new(
        "numbers", ["a", "b"], 1, 2, [.. numbers.SelectMany(n => new[] { (byte)(n % 256), (byte)(n / 256), (byte)7, (byte)(n % 11) })], [.. numbers.Select(n => n % 2)]);

    /// <summary>Two sums of an image's pixels.</summary>
    private sealed class Sums : IImageFeatures
    {
        public string Name { get; init; } = "sums";

        public int Width => 2;

        public int Images { get; private set; }

        public Action Computed { get; init; } = () => { };

        public static float[] Of(ImageDataset images) => [.. Enumerable.Range(0, images.Count).SelectMany(i =>
        {
            var pixels = images.Image(i).ToArray();
            return new[] { pixels.Sum(p => (float)p), pixels.Select((p, k) => p * (k + 0.5f)).Sum() };
        })];

        public float[] Features(ImageDataset images, CancellationToken stop)
        {
            Images += images.Count;
            Computed();
            return Of(images);
        }

        public float[]? Probabilities(ImageDataset images, CancellationToken stop) => null;
    }
}
