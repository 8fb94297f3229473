using System.Text;
using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt.Tests;

/// <summary>The file of moments: what is in it, and that it is the same however often its making was interrupted.</summary>
public sealed class LatentExtractionTests
{
    private const int Images = 10, Side = 4, Length = 3 * Side * Side, MomentsLength = 6 * 2 * 2;

    private HostDevice _device = null!;
    private TemporaryFolder _folder = null!;
    private string _autoencoder = null!;

    [SetUp]
    public void SetUp()
    {
        (_device, _folder) = (new HostDevice(threads: 2), new TemporaryFolder());
        _autoencoder = AutoencoderFolder.Make(_folder, _device);
        for (var i = 0; i < Images; i++)
        {
            // All names together are longer than the moments of an image, which must not be mistaken for them.
            _folder.Write($"set/train/{(i < 4 ? 'a' : 'b')}/ü {i}, a name of some length.png", TestImages.Png(1, 9, 11, 17 * i));
        }

        _folder.Write("set/test/a/1.png", TestImages.Png(1, 9, 11));
    }

    private DataOptions Data => TestImages.Options($"folder:{_folder["set"]}") with { ImageSize = Side };

    [TearDown]
    public void TearDown()
    {
        Assert.That(_device.Memory.LiveBlocks, Is.Zero, "device memory");
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>Images cut as ADM does, grey in all channels, and copies that were mirrored before they were encoded.</summary>
    [Test]
    public void File_HasTheMomentsOfImagesAndOfTheirCopies()
    {
        var result = Encode("moments.safetensors");
        Assert.That((result.Images, result.Found, result.Moments), Is.EqualTo((Images, 0, "[10, 2, 6, 2, 2]")));
        var train = DatasetCatalog.Load(Data with { Crop = ImageCrop.Adm }, seed: 1).Train;
        using var reader = new SafeTensorsReader(_folder["moments.safetensors"]);
        Assert.That(reader.Entries["moments"].Shape, Is.EqualTo(new long[] { Images, 2, 6, 2, 2 }));
        Assert.That(reader.ReadLongs("labels"), Is.EqualTo(train.Labels.Select(label => (long)label)));
        Assert.That(Encoding.UTF8.GetString(reader.ReadBytes("names")).Split('\0'), Is.EqualTo(train.FileNames));
        Assert.That(reader.Metadata["images"], Is.EqualTo(train.Hash));
        Assert.That(reader.Metadata["precision"], Is.EqualTo("fp32"));
        Assert.That(reader.Metadata["autoencoder"], Is.EqualTo(FileHash.Of(Path.Combine(_autoencoder, "model.safetensors"))));

        var moments = reader.ReadFloats("moments").Chunk(MomentsLength).ToList();
        using var network = ForeignAutoencoder.OpenFolder(_device, _autoencoder);
        for (var i = 0; i < Images; i++)
        {
            var image = train.Image(i).ToArray();
            Assert.That(moments[2 * i], Is.EqualTo(MomentsOf(image)).Within(1e-5f), $"image {i}");
            Assert.That(moments[(2 * i) + 1], Is.EqualTo(MomentsOf([.. image.Chunk(Side).SelectMany(line => line.Reverse())])).Within(1e-5f), $"copy {i}");
        }

        float[] MomentsOf(byte[] plane) => network.Encode(new NpyArray<float>(
            [1, 3, Side, Side], [.. Enumerable.Range(0, Length).Select(i => (plane[i % (Side * Side)] / 127.5f) - 1)])).Values;
    }

    [Test]
    public void File_OfImagesWithoutNames_HasNone()
    {
        Encode("moments.safetensors", TestImages.Options("digits") with { ImageSize = 2, TrainLimit = 80, TestLimit = 1 });
        using var reader = new SafeTensorsReader(_folder["moments.safetensors"]);
        Assert.That(reader.Entries.Keys, Is.EquivalentTo(["labels", "moments"]));
        Assert.That(reader.Entries["moments"].Shape, Is.EqualTo(new long[] { 80, 2, 6, 1, 1 }));
    }

    /// <summary>Stopped behind its first batch, and then torn in the middle of an image: the rest is made and the file is the same.</summary>
    [TestCase(0, 4)]
    [TestCase(5, 4)]
    [TestCase(-5, 3)]
    public void Encode_AfterAnInterruption_GoesOn(int torn, int found)
    {
        Encode("whole.safetensors");
        Interrupt("again.safetensors");
        Assert.That(File.Exists(_folder["again.safetensors"]), Is.False);
        using (var partial = new FileStream(_folder["again.safetensors.partial"], FileMode.Open))
        {
            partial.SetLength(partial.Length + torn);
        }

        Assert.That(Encode("again.safetensors").Found, Is.EqualTo(found));
        Assert.That(File.ReadAllBytes(_folder["again.safetensors"]), Is.EqualTo(File.ReadAllBytes(_folder["whole.safetensors"])));
        Assert.That(File.Exists(_folder["again.safetensors.partial"]), Is.False);
    }

    /// <summary>Killed behind the last image, before the file got its name.</summary>
    [Test]
    public void Encode_OfAFileThatLacksItsNameAlone_EncodesNothing()
    {
        Encode("whole.safetensors");
        File.Copy(_folder["whole.safetensors"], _folder["again.safetensors.partial"]);
        Assert.That(Encode("again.safetensors").Found, Is.EqualTo(Images));
        Assert.That(File.ReadAllBytes(_folder["again.safetensors"]), Is.EqualTo(File.ReadAllBytes(_folder["whole.safetensors"])));
    }

    /// <summary>What another autoencoder or other images left is not gone on with.</summary>
    [Test]
    public void Encode_AfterAnInterruptionOfSomethingElse_BeginsAnew([Values] bool isOtherData)
    {
        Interrupt("again.safetensors", isOtherData ? Data with { ImageSize = 6 } : Data, isOtherData
            ? _autoencoder
            : AutoencoderFolder.Make(_folder, _device, weights => weights["quant_conv.bias"].Values[0] += 1));
        Encode("whole.safetensors");
        Assert.That(Encode("again.safetensors").Found, Is.Zero);
        Assert.That(File.ReadAllBytes(_folder["again.safetensors"]), Is.EqualTo(File.ReadAllBytes(_folder["whole.safetensors"])));
    }

    /// <summary>Half of the images would be rounded otherwise than the others, and nothing would tell; days of work are not thrown away either.</summary>
    [Test]
    public void Encode_InAnotherPrecisionThanItWasBegunIn_IsRefused()
    {
        Interrupt("again.safetensors");
        var begun = File.ReadAllBytes(_folder["again.safetensors.partial"]);
        _device.Precision = Precision.Bf16;
        TestImages.Fails(
            FailureKind.Usage, () => Encode("again.safetensors"), "again.safetensors.partial' was begun with --precision fp32, now it is bf16: go on as it was begun, or remove it");
        Assert.That(File.ReadAllBytes(_folder["again.safetensors.partial"]), Is.EqualTo(begun));
        _device.Precision = Precision.Fp32;
        Assert.That(Encode("again.safetensors").Found, Is.EqualTo(4));
    }

    [Test]
    public void Encode_OfWhatDoesNotFit_SaysWhatFits()
    {
        Fails(() => Encode("o", Data with { ImageSize = 5 }), "the images have 5 pixels a side, the autoencoder takes multiples of 2; resize them with --image-size");
        var options = new ForeignNetworkOptions(WeightFiles.PathOf("wrn.pth"), "ema_model", "wrn", Heads: null);
        using (var other = ForeignNetwork.Open(_device, options))
        {
            ImportedFolder.Save(other, options, _folder["wrn"], "unknown");
        }

        Fails(() => Encode("o", autoencoder: _folder["wrn"]), "holds a wrn, not an autoencoder");
        Assert.That(Directory.GetFiles(_folder.Path, "o*"), Is.Empty);

        static void Fails(Action work, string says) => TestImages.Fails(FailureKind.Usage, work, says);
    }

    private EncodeResult Encode(string name, DataOptions? data = null, string? autoencoder = null) => LatentExtraction.Of(
        new EncodeRequest(data ?? Data, Seed: 1, autoencoder ?? _autoencoder, _folder[name]), _device, new SilentObserver(), default);

    private void Interrupt(string name, DataOptions? data = null, string? autoencoder = null)
    {
        using var source = new CancellationTokenSource();
        var request = new EncodeRequest(data ?? Data, Seed: 1, autoencoder ?? _autoencoder, _folder[name]);
        Assert.Throws<OperationCanceledException>(() => LatentExtraction.Of(request, _device, new Stopping(source), source.Token));
    }

    /// <summary>Presses Ctrl-C when progress is told.</summary>
    private sealed class Stopping(CancellationTokenSource source) : IRunObserver
    {
        public void Message(string text)
        {
        }

        public void Progress(in WorkProgress progress) => source.Cancel();
    }
}
