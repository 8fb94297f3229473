namespace DPT.Engine.Kernels;

/// <summary>Packs a B that all threads share, one panel of one block of K at a time.</summary>
internal readonly unsafe struct GemmPackingJob<V, TFactors, TLeft>(in GemmJob<V, TFactors, TLeft> gemm) : IParallelJob
    where V : struct, ISimd<V>
    where TFactors : struct, IGemmFactors<TLeft>
    where TLeft : struct, ILeftFactor
{
    private readonly GemmJob<V, TFactors, TLeft> _gemm = gemm;

    public int WorkItems => _gemm.Panels.ArePrivate ? 0 : _gemm.Panels.Count;

    public void Execute(int index)
    {
        var (block, panel) = Math.DivRem(index, _gemm.Panels.Count / _gemm.Blocking.BlocksOfPart);
        var (firstK, kc) = _gemm.Block(part: 0, block);
        _gemm.PackPanel(_gemm.Scratch.Start, firstK, kc, panel * GemmMicroKernel.Columns<V>());
    }
}
