using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>The byte operations against images worked out by hand, and the promises of the whole.</summary>
public sealed class AugmentTests
{
    [Test]
    public void AutoContrast_Ramp_IsStretchedAndCut() =>
        // scale = 255 / 40, offset = -10 scale: 20 -> 63.75 -> 63, 30 -> 127.5 -> 127.
        Assert.That(
            Apply(i => PointOps.AutoContrast(i), 1, 10, 20, 30, 50),
            Is.EqualTo(new byte[] { 0, 63, 127, 255 }));

    [Test]
    public void AutoContrast_OneValue_StaysAsItIs() =>
        Assert.That(Apply(i => PointOps.AutoContrast(i), 1, 7, 7, 7, 7), Is.EqualTo(new byte[] { 7, 7, 7, 7 }));

    [Test]
    public void ByteStretch_EveryRange_IsWhatDoublesGive()
    {
        for (var low = 0; low < 255; low++)
        {
            for (var high = low + 1; high < 256; high++)
            {
                var scale = 255.0 / (high - low);
                var offset = -low * scale;
                var stretch = new ByteStretch(low, high);
                for (var i = low; i <= high; i++)
                {
                    if (stretch.Of(i) != (int)((i * scale) + offset))
                    {
                        Assert.Fail($"{i} in {low}..{high} becomes {stretch.Of(i)}, not {(int)((i * scale) + offset)}");
                    }
                }
            }
        }
    }

    [Test]
    public void Equalize_FewPixels_StaysAsItIs() =>
        // (4 - 1) / 255 = 0: no step.
        Assert.That(Apply(i => PointOps.Equalize(i), 1, 1, 2, 3, 4), Is.EqualTo(new byte[] { 1, 2, 3, 4 }));

    [Test]
    public void Equalize_ThreeValues_FollowsTheCumulativeHistogram()
    {
        // 1024 pixels: 512 of 10, 256 of 20, 256 of 200. step = 768 / 255 = 3; tables: (1 + 0) / 3 = 0,
        // (1 + 512) / 3 = 171, (1 + 768) / 3 = 256, cut to 255.
        var pixels = new byte[1024];
        pixels.AsSpan(0, 512).Fill(10);
        pixels.AsSpan(512, 256).Fill(20);
        pixels.AsSpan(768, 256).Fill(200);
        var result = Apply(i => PointOps.Equalize(i), 1, pixels);
        Assert.That(new[] { result[0], result[600], result[1000] }, Is.EqualTo(new byte[] { 0, 171, 255 }));
    }

    [Test]
    public void Brightness_Half_CutsTheFraction() =>
        Assert.That(
            Apply(i => PointOps.Brightness(i, 0.5f), 1, 0, 1, 101, 255),
            Is.EqualTo(new byte[] { 0, 0, 50, 127 }));

    [Test]
    public void Contrast_Half_BlendsWithTheRoundedMean() =>
        // Mean 127.5 rounds to 128: 128 + 0.5 (0 - 128) = 64; 128 + 0.5 (255 - 128) = 191.5.
        Assert.That(
            Apply(i => PointOps.Contrast(i, 0.5f), 1, 0, 0, 255, 255),
            Is.EqualTo(new byte[] { 64, 64, 191, 191 }));

    [Test]
    public void Contrast_Colours_UsesTheirLuminance() =>
        // Pure red: (255 * 19595 + 32768) >> 16 = 76. Red 76 + 0.25 * 179 = 120.75, green and blue 76 * 0.75 = 57.
        Assert.That(Apply(i => PointOps.Contrast(i, 0.25f), 3, 255, 0, 0), Is.EqualTo(new byte[] { 120, 57, 57 }));

    [Test]
    public void Color_Half_BlendsWithGrey() =>
        // Luminance 76 again: 76 + 0.5 * 179 = 165.5, 76 / 2 = 38.
        Assert.That(Apply(i => BlendOps.Color(i, 0.5f), 3, 255, 0, 0), Is.EqualTo(new byte[] { 165, 38, 38 }));

    [Test]
    public void Color_Grey_ChangesNothing() =>
        Assert.That(Apply(i => BlendOps.Color(i, 0.1f), 1, 1, 2, 3, 250), Is.EqualTo(new byte[] { 1, 2, 3, 250 }));

    [TestCase(4, new byte[] { 0, 16, 112, 240 })]
    [TestCase(7, new byte[] { 14, 16, 126, 254 })]
    public void Posterize_Bits_KeepsTheUpperOnes(int bits, byte[] expected) =>
        Assert.That(Apply(i => PointOps.Posterize(i, bits), 1, 15, 16, 127, 255), Is.EqualTo(expected));

