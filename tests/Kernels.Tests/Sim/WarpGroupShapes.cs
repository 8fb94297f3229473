using DPT.Engine.Kernels;
using ILGPU;

namespace Kernels.Tests;

/// <summary>
/// Every form of a warpgroup's product that kernels can call, on 64 x N with 64 terms: both factors by their terms, B by its rows, and A
/// in registers; then some of the sums go through shared memory and a bulk store.
/// </summary>
internal static class WarpGroupShapes
{
    private const int Terms = 64;
    private const int BytesOfA = 64 * Terms * 2;
    private const int BytesOfB = 256 * Terms * 2;
    private const int Result = BytesOfA + (2 * BytesOfB);

    public static GpuKernel KernelOf<TShape, TSums, TForm>()
        where TShape : struct, IShape<TSums> where TSums : struct where TForm : struct, IForm => new(Kernel<TShape, TSums, TForm>, threads: 128)
    {
        DynamicSharedBytes = Result + (64 * 16 * 4) + Mbarrier.Bytes,
        MinArchitecture = PtxArchitecture.Sm90a,
        Unroll = 32,
    };

    /// <summary>The form of the product: 0, 1 or 2.</summary>
    public interface IForm
    {
        static abstract int Number { get; }
    }

    public readonly struct ByTerms : IForm
    {
        public static int Number => 0;
    }

    public readonly struct ByRows : IForm
    {
        public static int Number => 1;
    }

    public readonly struct InRegisters : IForm
    {
        public static int Number => 2;
    }

    /// <summary>One size of product.</summary>
    public interface IShape<TSums>
    {
        static abstract int N { get; }

        static abstract TSums Zero();

        static abstract TSums ByTerms(TSums sums, ulong a, ulong b, int keep);

        static abstract TSums ByRows(TSums sums, ulong a, ulong b, int keep);

        static abstract TSums ByRows(TSums sums, UInt4 a, ulong b, int keep);

        static abstract Float4 Block(TSums sums, int block);
    }

    private static void Kernel<TShape, TSums, TForm>(
        TensorMap a, TensorMap b, TensorMap rowsOfB, TensorMap corner, ArrayView<uint> packedA, ArrayView<float> c)
        where TShape : struct, IShape<TSums> where TSums : struct where TForm : struct, IForm
    {
        var tile = SharedAddress.OfDynamic();
        var ready = tile + Result + (64 * 16 * 4);
        if (Group.IdxX == 0)
        {
            Mbarrier.Init(ready, 1);
            Mbarrier.FenceInit();
            Mbarrier.ArriveExpecting(ready, BytesOfA + (TShape.N * Terms * 2) + ((TShape.N + 63) / 64 * 64 * Terms * 2));
            BulkCopy.Load(tile, a, 0, 0, ready);
            BulkCopy.Load(tile + BytesOfA, b, 0, 0, ready);
            for (var box = 0; box < (TShape.N + 63) / 64; box++)
            {
                BulkCopy.Load(tile + BytesOfA + BytesOfB + (box * 64 * Terms * 2), rowsOfB, box * 64, 0, ready);
            }
        }

        Group.Barrier();
        Mbarrier.Wait(ready, 0);
        var left = WarpGroup.ByTerms(tile);
        var right = WarpGroup.ByTerms(tile + BytesOfA);
        var rows = WarpGroup.ByRows(tile + BytesOfA + BytesOfB, 64 * Terms * 2);
        var sums = TShape.Zero();
        var fragments = new UInt4[Terms / 16];
        for (var step = 0; step < Terms / 16; step++)
        {
            fragments[step] = Fragment(packedA, step);
        }

        WarpGroup.Fence();
        for (var step = 0; step < Terms / 16; step++)
        {
            sums = TForm.Number == 0 ? TShape.ByTerms(sums, left + (ulong)(uint)(2 * step), right + (ulong)(uint)(2 * step), step)
                : TForm.Number == 1 ? TShape.ByRows(sums, left + (ulong)(uint)(2 * step), rows + (ulong)(uint)(128 * step), step)
                : TShape.ByRows(sums, fragments[step], rows + (ulong)(uint)(128 * step), step);
        }

        WarpGroup.Commit();
        WarpGroup.Wait0();
        Write<TShape, TSums>(c, sums);
        StoreCorner(corner, tile + Result, TShape.Block(sums, 0), TShape.Block(sums, 1));
    }

