using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Two matrices. The left one is read in place, or packed by work item if it is transposed.</summary>
internal readonly unsafe struct MatrixFactors(in MatMulCall call) : IGemmFactors<StridedLeft>
{
    private readonly float* _a = (float*)call.A.Address;
    private readonly float* _b = (float*)call.B.Address;
    private readonly int _rowA = call.RowA;
    private readonly int _rowB = call.RowB;
    private readonly bool _transposeA = call.TransposeA;
    private readonly bool _transposeB = call.TransposeB;

    public long LeftFloats(int rows, int kc) => _transposeA ? (long)rows * kc : 0;

    public void PackLeft(in GemmBlock block, float* packed)
    {
        if (_transposeA)
        {
            GemmPacking.TransposedA(
                _a + ((nint)block.FirstK * _rowA) + block.FirstRow, _rowA, block.Kc, block.Rows, packed);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public StridedLeft Left(in GemmBlock block, int row, int rows, float* packed) => _transposeA
        ? new StridedLeft(packed + ((nint)row * block.Kc), rows, 1, GemmMicroKernel.Rows)
        : new StridedLeft(_a + ((nint)(block.FirstRow + row) * _rowA) + block.FirstK, rows, _rowA, 1);

    public void PackRight<V>(int firstK, int kc, int column, int columns, float* panel) where V : struct, ISimd<V>
    {
        if (_transposeB)
        {
            GemmPacking.PanelOfTransposedB<V>(_b + ((nint)column * _rowB) + firstK, _rowB, kc, columns, panel);
        }
        else
        {
            GemmPacking.PanelOfB<V>(_b + ((nint)firstK * _rowB) + column, _rowB, kc, columns, panel);
        }
    }
}
