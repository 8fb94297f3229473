using DPT.Engine.Autograd;
using DPT.Engine.Kernels;

namespace Autograd.Tests;

/// <summary>Dropout on a tape: result and gradient have one mask, anew in every replay of a captured step.</summary>
public sealed class DropoutTests
{
    private const float Rate = 0.4f;

    private static readonly TensorShape Shape = new(3, 4, 25);

    [Test]
    public void Gradient_InEveryReplay_HasTheMaskOfTheResult()
    {
        using var device = new HostDevice(threads: 2);
        using var store = new ParameterStore(device);
        var x = store.Add("x", Shape, Initializer.One);
        store.Initialize(1);
        using var tape = new Tape(device);
        using var draw = device.Allocate<int>(DrawAddress.Words);
        using var kept = device.Allocate<float>(Shape.Count);
        using var step = new RepeatedWork(device, () =>
        {
            device.Clear(store.Gradients);
            var y = tape.Dropout(x, Rate, layer: 3, draw.Slice);
            device.Copy(y.Data, kept.Slice);
            tape.Minimize(y, 1);
            tape.Backward();
        });
        var masks = new List<float[]>();
        for (var sample = 0; sample < 3; sample++)
        {
            Write(draw.Slice, new DrawAddress(8, sample));
            step.Run();
            masks.Add(device.Download(kept.Slice));
            Assert.That(device.Download(x.Gradient), Is.EqualTo(masks[^1]), $"step {sample}");
        }

        Assert.That(masks[1][..100], Is.EqualTo(masks[0][100..200]), "sample 1 is the second of the first batch");
        Assert.That(masks[2], Is.Not.EqualTo(masks[1]));

        void Write(Slice<int> words, DrawAddress address)
        {
            var values = new int[DrawAddress.Words];
            address.WriteTo(values);
            device.CopyIn<int>(values, words);
        }
    }

    [Test]
    public void Layers_OfOneBatch_DropForThemselves()
    {
        using var device = new HostDevice(threads: 1);
        using var tape = new Tape(device);
        using var draw = device.Upload<int>(new int[DrawAddress.Words]);
        using var ones = device.Upload<float>([.. Enumerable.Repeat(1f, (int)Shape.Count)]);
        var x = Tape.Constant(Shape, ones.Slice);
        float[] Mask(int layer) => device.Download(tape.Dropout(x, Rate, layer, draw.Slice).Data);
        var masks = new[] { 0, 1, 2, DropoutOp.MaxLayers - 1 }.Select(Mask).ToArray();
        Assert.That(masks.Select(mask => string.Concat(mask.Select(v => v == 0 ? '0' : '1'))), Is.Unique);
        Assert.That(masks[0][..100], Is.Not.EqualTo(masks[0][100..200]), "samples drop for themselves too");
    }

    [Test]
    public void Rate_OfZero_IsTheTensorItself()
    {
        using var device = new HostDevice(threads: 1);
        using var tape = new Tape(device);
        var x = tape.New(Shape);
        Assert.That(tape.Dropout(x, 0, layer: 0, draw: default), Is.SameAs(x));
    }

    [Test]
    public void Dropout_OfWhatIsNotThere_IsRefused()
    {
        using var device = new HostDevice(threads: 1);
        using var tape = new Tape(device);
        using var draw = device.Upload<int>(new int[DrawAddress.Words]);
        var x = tape.New(Shape);
        Assert.Multiple(() =>
        {
            Assert.That(() => tape.Dropout(x, Rate, -1, draw.Slice), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => tape.Dropout(x, Rate, DropoutOp.MaxLayers, draw.Slice), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => tape.Dropout(x, 1, 0, draw.Slice), Throws.TypeOf<KernelException>().With.Message.Contains("rate"));
            Assert.That(() => tape.Dropout(x, Rate, 0, default), Throws.TypeOf<KernelException>().With.Message.Contains("Draw"));
        });
    }
}
