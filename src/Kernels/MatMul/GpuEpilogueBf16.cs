using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// The epilogue of <see cref="MatMulBf16Call"/> for a thread of a GPU, a pack of four neighbours of a row at a time: bias,
/// residual and sums are fp32, the pre-activation is bf16, and C is one or the other.
/// </summary>
/// <param name="C">The result in fp32; empty if it is rounded.</param>
/// <param name="RoundedC">The result in bf16; empty if it is not rounded.</param>
/// <param name="Bias">Of each column; empty if there is none.</param>
/// <param name="PreActivation">What the activation sees, or saw; empty if it is neither saved nor read.</param>
/// <param name="Residual">What is added behind the activation; empty if there is nothing.</param>
/// <param name="Stride">Elements from one row of C to the next, and of all that is laid out like it.</param>
/// <param name="Flags">What to do (<see cref="EpilogueFormula"/>), whether C is rounded, and whether packs can be moved.</param>
internal readonly record struct GpuEpilogueBf16(
    ArrayView<float> C, ArrayView<BFloat16> RoundedC,
    ArrayView<float> Bias, ArrayView<BFloat16> PreActivation, ArrayView<float> Residual,
    int Stride, int Flags)
{
    private const int IsAligned = EpilogueFormula.FirstFree;
    private const int IsRounded = 2 * EpilogueFormula.FirstFree;

    /// <summary>The same with C from an element on: every part of a split K has a C of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GpuEpilogueBf16 From(long element) => this with { C = C.SubView(element) };

    /// <summary>What the call asks for.</summary>
    public static int FlagsOf(in MatMulBf16Call call) =>
        EpilogueFormula.FlagsOf(in call) | (CanMovePacks(in call) ? IsAligned : 0) | (call.RoundedC.IsEmpty ? 0 : IsRounded);

    /// <summary>Finishes the sums of four neighbours of a row and writes those that are inside C.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="row">Row of C.</param>
    /// <param name="column">Column of the first, a multiple of 4.</param>
    /// <param name="n">Columns of C.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(Float4 sums, int row, int column, int n) =>
        EpilogueFormula.Finish(new GpuReal4(sums), new Place(this, row, column, n - column), Flags);

    /// <summary>Whether every pack of a row is aligned, in all that the epilogue touches.</summary>
    private static bool CanMovePacks(in MatMulBf16Call call) =>
        GlobalMemory.HasAlignedRows(call.C, call.Sizes.RowC) && GlobalMemory.HasAlignedRows(call.Bias, 0)
        && GlobalMemory.HasAlignedRows(call.Residual, 0)
        && Bf16Memory.HasPackedRows(call.RoundedC, 0) && Bf16Memory.HasPackedRows(call.PreActivation, 0);

    /// <summary>The operands at one place.</summary>
    private readonly struct Place : IEpilogueOperands<GpuReal4>
    {
        private readonly GpuEpilogueBf16 _epilogue;
        private readonly int _column;
        private readonly int _count;
        private readonly long _at;
        private readonly bool _isAligned;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Place(GpuEpilogueBf16 epilogue, int row, int column, int count)
        {
            _epilogue = epilogue;
            _column = column;
            _count = count;
            _at = ((long)row * epilogue.Stride) + column;
            _isAligned = (epilogue.Flags & IsAligned) != 0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public GpuReal4 LoadBias() => new(GlobalMemory.LoadUpTo4(_epilogue.Bias, _column, _count, _isAligned));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public GpuReal4 LoadPreActivation() => new(Bf16Memory.LoadUpTo4(_epilogue.PreActivation, _at, _count, _isAligned));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public GpuReal4 LoadResidual() => new(GlobalMemory.LoadUpTo4(_epilogue.Residual, _at, _count, _isAligned));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public GpuReal4 LoadResult() => new(GlobalMemory.LoadUpTo4(_epilogue.C, _at, _count, _isAligned));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SavePreActivation(GpuReal4 value) =>
            Bf16Memory.StoreUpTo4(_epilogue.PreActivation, _at, _count, _isAligned, value.Lanes);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void SaveResult(GpuReal4 value)
        {
            if ((_epilogue.Flags & IsRounded) != 0)
            {
                Bf16Memory.StoreUpTo4(_epilogue.RoundedC, _at, _count, _isAligned, value.Lanes);
            }
            else
            {
                GlobalMemory.StoreUpTo4(_epilogue.C, _at, _count, _isAligned, value.Lanes);
            }
        }
    }
}

/// <summary>Passes a <see cref="GpuEpilogueBf16"/> to a kernel, field by field.</summary>
internal static class GpuEpilogueBf16Launch
{
    /// <summary>The epilogue of the call.</summary>
    public static ref KernelLaunch WithEpilogue(this ref KernelLaunch launch, in MatMulBf16Call call) =>
        ref launch
            .With(call.C).With(call.RoundedC).With(call.Bias).With(call.PreActivation).With(call.Residual)
            .With(call.Sizes.RowC).With(GpuEpilogueBf16.FlagsOf(in call));
}