    /// <summary>As PIL is told it: strengths from 4 up to 8 keep 4 to 7 bits.</summary>
    [TestCase(4, 4)]
    [TestCase(4.99, 4)]
    [TestCase(7.99, 7)]
    [TestCase(0.5, 1)]
    public void Posterize_Strength_KeepsItsWholePart(double strength, int bits) =>
        Assert.That(RandAugmentStep.Of(RandAugmentOp.Posterize, 8, strength).Level, Is.EqualTo(bits));

    [Test]
    public void Solarize_Threshold_InvertsFromThereOn() =>
        Assert.That(
            Apply(i => PointOps.Solarize(i, 100), 1, 0, 99, 100, 255),
            Is.EqualTo(new byte[] { 0, 99, 155, 0 }));

    [Test]
    public void Sharpness_Point_IsSmoothedInsideOnly() =>
        // Centre: 5 * 130 / 13 = 50, blended 50 + 0.5 * 80 = 90. The border is not smoothed.
        Assert.That(
            ApplyMoving((i, s) => BlendOps.Sharpness(i, s, 0.5f), 0, 0, 0, 0, 130, 0, 0, 0, 0),
            Is.EqualTo(new byte[] { 0, 0, 0, 0, 90, 0, 0, 0, 0 }));

    [Test]
    public void Sharpness_Neighbour_IsRounded() =>
        // A corner of 100: 100 / 13 = 7.69 rounds to 8; 8 + 0.5 (0 - 8) = 4.
        Assert.That(
            ApplyMoving((i, s) => BlendOps.Sharpness(i, s, 0.5f), 100, 0, 0, 0, 0, 0, 0, 0, 0)[4], Is.EqualTo(4));

    [Test]
    public void Rotate_Quarter_IsCounterClockwise() =>
        Assert.That(
            ApplyMoving((i, s) => GeometricOps.Move(i, s, AffineMap.Rotation(i.Size, 90)), 1, 2, 3, 4, 5, 6, 7, 8, 9),
            Is.EqualTo(new byte[] { 3, 6, 9, 2, 5, 8, 1, 4, 7 }));

    [Test]
    public void Rotate_Eighth_TurnsTheRing() =>
        // Top left is (-1, -1) from the centre and reads (0, -1.41) from it: the middle of the top row.
        Assert.That(
            ApplyMoving((i, s) => GeometricOps.Move(i, s, AffineMap.Rotation(i.Size, 45)), 1, 2, 3, 4, 5, 6, 7, 8, 9),
            Is.EqualTo(new byte[] { 2, 3, 6, 1, 5, 9, 4, 7, 8 }));

    [Test]
    public void Rotate_Eighth_BlackensTheCorners() =>
        // (-1.5, -1.5) reads (0, -2.12): 0.12 above the first row.
        Assert.That(
            ApplyMoving(
                (i, s) => GeometricOps.Move(i, s, AffineMap.Rotation(i.Size, 45)),
                9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9),
            Is.EqualTo(new byte[] { 0, 9, 9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 0, 9, 9, 0 }));

    [Test]
    public void ShearX_Rows_MoveFurtherDownwards() =>
        // Row y reads column x + 0.5 + 0.3 (y + 0.5), cut: shifts 0, 0, 1, 1 for y = 0..3.
        Assert.That(
            ApplyMoving(
                (i, s) => GeometricOps.Move(i, s, AffineMap.Shear(0.3, 0)),
                1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4),
            Is.EqualTo(new byte[] { 1, 2, 3, 4, 1, 2, 3, 4, 2, 3, 4, 0, 2, 3, 4, 0 }));

    [Test]
    public void ShearY_Columns_MoveFurtherRightwards() =>
        Assert.That(
            ApplyMoving(
                (i, s) => GeometricOps.Move(i, s, AffineMap.Shear(0, -0.3)),
                1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4),
            Is.EqualTo(new byte[] { 1, 1, 0, 0, 2, 2, 1, 1, 3, 3, 2, 2, 4, 4, 3, 3 }));

    [TestCase(0.4, new byte[] { 1, 2, 3, 4 })]
    [TestCase(0.6, new byte[] { 2, 0, 4, 0 })]
    [TestCase(-0.6, new byte[] { 0, 1, 0, 3 })]
    public void TranslateX_Pixels_ShiftsByTheNearestWhole(double pixels, byte[] expected) =>
        Assert.That(
            ApplyMoving((i, s) => GeometricOps.Move(i, s, AffineMap.Shift(pixels, 0)), 1, 2, 3, 4),
            Is.EqualTo(expected));