    /// <summary>Rows 16w + g and 8 more of A, terms 2t, 2t + 1 and 8 more, of sixteen.</summary>
    private static UInt4 Fragment(ArrayView<uint> packedA, int step)
    {
        var row = ((Group.IdxX >> 5) * 16) + ((Group.IdxX & 31) >> 2);
        var at = (row * (Terms / 2)) + (8 * step) + (Group.IdxX & 3);
        return new UInt4 { X = packedA[at], Y = packedA[at + (8 * Terms / 2)], Z = packedA[at + 4], W = packedA[at + (8 * Terms / 2) + 4] };
    }

    private static void Write<TShape, TSums>(ArrayView<float> c, TSums sums) where TShape : struct, IShape<TSums> where TSums : struct
    {
        var row = ((Group.IdxX >> 5) * 16) + ((Group.IdxX & 31) >> 2);
        var at = (row * TShape.N) + (2 * (Group.IdxX & 3));
        for (var block = 0; block < TShape.N / 8; block++)
        {
            var four = TShape.Block(sums, block);
            c[at + (8 * block)] = four.X;
            c[at + (8 * block) + 1] = four.Y;
            c[at + (8 * TShape.N) + (8 * block)] = four.Z;
            c[at + (8 * TShape.N) + (8 * block) + 1] = four.W;
        }
    }

    /// <summary>64 x 16 sums as a box without a swizzle, and from there to memory.</summary>
    private static void StoreCorner(TensorMap corner, int tile, Float4 low, Float4 high)
    {
        var row = ((Group.IdxX >> 5) * 16) + ((Group.IdxX & 31) >> 2);
        var at = tile + (((row * 16) + (2 * (Group.IdxX & 3))) * 4);
        Put(at, low.X, low.Y);
        Put(at + (8 * 16 * 4), low.Z, low.W);
        Put(at + 32, high.X, high.Y);
        Put(at + (8 * 16 * 4) + 32, high.Z, high.W);
        BulkCopy.FenceProxy();
        Group.Barrier();
        if (Group.IdxX == 0)
        {
            BulkCopy.Store(corner, tile, 0, 0);
            BulkCopy.CommitStores();
            BulkCopy.WaitForStores();
        }
    }

    [ILGPU.IR.Intrinsics.IntrinsicImplementation, PtxAsm("st.shared.v2.f32 [$0], {$1, $2};")]
    private static void Put(int at, float x, float y) => throw new NotSupportedException();

    public readonly struct Shape16 : IShape<Sums16>
    {
        public static int N => 16;

        public static Sums16 Zero() => Sums16.Zero();

        public static Sums16 ByTerms(Sums16 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums16 ByRows(Sums16 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums16 ByRows(Sums16 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums16 sums, int block) => sums[block];
    }

    public readonly struct Shape32 : IShape<Sums32>
    {
        public static int N => 32;

        public static Sums32 Zero() => Sums32.Zero();

        public static Sums32 ByTerms(Sums32 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums32 ByRows(Sums32 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums32 ByRows(Sums32 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums32 sums, int block) => sums[block];
    }

    public readonly struct Shape64 : IShape<Sums64>
    {
        public static int N => 64;

        public static Sums64 Zero() => Sums64.Zero();

        public static Sums64 ByTerms(Sums64 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums64 ByRows(Sums64 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums64 ByRows(Sums64 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums64 sums, int block) => sums[block];
    }

    public readonly struct Shape96 : IShape<Sums96>
    {
        public static int N => 96;

        public static Sums96 Zero() => Sums96.Zero();

        public static Sums96 ByTerms(Sums96 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums96 ByRows(Sums96 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums96 ByRows(Sums96 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums96 sums, int block) => sums[block];
    }

    public readonly struct Shape128 : IShape<Sums128>
    {
        public static int N => 128;

        public static Sums128 Zero() => Sums128.Zero();

        public static Sums128 ByTerms(Sums128 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums128 ByRows(Sums128 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums128 ByRows(Sums128 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums128 sums, int block) => sums[block];
    }

    public readonly struct Shape192 : IShape<Sums192>
    {
        public static int N => 192;

        public static Sums192 Zero() => Sums192.Zero();

        public static Sums192 ByTerms(Sums192 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums192 ByRows(Sums192 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums192 ByRows(Sums192 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums192 sums, int block) => sums[block];
    }

    public readonly struct Shape256 : IShape<Sums256>
    {
        public static int N => 256;

        public static Sums256 Zero() => Sums256.Zero();

        public static Sums256 ByTerms(Sums256 sums, ulong a, ulong b, int keep) => WarpGroup.Multiply(sums, a, b, keep);

        public static Sums256 ByRows(Sums256 sums, ulong a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Sums256 ByRows(Sums256 sums, UInt4 a, ulong b, int keep) => WarpGroup.MultiplyByRows(sums, a, b, keep);

        public static Float4 Block(Sums256 sums, int block) => sums[block];
    }
}
