using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>What cases alone do not show of the product in bf16: which tile serves whom, and that nobody sees it in the bits.</summary>
public sealed class MatMulBf16Tests
{
    private const int Columns = 40, Terms = 136;

    /// <summary>
    /// More rows make tiles larger, and a row must not see how many others there are: its sums are added in the same order.
    /// </summary>
    [TestCase("v2-mma-sync", false)]
    [TestCase("v2-mma-sync", true)]
    [TestCase("v3-warp-groups", true)]
    public void Row_AmongManyAndAmongFew_HasTheSameBits(string variant, bool transposeB)
    {
        const int Many = 12_300, Few = 72;
        using var device = new SimDevice(selection: new KernelSelection());
        var random = new System.Random(5);
        using var a = device.Upload<BFloat16>(Normals(random, Many * Terms));
        using var b = device.Upload<BFloat16>(Normals(random, Columns * Terms));
        var many = Product(Many);
        var few = Product(Few);
        Assert.That(many[..few.Length], Is.EqualTo(few));

        float[] Product(int rows)
        {
            using var c = device.Allocate<float>(rows * Columns);
            Find(variant).Launch(device, new MatMulBf16Call
            {
                M = rows,
                N = Columns,
                K = Terms,
                TransposeB = transposeB,
                A = a.Slice,
                B = b.Slice,
                C = c.Slice,
            });
            return device.Download(c.Slice);
        }
    }

    /// <summary>One below and at what makes 96 blocks of the large tile, with rows alone and with parts of a long sum.</summary>
    [TestCase(95 * 128, 256, 64, false, false)]
    [TestCase((95 * 128) + 1, 256, 64, false, true)]
    [TestCase(512, 2048, 767, true, false)]
    [TestCase(512, 2048, 768, true, true)]
    public void Tile_IsLargeWhereItFillsACard(int m, int n, int k, bool transposeA, bool isLarge)
    {
        var call = new MatMulBf16Call { M = m, N = n, K = k, TransposeA = transposeA, A = default, B = default, C = Somewhere };
        Assert.That(
            (MatMulBf16V2MmaSync.FillsACard(in call), MatMulBf16V3WarpGroups.FillsACard(in call)), Is.EqualTo((isLarge, isLarge)));
    }

    [TestCase("v2-mma-sync")]
    [TestCase("v3-warp-groups")]
    public void Supports_RowsThatStartAnywhere_NamesTheLimit(string variant) => AssertRefused(
        variant,
        new() { M = 8, N = 8, K = 9, TransposeB = true, A = default, B = default, C = Somewhere },
        "a row of a factor does not start at a multiple of 16 bytes");

    [TestCase(true)]
    [TestCase(false)]
    public void Supports_RowsThatOverlap_NamesTheLimitOfTensorMaps(bool ofA) => AssertRefused(
        "v3-warp-groups",
        new()
        {
            M = 8, N = 8, K = 24, TransposeB = true, StrideA = ofA ? 16 : 24, StrideB = ofA ? 24 : 16, A = default, B = default, C = Somewhere,
        },
        "rows of a factor overlap, which a tensor map does not know");

    private static void AssertRefused(string variant, MatMulBf16Call call, string limit)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        Assert.That(Find(variant).Supports(in call, device, out var reason), Is.False);
        Assert.That(reason, Is.EqualTo(limit));
    }

    private static KernelVariant<MatMulBf16Call> Find(string variant) =>
        (KernelVariant<MatMulBf16Call>)MatMulOperators.MatMulBf16.Find(variant);

    private static Slice<float> Somewhere => new(64, 1);

    private static BFloat16[] Normals(System.Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => BFloat16.Round((float)((2 * random.NextDouble()) - 1)))];
}
