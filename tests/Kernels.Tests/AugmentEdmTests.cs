using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What EDM's augmentation draws, and what maps that are easy to follow make of an image.</summary>
public sealed class AugmentEdmTests
{
    private const int Size = 32;

    [Test]
    public void Image_OfTheIdentity_IsGivenBackToTheBit()
    {
        var image = Noise(1);
        Assert.That(Transform(image, [1, 0, 0, 0, 1, 0]), Is.EqualTo(image));
    }

    /// <summary>
    /// A shift of 1e-30 moves no sample, and the image goes all the way: sym6 is orthogonal to its shifts. Of fewer than 4 pixels the
    /// surroundings do not hold all of it.
    /// </summary>
    [Test]
    public void Image_RaisedAndLowered_IsGivenBackToRounding([Values(4, 5, 32)] int size)
    {
        var image = Noise(1, size);
        var result = Transform(image, [1, 0, 1e-30f, 0, 1, 0], size: size);
        var error = image.Zip(result, (x, y) => Math.Abs(x - y)).Max();
        TestContext.Out.WriteLine($"S={size}: {error:g3} beside numbers up to {image.Max(Math.Abs):g3}");
        Assert.That(error, Is.LessThan(2e-6 * image.Max(Math.Abs)));
    }

    [TestCase(3, -5)]
    [TestCase(-7, 0)]
    public void Image_ShiftedByWholePixels_IsShiftedAndReflected(int right, int down)
    {
        var image = Noise(2);
        var result = Transform(image, [1, 0, -right, 0, 1, -down]);
        for (var i = 0; i < image.Length; i++)
        {
            var expected = image[(Reflect((i / Size) - down) * Size) + Reflect((i % Size) - right)];
            Assert.That(result[i], Is.EqualTo(expected).Within(1e-5), $"pixel {i % Size}, {i / Size}");
        }

        static int Reflect(int i) => i < 0 ? -i : i >= Size ? (2 * Size) - 2 - i : i;
    }

    /// <summary>Smooth images move as they should between pixels too: a wave of 16 pixels.</summary>
    [TestCase(0.5, 0.25)]
    [TestCase(-2.75, 1.5)]
    public void Wave_ShiftedByFractions_IsTheShiftedWave(double right, double down)
    {
        double Wave(double x, double y) => Math.Cos(2 * Math.PI * (x + 0.3) / 16) * Math.Cos(2 * Math.PI * (y - 1.1) / 16);
        float[] image = [.. Enumerable.Range(0, Size * Size).Select(i => (float)Wave(i % Size, i / Size))];
        var result = Transform(image, [1, 0, (float)-right, 0, 1, (float)-down]);
        foreach (var (x, y) in from x in Enumerable.Range(9, 14) from y in Enumerable.Range(9, 14) select (x, y))
        {
            Assert.That(result[(y * Size) + x], Is.EqualTo(Wave(x - right, y - down)).Within(0.02), $"pixel {x}, {y}");
        }
    }

    [Test]
    public void Image_FarOutside_IsZero() => Assert.That(Transform(Noise(3), [1, 0, 1e8f, 0, 1, 0]), Is.All.Zero);

