namespace DPT.Engine.Kernels;

/// <summary>Adds the sums of all parts of a split K, in order, and finishes them: one row of tiles at a time.</summary>
internal readonly unsafe struct GemmPartsJob<V, TFactors, TLeft>(in GemmJob<V, TFactors, TLeft> gemm) : IParallelJob
    where V : struct, ISimd<V>
    where TFactors : struct, IGemmFactors<TLeft>
    where TLeft : struct, ILeftFactor
{
    private readonly GemmJob<V, TFactors, TLeft> _gemm = gemm;

    public int WorkItems =>
        _gemm.Blocking.Parts == 1 ? 0 : GemmBlocking.CeilDiv(_gemm.Call.M, GemmMicroKernel.Rows);

    public void Execute(int index)
    {
        var width = GemmMicroKernel.Columns<V>();
        var row = index * GemmMicroKernel.Rows;
        var rows = Math.Min(GemmMicroKernel.Rows, _gemm.Call.M - row);
        for (var column = 0; column < _gemm.Call.N; column += width)
        {
            var sums = _gemm.Scratch.SumsOfPart(0, row, column);
            for (var part = 1; part < _gemm.Blocking.Parts; part++)
            {
                Add(sums, _gemm.Scratch.SumsOfPart(part, row, column));
            }

            _gemm.Output.Finish(sums, new GemmTile(row, rows, column, Math.Min(width, _gemm.Call.N - column)));
        }
    }

    private static void Add(float* sums, float* more)
    {
        for (var i = 0; i < GemmMicroKernel.Tile<V>(); i += V.Count)
        {
            V.Store(sums + i, V.Load(sums + i) + V.Load(more + i));
        }
    }
}
