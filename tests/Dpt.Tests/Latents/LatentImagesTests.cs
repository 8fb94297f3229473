using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>Images of latents: their names, their pixels, and that they come whole or not at all.</summary>
public sealed class LatentImagesTests
{
    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;
    private string _autoencoder = null!;

    [SetUp]
    public void SetUp()
    {
        (_device, _folder) = (new HostDevice(threads: 2), new TemporaryFolder());
        _autoencoder = AutoencoderFolder.Make(_folder, _device);
    }

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>More than a batch; large latents, whose pixels lie beyond both ends too.</summary>
    [Test]
    public void Pixels_AreRoundedToTheNearestLevel()
    {
        var latents = Latents(count: 5, scale: 3);
        Save(latents);
        Assert.That(
            Directory.GetFiles(_folder["out"]).Select(Path.GetFileName).Order(),
            Is.EqualTo(["00000.png", "00001.png", "00002.png", "00003.png", "00004.png"]));
        using var network = ForeignAutoencoder.OpenFolder(_device, _autoencoder);
        var images = network.Decode(latents).Values.Chunk(3 * 6 * 6).ToList();
        Assert.That(images.SelectMany(image => image).Max(), Is.GreaterThan(1));
        Assert.That(images.SelectMany(image => image).Min(), Is.LessThan(-1));
        for (var i = 0; i < 5; i++)
        {
            var pixels = new byte[3 * 6 * 6];
            ImageFile.Decode(ImageFile.Read(_folder[$"out/{i:D5}.png"]), 3, 6, pixels);
            var expected = images[i].Select(value => Math.Floor((255 * Math.Clamp((value + 1.0) / 2, 0, 1)) + 0.5));
            Assert.That(pixels.Select(pixel => (double)pixel), Is.EqualTo(expected), $"image {i}");
        }
    }

    [Test]
    public void Save_OfWhatDoesNotFit_WritesNothing()
    {
        TestImages.Fails(FailureKind.Usage, () => Save(new NpyArray<float>([1, 4, 3, 3], new float[36])), "latents are [1, 4, 3, 3], the autoencoder takes [N, 3, s, s]");
        var broken = Latents(count: 5, scale: 1);
        broken.Values[^1] = float.NaN;
        TestImages.Fails(FailureKind.Diverged, () => Save(broken), "latent 0");
        Assert.Throws<OperationCanceledException>(() => LatentImages.Save(
            Latents(count: 1, scale: 1), _autoencoder, _folder["out"], _device, new SilentObserver(), new CancellationToken(canceled: true)));
        Assert.That(Directory.GetDirectories(_folder.Path, "out*"), Is.Empty);
        Directory.CreateDirectory(_folder["out"]);
        TestImages.Fails(FailureKind.Environment, () => Save(Latents(count: 1, scale: 1)), "cannot write");
    }

    private void Save(NpyArray<float> latents) =>
        LatentImages.Save(latents, _autoencoder, _folder["out"], _device, new SilentObserver(), default);

    private static NpyArray<float> Latents(int count, float scale)
    {
        var random = new PhiloxStream(seed: 3, stream: 1, sample: 0);
        var values = new float[count * 27];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = scale * random.NextNormal();
        }

        return new NpyArray<float>([count, 3, 3, 3], values);
    }
}
