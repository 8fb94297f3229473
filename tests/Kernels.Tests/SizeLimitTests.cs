using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>Sizes whose indices would wrap, or whose grid a driver would refuse, are refused with the size and the limit.</summary>
public sealed class SizeLimitTests
{
    private static readonly Slice<float> None = default;

    [TestCase(4096, 1024, 2, "numbers of an image is 4294967296, it must be 1..2147418112")]
    [TestCase(1, 16384, 8, "patches of all images is 2147483648, it must be 1..2147418112")]
    [TestCase(2048, 32, 1_048_576, "planes of all images is 2147483648, it must be 1..2147418112")]
    public void PatchGrid_NumbersBeyondAnIndex_AreRefused(int channels, int size, int batch, string message)
    {
        var call = new UnpatchifyForwardCall
        {
            Grid = new PatchGrid(batch, channels, size, size == 16384 ? 1 : size, 0), Tokens = None, Image = None,
        };
        Assert.That(call.Validate, Throws.TypeOf<KernelException>().With.Message.Contains(message));
    }

    [Test]
    public void Attention_HeadsBeyondAnIndex_AreRefused()
    {
        var call = new AttentionForwardCall
        {
            Dims = new(4_194_304, Tokens: 1, Heads: 512, HeadSize: 1), Qkv = None, Output = None,
        };
        Assert.That(
            call.Validate, Throws.TypeOf<KernelException>().With.Message.Contains("heads of all sequences is 2147483648"));
    }

    [Test]
    public void Augment_PlanBeyondAnIndex_IsRefused()
    {
        var call = new AugmentCall
        {
            Batch = 1 << 26, Channels = 1, ImageSize = 1, SourceCount = 1, Source = default, Indices = default,
            Policy = AugmentPolicy.None, Mean = None, Deviation = None, Output = None,
        };
        Assert.That(call.Validate, Throws.TypeOf<KernelException>().With.Message.Contains("batch is 67108864"));
    }

    [TestCase(int.MaxValue)]
    [TestCase(int.MaxValue - ushort.MaxValue + 1)]
    public void Rows_OneStepOfAGridBeforeTheLastIndex_AreRefused(int rows) =>
        Assert.That(
            () => Require.Size("op", "rows", rows),
            Throws.TypeOf<KernelException>().With.Message.EqualTo($"op: rows is {rows}, it must be 1..2147418112"));

    public static IEnumerable<TestCaseData> MatMuls() =>
        from variant in MatMulOperators.MatMul.Variants
        where variant is IGpuVariant and not MatMulV5SmallTiles
        select new TestCaseData(variant).SetArgDisplayNames(variant.Name);

    [TestCaseSource(nameof(MatMuls))]
    public void MatMul_ColumnsBeyondTheGrid_AreNotSupported(KernelVariant variant)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        var typed = (KernelVariant<MatMulCall>)variant;
        var most = 65535 * (variant.Name is "v1-naive" or "v2-shared-tiles" ? 32 : 64);
        Assert.That(typed.Supports(Call(most), device, out _));
        Assert.That(typed.Supports(Call(most + 1), device, out var reason), Is.False);
        Assert.That(reason, Is.EqualTo($"N is {most + 1}, the grid has room for {most}"));

        static MatMulCall Call(int n) => new() { M = 1, N = n, K = 1, A = None, B = None, C = None };
    }

    /// <summary>Columns, or runs of a weight's gradient, that make 512 blocks of 64 x 64: those keep a card busy.</summary>
    [TestCase(64, 511 * 64, 8, false, null)]
    [TestCase(64, (511 * 64) + 1, 8, false, 512)]
    [TestCase(512, 2048, 511, true, null)]
    [TestCase(512, 2048, 512, true, 512)]
    public void MatMulV5_LargeResult_IsNotSupported(int m, int n, int k, bool transposeA, int? tiles)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        var call = new MatMulCall { M = m, N = n, K = k, TransposeA = transposeA, A = None, B = None, C = None };
        Assert.That(new MatMulV5SmallTiles().Supports(in call, device, out var reason), Is.EqualTo(tiles is null));
        Assert.That(reason, Is.EqualTo(tiles is null ? null : $"C has {tiles} tiles of 64 x 64, it is for fewer than 512"));
    }

    [TestCase(0, 1, 1)]
    [TestCase(1, 65536, 1)]
    [TestCase(1, 1, 65536)]
    public void Launch_GridThatADriverWouldRefuse_NamesTheLimits(int x, int y, int z)
    {
        using var device = new SimDevice(threads: 1, selection: new KernelSelection());
        using var sink = device.Allocate<float>(1);
        Assert.That(
            () => device.Prepare(GpuPeaks.FmaKernel).With(sink.Slice).With(1).On(new GridSize(x, y, z)),
            Throws.TypeOf<KernelException>().With.Message.Contains($"2147483647 x 65535 x 65535 blocks, not {x}x{y}x{z}"));
    }

    [Test]
    public void Cover_MoreBlocksThanAGridHas_IsRefused() =>
        Assert.That(
            () => GridSize.Cover(1L << 40, 256),
            Throws.TypeOf<KernelException>().With.Message.Contains("4294967296 blocks, a grid has at most 2147483647"));
}
