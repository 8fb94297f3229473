using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>
/// C = A B^T, A [M,K] and B [N,K] in bf16, C in single precision: 128 x 256 a block, 64 terms a stage, four stages. Warpgroup 0 copies,
/// one thread of it; warpgroups 1 and 2 multiply 64 x 256 each. A product waits behind the next one, so that tensor cores never do.
/// </summary>
internal static class WarpGroupMatMul
{
    public const int Rows = 128;
    public const int Columns = 256;
    private const int Terms = 64;
    private const int Stages = 4;
    private const int BytesOfA = Rows * Terms * 2;
    private const int BytesOfStage = (Rows + Columns) * Terms * 2;
    private const int Barriers = Stages * BytesOfStage;

    public static readonly GpuKernel Product = new(Kernel, threads: 384)
    {
        DynamicSharedBytes = Barriers + (2 * Stages * Mbarrier.Bytes),
        MinArchitecture = PtxArchitecture.Sm90a,
        Unroll = 32,
    };

    public static void Run(GpuDevice device, Slice<ushort> a, Slice<ushort> b, Slice<float> c, int m, int n, int k) =>
        device.Prepare(Product)
            .With(TensorTiles.Matrix(a, m, k, k, Rows, Terms))
            .With(TensorTiles.Matrix(b, n, k, k, Columns, Terms))
            .With(c).With(n).With((k + Terms - 1) / Terms)
            .On(new GridSize((m + Rows - 1) / Rows, (n + Columns - 1) / Columns));

    private static void Kernel(TensorMap a, TensorMap b, ArrayView<float> c, int stride, int steps)
    {
        var tiles = SharedAddress.OfDynamic();
        var full = tiles + Barriers;
        var empty = full + (Stages * Mbarrier.Bytes);
        var group = WarpGroup.Uniform(Group.IdxX >> 7);
        if (Group.IdxX == 0)
        {
            for (var stage = 0; stage < Stages; stage++)
            {
                Mbarrier.Init(full + (stage * Mbarrier.Bytes), 1);
                Mbarrier.Init(empty + (stage * Mbarrier.Bytes), 2);
            }

            Mbarrier.FenceInit();
        }

        Group.Barrier();
        if (group == 0)
        {
            RegisterLimit.DownTo40();
            if (Group.IdxX == 0)
            {
                Copy(a, b, tiles, full, empty, steps);
            }
        }
        else
        {
            RegisterLimit.UpTo232();
            Multiply(c, stride, tiles, full, empty, group - 1, steps);
        }
    }

    private static void Copy(TensorMap a, TensorMap b, int tiles, int full, int empty, int steps)
    {
        int stage = 0, phase = 1;
        for (var step = 0; step < steps; step++)
        {
            var tile = tiles + (stage * BytesOfStage);
            var barrier = full + (stage * Mbarrier.Bytes);
            Mbarrier.Wait(empty + (stage * Mbarrier.Bytes), phase);
            Mbarrier.ArriveExpecting(barrier, BytesOfStage);
            BulkCopy.Load(tile, a, step * Terms, Grid.IdxX * Rows, barrier);
            BulkCopy.Load(tile + BytesOfA, b, step * Terms, Grid.IdxY * Columns, barrier);
            Next(ref stage, ref phase);
        }
    }

    private static void Multiply(ArrayView<float> c, int stride, int tiles, int full, int empty, int group, int steps)
    {
        int stage = 0, phase = 0, before = 0;
        var isLeader = (Group.IdxX & 127) == 0;
        var firstA = WarpGroup.ByTerms(tiles + (group * BytesOfA / 2));
        var firstB = WarpGroup.ByTerms(tiles + BytesOfA);
        var sums = Sums256.Zero();
        for (var step = 0; step < steps; step++)
        {
            Mbarrier.Wait(full + (stage * Mbarrier.Bytes), phase);
            var left = firstA + (ulong)(uint)(stage * (BytesOfStage / 16));
            var right = firstB + (ulong)(uint)(stage * (BytesOfStage / 16));
            WarpGroup.Fence();
            sums = WarpGroup.Multiply(sums, left, right, 1);
            sums = WarpGroup.Multiply(sums, left + 2, right + 2, 1);
            sums = WarpGroup.Multiply(sums, left + 4, right + 4, 1);
            sums = WarpGroup.Multiply(sums, left + 6, right + 6, 1);
            WarpGroup.Commit();
            WarpGroup.Wait1();
            if (isLeader && step > 0)
            {
                Mbarrier.Arrive(empty + (before * Mbarrier.Bytes));
            }

            before = stage;
            Next(ref stage, ref phase);
        }

        WarpGroup.Wait0();
        Store(c, stride, (Grid.IdxX * Rows) + (group * 64), sums);
    }

    private static void Store(ArrayView<float> c, int stride, int firstRow, Sums256 sums)
    {
        var row = firstRow + ((Group.IdxX >> 5 & 3) * 16) + ((Group.IdxX & 31) >> 2);
        var at = ((long)row * stride) + (Grid.IdxY * Columns) + ((Group.IdxX & 3) * 2);
        for (var block = 0; block < Columns / 8; block++)
        {
            var four = sums[block];
            Store2(ref c[at + (block * 8)], four.X, four.Y);
            Store2(ref c[at + (8 * stride) + (block * 8)], four.Z, four.W);
        }
    }

    private static void Next(ref int stage, ref int phase)
    {
        stage++;
        if (stage == Stages)
        {
            stage = 0;
            phase ^= 1;
        }
    }

    [ILGPU.IR.Intrinsics.IntrinsicImplementation, PtxAsm("st.global.v2.f32 [$0], {$1, $2};")]
    private static void Store2(ref float to, float x, float y) => throw new NotSupportedException();
}