    [Test]
    public void TranslateY_OnePixel_ReadsFromBelow() =>
        Assert.That(
            ApplyMoving((i, s) => GeometricOps.Move(i, s, AffineMap.Shift(0, 1)), 1, 2, 3, 4),
            Is.EqualTo(new byte[] { 3, 4, 0, 0 }));

    [Test]
    public void Cutout_Middle_IncludesBothCorners()
    {
        // Side 2 about (2.5, 1.5): columns 1..3, rows 0..2.
        var result = Apply(i => Cutout.Of(i.Size, 2, 2.5, 1.5).Apply(i), 1, new byte[25]);
        Assert.That(
            Enumerable.Range(0, 25).Where(i => result[i] == 121),
            Is.EqualTo(new[] { 1, 2, 3, 6, 7, 8, 11, 12, 13 }));
    }

    [Test]
    public void Cutout_Corner_StaysInsideTheImage()
    {
        var result = Apply(i => Cutout.Of(i.Size, 1.9, 2.99, 2.99).Apply(i), 3, new byte[27]);
        Assert.Multiple(() =>
        {
            Assert.That(Enumerable.Range(0, 9).Where(i => result[i] == 125), Is.EqualTo(new[] { 8 }));
            Assert.That(result[9 + 8], Is.EqualTo(123));
            Assert.That(result[18 + 8], Is.EqualTo(114));
        });
    }

    [Test]
    public void Cutout_NoSide_ChangesNothing() =>
        Assert.That(Apply(i => Cutout.Of(i.Size, 0, 1, 1).Apply(i), 1, 1, 2, 3, 4), Is.EqualTo(new byte[] { 1, 2, 3, 4 }));

    [Test]
    public void WeakView_MirrorAndCrop_ReflectsWithoutRepeatingTheBorder()
    {
        var view = new WeakView(4, mirror: true, down: -2, right: 1);
        Assert.Multiple(() =>
        {
            Assert.That(Enumerable.Range(0, 4).Select(view.Row), Is.EqualTo(new[] { 2, 1, 0, 1 }));
            // Columns 1, 2, 3, 2 of the mirrored image are 2, 1, 0, 1 of the image.
            Assert.That(Enumerable.Range(0, 4).Select(view.Column), Is.EqualTo(new[] { 2, 1, 0, 1 }));
        });
    }

    [Test]
    public void RandAugment_EveryOperation_KeepsTheRangeOfItsStrength()
    {
        // Strengths at both ends must run on every size down to one pixel.
        foreach (var op in Enum.GetValues<RandAugmentOp>())
        {
            var (least, most) = RandAugment.Range(op);
            foreach (var size in new[] { 1, 2, 3, 8 })
            {
                foreach (var strength in new[] { least, most })
                {
                    var image = new ByteImage(Ramp(3 * size * size), 3, size);
                    RandAugmentStep.Of(op, size, strength)
                        .Apply(image, new ByteImage(new byte[3 * size * size], 3, size));
                }
            }
        }
    }

    /// <summary>The ranges of strengths that semi-supervised learning uses, in the order of the operations.</summary>
    private static readonly (double Least, double Most)[] Strengths =
    [
        (0.05, 0.95), (0.05, 0.95), (0.05, 0.95), (0.05, 0.95), (0.05, 0.95), (0.05, 0.95), (4, 8), (-30, 30), (0.05, 0.95),
        (-0.3, 0.3), (-0.3, 0.3), (0, 256), (-0.3, 0.3), (-0.3, 0.3),
    ];

    /// <summary>Operation and strength three times, then side and centre of a square of at most half the image.</summary>
    [Test]
    public void RandAugment_Draws_InTheOrderAndFromTheRangesOfTheMethod()
    {
        const int Size = 32;
        for (var sample = 0; sample < 200; sample++)
        {
            var (drawn, words) = (new PhiloxStream(5, 1, sample), new PhiloxStream(5, 1, sample));
            var steps = new RandAugmentStep[3];
            for (var i = 0; i < steps.Length; i++)
            {
                var op = words.NextInt(Strengths.Length);
                var (least, most) = Strengths[op];
                steps[i] = RandAugmentStep.Of((RandAugmentOp)op, Size, least + ((most - least) * words.NextUniform()));
            }

            var square = Cutout.Of(Size, words.NextUniform() * Size / 2.0, words.NextUniform() * Size, words.NextUniform() * Size);
            Assert.That(RandAugment.Sample(Size, ref drawn), Is.EqualTo(new RandAugment(steps[0], steps[1], steps[2], square)));
            Assert.That(drawn.Position, Is.EqualTo(words.Position));
        }
    }