    [Test]
    public void Labels_OfMirrors_MirrorTheImage()
    {
        var image = Noise(4);
        var rows = image.Chunk(Size).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(Transform(image, [1, 0, 0, 0, 1, 0], 1, 0), Is.EqualTo(rows.SelectMany(r => r.Reverse())));
            Assert.That(Transform(image, [1, 0, 0, 0, 1, 0], 0, 1), Is.EqualTo(rows.Reverse().SelectMany(r => r)));
            Assert.That(Transform(image, [1, 0, 1e-30f, 0, 1, 0], 1, 1), Is.EqualTo(image.Reverse()).Within(1e-5));
        });
    }

    [Test]
    public void Draw_WithoutAugmentation_IsTheIdentity()
    {
        for (var sample = 0; sample < 50; sample++)
        {
            var (map, labels) = Draw(sample, 0);
            Assert.That(map, Is.EqualTo(new float[] { 1, 0, 0, 0, 1, 0 }), $"sample {sample}");
            Assert.That(labels, Is.All.Zero);
        }
    }

    /// <summary>The order of the draws, word by word, and the product of the matrices as the method has it.</summary>
    [Test]
    public void Draw_OfASample_IsTheProductOfItsMatrices([Values(0.12, 0.5, 1)] double probability)
    {
        for (var sample = 0; sample < 40; sample++)
        {
            var words = new PhiloxStream(7, 9, sample);
            double Kept(double p) => words.NextUniform() < p ? 1 : 0;
            double Angle() => ((2.0 * words.NextUniform()) - 1) * Math.PI;
            var mirror = (words.NextUniform() < 0.5f ? 0 : 1) * Kept(1);
            var turn = (words.NextUniform() < 0.5f ? 0 : 1) * Kept(probability);
            var scale = words.NextNormal() * Kept(probability);
            var angle = Angle() * Kept(probability);
            double stretch = words.NextNormal();
            var direction = Angle();
            stretch *= Kept(probability);
            direction *= Kept(0.5);
            double right = words.NextNormal(), down = words.NextNormal();
            var shifts = Kept(probability);
            (right, down) = (right * shifts, down * shifts);
            var inverse = Product(
                Scaling(Math.Pow(2, -0.2 * scale), Math.Pow(2, -0.2 * scale)),
                Rotation(angle),
                Rotation(-direction), Scaling(Math.Pow(2, -0.2 * stretch), Math.Pow(2, 0.2 * stretch)), Rotation(direction),
                new double[,] { { 1, 0, -0.125 * Size * right }, { 0, 1, -0.125 * Size * down }, { 0, 0, 1 } });
            var (map, labels) = Draw(sample, probability);
            Assert.Multiple(() =>
            {
                Assert.That(map, Is.EqualTo(inverse.Cast<double>().Take(6)).Within(1e-5), $"map of sample {sample}");
                Assert.That(
                    labels,
                    Is.EqualTo(new[]
                    {
                        mirror, turn, scale, Math.Cos(angle) - 1, Math.Sin(angle),
                        stretch * Math.Cos(direction), stretch * Math.Sin(direction), right, down,
                    }).Within(1e-6),
                    $"labels of sample {sample}");
            });
        }
    }

    [Test]
    public void Draws_OfManySamples_HaveTheirShares()
    {
        const int Samples = 20000;
        const double Probability = 0.12;
        var labels = Enumerable.Range(0, Samples).Select(i => Draw(i, Probability).Labels).ToArray();
        double Share(Func<float[], bool> holds) => (double)labels.Count(holds) / Samples;
        Assert.Multiple(() =>
        {
            // Five deviations of a share are at most 0.018.
            Assert.That(Share(l => l[0] == 1), Is.EqualTo(0.5).Within(0.018));
            Assert.That(Share(l => l[1] == 1), Is.EqualTo(Probability / 2).Within(0.009));
            Assert.That(Share(l => l[2] != 0), Is.EqualTo(Probability).Within(0.012));
            Assert.That(Share(l => l[4] != 0), Is.EqualTo(Probability).Within(0.012));
            Assert.That(Share(l => l[5] != 0), Is.EqualTo(Probability).Within(0.012));
            Assert.That(Share(l => l[6] != 0), Is.EqualTo(Probability / 2).Within(0.009), "half of them lie along the axes");
            Assert.That(Share(l => l[7] != 0 && l[8] != 0), Is.EqualTo(Probability).Within(0.012), "shifted along both axes or none");
            Assert.That(labels.Where(l => l[7] != 0).Average(l => l[7] * l[8]), Is.Zero.Within(0.12), "the axes are independent");
            Assert.That(labels.Where(l => l[2] != 0).Average(l => l[2] * l[2]), Is.EqualTo(1).Within(0.15));
        });
    }

    private static double[,] Rotation(double a) =>
        new[,] { { Math.Cos(a), -Math.Sin(a), 0 }, { Math.Sin(a), Math.Cos(a), 0 }, { 0, 0, 1 } };

    private static double[,] Scaling(double x, double y) => new[,] { { x, 0, 0 }, { 0, y, 0 }, { 0, 0, 1 } };

    private static double[,] Product(params double[][,] factors) => factors.Aggregate((a, b) =>
    {
        var product = new double[3, 3];
        for (var i = 0; i < 27; i++)
        {
            product[i / 9, i / 3 % 3] += a[i / 9, i % 3] * b[i % 3, i / 3 % 3];
        }

        return product;
    });

    private static (float[] Map, float[] Labels) Draw(int sample, double probability)
    {
        var (map, labels) = (new float[EdmAugmentation.MapLength], new float[EdmAugmentation.Labels]);
        var random = new PhiloxStream(7, 9, sample);
        var drawn = EdmAugmentation.Sample(ref random, probability);
        drawn.WriteMap(Size, map);
        drawn.WriteLabels(labels);
        return (map, labels);
    }

    private static float[] Noise(long sample, int size = Size)
    {
        var random = new PhiloxStream(1, 1, sample);
        return [.. Enumerable.Range(0, size * size).Select(_ => random.NextNormal())];
    }

    private static float[] Transform(float[] image, float[] map, float mirror = 0, float turn = 0, int size = Size)
    {
        using var device = new HostDevice(1, selection: new KernelSelection());
        using var images = device.Upload<float>(image);
        using var maps = device.Upload<float>(map);
        using var labels = device.Upload<float>([mirror, turn, 0, 0, 0, 0, 0, 0, 0]);
        using var output = device.Allocate<float>(image.Length);
        device.Run(AugmentEdmOperator.Transform, new AugmentEdmCall
        {
            Batch = 1, Channels = 1, ImageSize = size, Images = images.Slice, Maps = maps.Slice, Labels = labels.Slice, Output = output.Slice,
        });
        return device.Download(output.Slice);
    }
}
