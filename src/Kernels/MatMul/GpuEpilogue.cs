using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// What happens to one sum on its way to C, for a thread of a GPU: everything in <see cref="MatMulCall"/> but the product.
/// </summary>
/// <remarks>
/// Kernels finish their sums in a loop, one element or one pack of four a turn: its code is long, and no tile of
/// registers may be indexed by a loop, so tiles go to it through shared memory. A turn may wait for memory as long as 512
/// multiply-adds take, so packs pay wherever C is small.
/// </remarks>
/// <param name="C">The result.</param>
/// <param name="Bias">Of each column; empty if there is none.</param>
/// <param name="PreActivation">What the activation sees, or saw; empty if it is neither saved nor read.</param>
/// <param name="Residual">What is added behind the activation; empty if there is nothing.</param>
/// <param name="Stride">Elements from one row of C to the next, and of all that is laid out like it.</param>
/// <param name="Flags">What to do (<see cref="EpilogueFormula"/>), and whether packs can be moved.</param>
internal readonly record struct GpuEpilogue(
    ArrayView<float> C, ArrayView<float> Bias, ArrayView<float> PreActivation, ArrayView<float> Residual, int Stride, int Flags)
{
    private const int IsAligned = EpilogueFormula.FirstFree;

    /// <summary>The same with C from an element on: every part of a split K has a C of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GpuEpilogue From(long element) => this with { C = C.SubView(element) };

    /// <summary>What the call asks for.</summary>
    public static int FlagsOf(in MatMulCall call) => EpilogueFormula.FlagsOf(in call) | (CanMovePacks(in call) ? IsAligned : 0);

    /// <summary>Finishes the sum of one element and writes it to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(float sum, int row, int column) => Finish<GpuReal, OneElement>(GpuReal.Broadcast(sum), row, column, 1);

    /// <summary>
    /// Finishes this thread's pack of a row of a tile of sums in shared memory: neighbours take neighbouring packs, so that whole
    /// rows of C are written.
    /// </summary>
    /// <param name="tile">The sums.</param>
    /// <param name="stride">Packs from a row of shared memory to the next.</param>
    /// <param name="side">Rows and columns of a tile, a power of two; the block's tile is the one of its place in the grid.</param>
    /// <param name="rowOfTile">The row.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FinishPack(ArrayView<Float4> tile, int stride, int side, int rowOfTile, int m, int n)
    {
        var pack = Group.IdxX & ((side / 4) - 1);
        var row = (Grid.IdxX * side) + rowOfTile;
        var column = (Grid.IdxY * side) + (4 * pack);
        if (row < m && column < n)
        {
            var sums = new GpuReal4(tile[(rowOfTile * stride) + pack]);
            Finish<GpuReal4, PackOfFour>(sums, row, column, n - column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish<V, TAccess>(V value, int row, int column, int count)
        where V : struct, IReal<V>
        where TAccess : struct, IAccess<V> =>
        EpilogueFormula.Finish(value, new Place<V, TAccess>(this, row, column, count), Flags);

    /// <summary>Whether every pack of a row starts at a multiple of 16 bytes, in all that the epilogue touches.</summary>
    private static bool CanMovePacks(in MatMulCall call) =>
        GlobalMemory.HasAlignedRows(call.C, call.RowC) && GlobalMemory.HasAlignedRows(call.Bias, 0)
        && GlobalMemory.HasAlignedRows(call.PreActivation, 0) && GlobalMemory.HasAlignedRows(call.Residual, 0);

    /// <summary>The operands at one place.</summary>
    private readonly struct Place<V, TAccess> : IEpilogueOperands<V>
        where V : struct, IReal<V>
        where TAccess : struct, IAccess<V>
    {
        private readonly GpuEpilogue _epilogue;
        private readonly int _column;
        private readonly int _count;
        private readonly long _at;
        private readonly bool _isAligned;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Place(GpuEpilogue epilogue, int row, int column, int count)
        {
            _epilogue = epilogue;
            _column = column;
            _count = count;
            _at = ((long)row * epilogue.Stride) + column;
            _isAligned = (epilogue.Flags & IsAligned) != 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V LoadBias() => TAccess.Load(_epilogue.Bias, _column, _count, _isAligned);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V LoadPreActivation() => TAccess.Load(_epilogue.PreActivation, _at, _count, _isAligned);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V LoadResidual() => TAccess.Load(_epilogue.Residual, _at, _count, _isAligned);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public V LoadResult() => TAccess.Load(_epilogue.C, _at, _count, _isAligned);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SavePreActivation(V value) => TAccess.Store(_epilogue.PreActivation, _at, _count, _isAligned, value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SaveResult(V value) => TAccess.Store(_epilogue.C, _at, _count, _isAligned, value);
    }

    /// <summary>How many elements move at once.</summary>
    private interface IAccess<V>
    {
        static abstract V Load(ArrayView<float> x, long at, int count, bool isAligned);

        static abstract void Store(ArrayView<float> x, long at, int count, bool isAligned, V value);
    }

    private readonly struct OneElement : IAccess<GpuReal>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static GpuReal Load(ArrayView<float> x, long at, int count, bool isAligned) => GpuReal.Broadcast(x[at]);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(ArrayView<float> x, long at, int count, bool isAligned, GpuReal value) => x[at] = value.Value;
    }

    private readonly struct PackOfFour : IAccess<GpuReal4>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static GpuReal4 Load(ArrayView<float> x, long at, int count, bool isAligned) =>
            new(GlobalMemory.LoadUpTo4(x, at, count, isAligned));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(ArrayView<float> x, long at, int count, bool isAligned, GpuReal4 value) =>
            GlobalMemory.StoreUpTo4(x, at, count, isAligned, value.Lanes);
    }
}

/// <summary>Passes a <see cref="GpuEpilogue"/> to a kernel, field by field.</summary>
internal static class GpuEpilogueLaunch
{
    /// <summary>The epilogue of the call.</summary>
    public static ref KernelLaunch WithEpilogue(this ref KernelLaunch launch, in MatMulCall call) =>
        ref launch
            .With(call.C).With(call.Bias).With(call.PreActivation).With(call.Residual)
            .With(call.RowC).With(GpuEpilogue.FlagsOf(in call));

    /// <summary>The sums of the call as they are, with adjacent rows.</summary>
    public static ref KernelLaunch WithPlainSums(this ref KernelLaunch launch, in MatMulCall call, Slice<float> sums) =>
        ref launch.WithEpilogue(new MatMulCall { M = call.M, N = call.N, K = call.K, A = call.A, B = call.B, C = sums });
}
