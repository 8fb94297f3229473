namespace DPT.Engine.Kernels;

/// <summary>Packs a B that all threads share, one panel of one block of terms at a time.</summary>
internal readonly unsafe struct GemmPackingJob<V>(in GemmJob<V> gemm) : IParallelJob where V : struct, ISimd<V>
{
    private readonly GemmJob<V> _gemm = gemm;

    public int Pieces => _gemm.Panels.ArePrivate ? 0 : _gemm.Panels.Count;

    public void Execute(int index)
    {
        var (block, panel) = Math.DivRem(index, _gemm.Panels.Count / _gemm.Blocking.BlocksOfRun);
        var (firstTerm, terms) = _gemm.Block(run: 0, block);
        _gemm.Panels.Pack(_gemm.Scratch.Start, firstTerm, terms, panel * GemmMicroKernel.Columns<V>());
    }
}