    [Test]
    public void RandAugment_Apply_DoesEveryStepAndThenCuts()
    {
        const int Size = 16;
        for (var sample = 0; sample < 50; sample++)
        {
            var random = new PhiloxStream(5, 1, sample);
            var changes = RandAugment.Sample(Size, ref random);
            var (whole, byHand) = (Ramp(3 * Size * Size), Ramp(3 * Size * Size));
            changes.Apply(Image(whole), Image(new byte[whole.Length]));
            foreach (var step in new[] { changes.First, changes.Second, changes.Third })
            {
                step.Apply(Image(byHand), Image(new byte[whole.Length]));
            }

            changes.Square.Apply(Image(byHand));
            Assert.That(whole, Is.EqualTo(byHand));
        }

        static ByteImage Image(byte[] pixels) => new(pixels, 3, Size);
    }

    [Test]
    public void RandAugment_Identity_ChangesNothing()
    {
        var pixels = Ramp(48);
        RandAugmentStep.Of(RandAugmentOp.Identity, 4, 0.5)
            .Apply(new ByteImage(pixels, 3, 4), new ByteImage(new byte[48], 3, 4));
        Assert.That(pixels, Is.EqualTo(Ramp(48)));
    }

    [Test]
    public void Augment_RowOfABatch_IsTheSameAlone([Values] AugmentPolicy policy)
    {
        var whole = Augment(policy, [0, 1, 2, 1], firstSample: 10);
        var alone = Augment(policy, [1], firstSample: 13);
        Assert.That(alone, Is.EqualTo(whole[^alone.Length..]));
    }

    [Test]
    public void Augment_StrongPolicy_DiffersFromRowToRow()
    {
        var rows = Augment(AugmentPolicy.Strong, [1, 1, 1, 1], firstSample: 0).Chunk(3 * 8 * 8).ToArray();
        Assert.That(rows.Select(r => string.Join(' ', r)).Distinct().Count(), Is.EqualTo(4));
    }

    [Test]
    public void Augment_NoPolicy_OnlyNormalises()
    {
        var expected = Ramp(192).Select((v, i) => ((v / 255.0) - (0.1 * (i / 64))) / (0.5 + (0.1 * (i / 64))));
        Assert.That(Augment(AugmentPolicy.None, [0], firstSample: 0), Is.EqualTo(expected).Within(1e-6));
    }

    [TestCase(-1)]
    [TestCase(3)]
    public void Augment_IndexOutsideTheData_IsRefusedByName(int index) => Assert.That(
        () => Augment(AugmentPolicy.None, [index], firstSample: 0),
        Throws.TypeOf<KernelException>().With.Message.Contains($"index {index} of row 0"));

    private delegate void InPlace(ByteImage image);

    private delegate void Moving(ByteImage image, ByteImage scratch);

    private static byte[] Apply(InPlace operation, int channels, params byte[] pixels)
    {
        operation(new ByteImage(pixels, channels, (int)Math.Sqrt(pixels.Length / channels)));
        return pixels;
    }

    private static byte[] ApplyMoving(Moving operation, params byte[] pixels)
    {
        var size = (int)Math.Sqrt(pixels.Length);
        operation(new ByteImage(pixels, 1, size), new ByteImage(new byte[pixels.Length], 1, size));
        return pixels;
    }

    private static byte[] Ramp(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 37))];

    private static float[] Augment(AugmentPolicy policy, int[] indices, long firstSample)
    {
        using var device = new HostDevice(2);
        using var source = device.Upload<byte>(Ramp(3 * 192));
        using var rows = device.Upload<int>(indices);
        using var mean = device.Upload<float>([0, 0.1f, 0.2f]);
        using var deviation = device.Upload<float>([0.5f, 0.6f, 0.7f]);
        using var output = device.Allocate<float>(indices.Length * 192);
        device.Run(AugmentOperators.Augment, new AugmentCall
        {
            Batch = indices.Length,
            Channels = 3,
            ImageSize = 8,
            SourceCount = 3,
            Source = source.Slice,
            Indices = rows.Slice,
            Policy = policy,
            Flip = true,
            CropPadding = 2,
            Seed = 5,
            Stream = 1,
            FirstSample = firstSample,
            Mean = mean.Slice,
            Deviation = deviation.Slice,
            Output = output.Slice,
        });
        return device.Download(output.Slice);
    }
}
