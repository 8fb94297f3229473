namespace DPT.Engine.Kernels;

/// <summary>Packs the whole of B, one panel of one block of terms at a time.</summary>
internal readonly unsafe struct GemmPackingJob<V> : IParallelJob where V : struct, ISimd<V>
{
    private readonly GemmJob<V> _gemm;
    private readonly float* _b;
    private readonly int _panels;

    public GemmPackingJob(in GemmJob<V> gemm)
    {
        _gemm = gemm;
        _b = (float*)gemm.Call.B.Address;
        _panels = GemmBlocking.Parts(gemm.Call.N, GemmMicroKernel.Columns<V>());
    }

    public int Pieces => _panels * _gemm.Blocking.TermBlocks;

    public void Execute(int index)
    {
        var call = _gemm.Call;
        var width = GemmMicroKernel.Columns<V>();
        var firstTerm = index / _panels * _gemm.Blocking.Terms;
        var column = index % _panels * width;
        var terms = Math.Min(_gemm.Blocking.Terms, call.K - firstTerm);
        var columns = Math.Min(width, call.N - column);
        var panel = _gemm.PanelOfB(firstTerm, terms, column);
        if (call.TransposeB)
        {
            GemmPacking.PanelOfTransposedB<V>(_b + ((nint)column * call.RowB) + firstTerm, call.RowB, terms, columns, panel);
        }
        else
        {
            GemmPacking.PanelOfB<V>(_b + ((nint)firstTerm * call.RowB) + column, call.RowB, terms, columns, panel);
        }
    }
}
