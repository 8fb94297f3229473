using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// What the tiled variants promise about memory, counted by the simulator on whole tiles: no two lanes that are served
/// together meet at a bank of shared memory, and every sector that is fetched from global memory is used whole.
/// </summary>
public sealed class GpuMemoryAccessTests
{
    private const int BytesOfSector = 32;

    [Test]
    public void MatMul_TiledVariant_HasNoConflictsAndWholeSectors(
        [Values("v2-shared-tiles", "v3-register-tiles", "v4-tensor-bf16", "v5-small-tiles")] string variant,
        [Values] bool transposeA,
        [Values] bool transposeB)
    {
        const int M = 128, N = 192, K = 96;
        using var device = new SimDevice(selection: new KernelSelection());
        using var a = Zeros(device, M * K);
        using var b = Zeros(device, K * N);
        using var c = Zeros(device, M * N);
        var launches = Watch(device);
        ((KernelVariant<MatMulCall>)MatMulOperators.MatMul.Find(variant)).Launch(device, new MatMulCall
        {
            M = M,
            N = N,
            K = K,
            TransposeA = transposeA,
            TransposeB = transposeB,
            A = a.Slice,
            B = b.Slice,
            C = c.Slice,
            Accumulate = true,
        });
        AssertClean(launches, wasted: 0);
    }

    /// <summary>Both tiles, the large one on as many as fill a card.</summary>
    [Test]
    public void MatMulBf16_OnTensorCores_HasNoConflictsAndWholeSectors(
        [Values("v2-mma-sync", "v3-warp-groups")] string variant, [Values] bool large, [Values] bool transposeA, [Values] bool transposeB)
    {
        var (m, n, k) = large ? (12 * 128, 8 * 256, 64) : (128, 192, 96);
        using var device = new SimDevice(selection: new KernelSelection());
        using var a = device.Upload<BFloat16>(new BFloat16[m * k]);
        using var b = device.Upload<BFloat16>(new BFloat16[k * n]);
        using var c = device.Allocate<BFloat16>(m * n);
        var call = new MatMulBf16Call
        {
            M = m,
            N = n,
            K = k,
            TransposeA = transposeA,
            TransposeB = transposeB,
            A = a.Slice,
            B = b.Slice,
            RoundedC = c.Slice,
        };
        var launches = Watch(device);
        ((KernelVariant<MatMulBf16Call>)MatMulOperators.MatMulBf16.Find(variant)).Launch(device, in call);
        Assert.That((MatMulBf16V2MmaSync.FillsACard(in call), MatMulBf16V3WarpGroups.FillsACard(in call)), Is.EqualTo((large, large)));
        AssertClean(launches, wasted: 0);
    }

    /// <summary>What goes from launch to launch for each row is single floats by few lanes: it may waste a twentieth.</summary>
    [Test]
    public void Attention_TiledVariant_HasNoConflictsAndWholeSectors(
        [Values("v2-shared-tiles", "v3-online-softmax", "v2-recompute")] string variant,
        [Values(24, 32, 40, 64, 72, 80, 96, 120, 128)] int headSize)
    {
        const int Tokens = 128, Heads = 2;
        const int Elements = Tokens * Heads;
        using var device = new SimDevice(selection: new KernelSelection());
        using var qkv = Zeros(device, 3 * Elements * headSize);
        using var output = Zeros(device, Elements * headSize);
        using var gradient = Zeros(device, 3 * Elements * headSize);
        var launches = Watch(device);
        if (AttentionOperators.Backward.Variants.Any(v => v.Name == variant))
        {
            ((KernelVariant<AttentionBackwardCall>)AttentionOperators.Backward.Find(variant)).Launch(device, new()
            {
                Dims = new(1, Tokens, Heads, headSize),
                Qkv = qkv.Slice,
                Output = output.Slice,
                OutputGradient = output.Slice,
                QkvGradient = gradient.Slice,
            });
        }
        else
        {
            ((KernelVariant<AttentionForwardCall>)AttentionOperators.Forward.Find(variant)).Launch(device, new()
            {
                Dims = new(1, Tokens, Heads, headSize),
                Qkv = qkv.Slice,
                Output = output.Slice,
            });
        }

        AssertClean(launches, wasted: 0.05);
    }

    private static IEnumerable<object[]> VariantsOfHeads(string ofNarrowHeads) =>
    [
        .. from variant in new[] { "v2-mma-sync", "v3-short" }
           from size in new[] { 32, 64, 72, 96, 128 }
           select new object[] { variant, size },
        [ofNarrowHeads, 32],
        [ofNarrowHeads, 64],
    ];

