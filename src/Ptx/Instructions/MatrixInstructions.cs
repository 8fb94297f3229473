namespace DPT.Engine.Ptx;

/// <summary>
/// <c>ldmatrix</c>: 8x8 matrices of 16-bit elements from shared memory; lanes 8i to 8i+7 give the rows of matrix i, and
/// lane l gets two neighbours of row l/4, or of column l/4 if transposed.
/// </summary>
internal sealed unsafe class LoadMatrixInstruction(
    (int Base, int Bytes, long Offset) address, int[] d, bool isTransposed) : MemoryInstruction(SpaceKind.Shared, address)
{
    private const int Size = 8;

    public override int ElementBytes => Size * sizeof(ushort);

    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        var rows = d.Length == 4 ? Lanes.All : (1u << (Size * d.Length)) - 1;
        var from = Access(warp, rows, ElementBytes, AccessKind.Load);
        for (var i = 0; i < d.Length; i++)
        {
            var matrix = from + (Size * i);
            var to = warp.At<uint>(d[i]);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                var (line, pair) = (lane / 4, lane % 4 * 2);
                to[lane] = isTransposed
                    ? Element(matrix, pair, line) | (Element(matrix, pair + 1, line) << 16)
                    : Element(matrix, line, pair) | (Element(matrix, line, pair + 1) << 16);
            }
        }
    }

    private static uint Element(ulong* rows, int row, int column) => ((ushort*)rows[row])[column];
}

/// <summary>
/// <c>stmatrix</c>: 8x8 matrices of 16-bit elements to shared memory, as <c>ldmatrix</c> reads them; lanes 8i to 8i+7 give the rows
/// of matrix i.
/// </summary>
internal sealed unsafe class StoreMatrixInstruction(
    (int Base, int Bytes, long Offset) address, int[] sources, bool isTransposed) : MemoryInstruction(SpaceKind.Shared, address)
{
    private const int Size = 8;

    public override int ElementBytes => Size * sizeof(ushort);

    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        var rows = sources.Length == 4 ? Lanes.All : (1u << (Size * sources.Length)) - 1;
        var to = Access(warp, rows, ElementBytes, AccessKind.Store);
        for (var i = 0; i < sources.Length; i++)
        {
            var matrix = to + (Size * i);
            var from = warp.At<uint>(sources[i]);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                var (line, pair) = (lane / 4, lane % 4 * 2);
                for (var half = 0; half < 2; half++)
                {
                    var (row, column) = isTransposed ? (pair + half, line) : (line, pair + half);
                    ((ushort*)matrix[row])[column] = (ushort)(from[lane] >> (16 * half));
                }
            }
        }
    }
}

/// <summary>How the elements of a product lie in the registers that hold them.</summary>
internal interface IMatrixElement
{
    /// <summary>Elements in a register.</summary>
    static abstract int PerRegister { get; }

    /// <summary>Element i of a register, exactly.</summary>
    static abstract float Get(uint register, int i);
}

internal readonly struct HalfElement : IMatrixElement
{
    public static int PerRegister => 2;

    public static float Get(uint register, int i) => Halves.FromHalf((ushort)(register >> (16 * i)));
}

internal readonly struct BFloat16Element : IMatrixElement
{
    public static int PerRegister => 2;

    public static float Get(uint register, int i) => Halves.FromBFloat16((ushort)(register >> (16 * i)));
}

/// <summary>Single precision of which only 10 bits of mantissa are looked at.</summary>
internal readonly struct TensorFloat32Element : IMatrixElement
{
    public static int PerRegister => 1;

    public static float Get(uint register, int i) => BitConverter.UInt32BitsToSingle(register & ~0x1fffu);
}

/// <summary>
/// <c>mma.sync.m16n8kK</c>: D = A B + C with A 16 x K by rows, B K x 8 by columns, C and D in single precision. Lane
/// 4g+t holds rows g and g+8 of A, C and D, and column g of B. The sums are an H200's to the last bit
/// (<see cref="FusedSum"/>).
/// </summary>
internal sealed unsafe class MultiplyMatrixInstruction<TElement>(int[] d, int[] a, int[] b, int[] c) : MachineInstruction
    where TElement : struct, IMatrixElement
{
    private const int Rows = 16;
    private const int Columns = FusedSum.Columns;

    public override void Execute(SimWarp warp, uint mask)
    {
        WarpInstruction.ExpectAll(mask);
        var depth = 4 * TElement.PerRegister * b.Length;
        var left = stackalloc float[Rows * depth];
        var right = stackalloc float[depth * Columns];
        Gather(warp, left, right, depth);
        var sums = stackalloc float[Rows * Columns];
        MatrixFragment.Read(warp, sums, c);
        FusedSum.Add(sums, left, right, Rows, depth);
        MatrixFragment.Write(warp, sums, d);
    }

    private void Gather(SimWarp warp, float* left, float* right, int depth)
    {
        for (var r = 0; r < a.Length; r++)
        {
            var register = warp.At<uint>(a[r]);
            var to = left + (8 * (r % 2) * depth) + (4 * TElement.PerRegister * (r / 2));
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                var (group, k) = (lane / 4, TElement.PerRegister * (lane % 4));
                for (var i = 0; i < TElement.PerRegister; i++)
                {
                    to[(group * depth) + k + i] = TElement.Get(register[lane], i);
                }
            }
        }

        for (var r = 0; r < b.Length; r++)
        {
            var register = warp.At<uint>(b[r]);
            var to = right + (4 * TElement.PerRegister * r * Columns);
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                var (group, k) = (lane / 4, TElement.PerRegister * (lane % 4));
                for (var i = 0; i < TElement.PerRegister; i++)
                {
                    to[((k + i) * Columns) + group] = TElement.Get(register[lane], i);
                }
            }
        }
    }
}
