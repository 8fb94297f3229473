namespace DPT.Engine.Kernels;

/// <summary>How one factor of a product lies in memory, as a type argument: the choice folds when a kernel is compiled.</summary>
internal interface IMatMulFactor
{
    /// <summary>The terms of one sum are adjacent: A as it is, or B transposed. Otherwise the rows or columns of C are.</summary>
    static abstract bool TermsAreAdjacent { get; }
}

/// <summary>A as it is, B transposed.</summary>
internal readonly struct TermsAdjacent : IMatMulFactor
{
    public static bool TermsAreAdjacent => true;
}

/// <summary>A transposed, B as it is.</summary>
internal readonly struct ItemsAdjacent : IMatMulFactor
{
    public static bool TermsAreAdjacent => false;
}

/// <summary>One kernel for each of NN, NT, TN, TT.</summary>
internal static class MatMulLayouts
{
    /// <summary>The four kernels of a generic method with two factors, whichever two are given.</summary>
    public static GpuKernel[] Kernels(Delegate kernel, int threads, int unroll)
    {
        return
        [
            Make(typeof(TermsAdjacent), typeof(ItemsAdjacent)), Make(typeof(TermsAdjacent), typeof(TermsAdjacent)),
            Make(typeof(ItemsAdjacent), typeof(ItemsAdjacent)), Make(typeof(ItemsAdjacent), typeof(TermsAdjacent)),
        ];

        GpuKernel Make(Type a, Type b) => new(kernel, threads, a, b) { Unroll = unroll };
    }

    /// <summary>Which of them the call needs.</summary>
    public static int IndexOf(in MatMulCall call) => (call.TransposeA ? 2 : 0) + (call.TransposeB ? 1 : 0);
}