    private static IEnumerable<object[]> ForwardsOfHeads() =>
    [
        .. VariantsOfHeads("v4-next-head"), .. new[] { 32, 64, 72, 96, 128 }.Select(size => new object[] { "v5-warp-groups", size }),
    ];

    private static IEnumerable<object[]> BackwardsOfHeads() =>
    [
        .. VariantsOfHeads("v4-whole-head"), .. new[] { 32, 64, 72, 96 }.Select(size => new object[] { "v5-warp-groups", size }),
    ];

    /// <summary>
    /// Log-sum-exps and D are single floats by few lanes, and half of the rows of 72 begin and end in the middle of a sector.
    /// </summary>
    [TestCaseSource(nameof(ForwardsOfHeads))]
    public void AttentionBf16_OnTensorCores_HasNoConflictsAndWholeSectors(string variant, int headSize)
    {
        const int Tokens = 256, Heads = 2;
        var elements = Tokens * Heads * headSize;
        using var device = new SimDevice(selection: new KernelSelection());
        using var qkv = device.Upload<BFloat16>(new BFloat16[3 * elements]);
        using var output = device.Allocate<BFloat16>(elements);
        using var logSumExp = device.Allocate<float>(Tokens * Heads);
        var launches = Watch(device);
        var dims = new AttentionShape(1, Tokens, Heads, headSize);
        ((KernelVariant<AttentionForwardBf16Call>)AttentionOperators.ForwardBf16.Find(variant)).Launch(
            device, new() { Dims = dims, Qkv = qkv.Slice, Output = output.Slice, LogSumExp = logSumExp.Slice });
        AssertClean(launches, wasted: headSize % 16 == 0 ? 0.05 : 0.25);
    }

    /// <inheritdoc cref="AttentionBf16_OnTensorCores_HasNoConflictsAndWholeSectors"/>
    [TestCaseSource(nameof(BackwardsOfHeads))]
    public void AttentionBf16Backward_OnTensorCores_HasNoConflictsAndWholeSectors(string variant, int headSize)
    {
        const int Tokens = 256, Heads = 2;
        var elements = Tokens * Heads * headSize;
        using var device = new SimDevice(selection: new KernelSelection());
        using var qkv = device.Upload<BFloat16>(new BFloat16[3 * elements]);
        using var output = device.Upload<BFloat16>(new BFloat16[elements]);
        using var logSumExp = device.Upload<float>(new float[Tokens * Heads]);
        using var gradient = device.Allocate<BFloat16>(3 * elements);
        var launches = Watch(device);
        ((KernelVariant<AttentionBackwardBf16Call>)AttentionOperators.BackwardBf16.Find(variant)).Launch(device, new()
        {
            Dims = new(1, Tokens, Heads, headSize),
            Qkv = qkv.Slice,
            Output = output.Slice,
            LogSumExp = logSumExp.Slice,
            OutputGradient = output.Slice,
            QkvGradient = gradient.Slice,
        });
        AssertClean(launches, wasted: headSize % 16 == 0 ? 0.05 : 0.25);
    }

    [Test]
    public void MatMul_OnTensorCores_IsMadeOfTheirInstructions()
    {
        var kernel = ((IGpuVariant)MatMulOperators.MatMul.Find("v4-tensor-bf16")).Kernels[^1];
        var text = PtxCompiler.Compile(kernel);
        Assert.Multiple(() =>
        {
            Assert.That(Count(text, "mma.sync.aligned.m16n8k16"), Is.EqualTo(16), "8 tiles of a warp, twice for 32 terms");
            Assert.That(Count(text, "ldmatrix.sync.aligned.m8n8.x4"), Is.EqualTo(8), "a fragment of A or two of B each");
            Assert.That(Count(text, "cp.async.cg"), Is.EqualTo(12), "4 of a thread: two steps ahead, and in the loop");
            Assert.That(text, Does.Not.Contain(".local"));
        });
    }

    private static int Count(string text, string what) => text.Split(what).Length - 1;

    private static DeviceBuffer<float> Zeros(SimDevice device, int count) => device.Upload<float>(new float[count]);

    private static List<SimStatistics> Watch(SimDevice device)
    {
        var launches = new List<SimStatistics>();
        device.Launched += launches.Add;
        return launches;
    }

    private static void AssertClean(List<SimStatistics> launches, double wasted) => Assert.Multiple(() =>
    {
        var all = string.Join(Environment.NewLine, launches);
        var used = launches.Sum(l => l.GlobalBytesRead + l.GlobalBytesWritten) / BytesOfSector;
        Assert.That(used, Is.Positive);
        Assert.That(launches.Sum(l => l.Sectors), Is.LessThanOrEqualTo(used * (1 + wasted)), all);
        Assert.That(launches.Sum(l => l.BankConflicts), Is.Zero, all);
    });
}
