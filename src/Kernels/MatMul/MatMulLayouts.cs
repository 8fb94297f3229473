namespace DPT.Engine.Kernels;

/// <summary>How one operand of a product lies in memory, as a type argument: the choice folds when a kernel is compiled.</summary>
internal interface IOperandLayout
{
    /// <summary>K is the contiguous dimension: A as it is, or B transposed. Otherwise M or N is.</summary>
    static abstract bool IsKMajor { get; }
}

/// <summary>A as it is, B transposed.</summary>
internal readonly struct KMajor : IOperandLayout
{
    public static bool IsKMajor => true;
}

/// <summary>A transposed, B as it is.</summary>
internal readonly struct MnMajor : IOperandLayout
{
    public static bool IsKMajor => false;
}

/// <summary>One kernel for each of NN, NT, TN, TT.</summary>
internal static class MatMulLayouts
{
    /// <summary>The four kernels of a generic method with two layouts, whichever two are given.</summary>
    public static GpuKernel[] Kernels(Delegate kernel, int threads, int unroll)
    {
        return
        [
            Make(typeof(KMajor), typeof(MnMajor)), Make(typeof(KMajor), typeof(KMajor)),
            Make(typeof(MnMajor), typeof(MnMajor)), Make(typeof(MnMajor), typeof(KMajor)),
        ];

        GpuKernel Make(Type a, Type b) => new(kernel, threads, a, b) { Unroll = unroll };
    }

    /// <summary>Which of them the call needs.</summary>
    public static int IndexOf(in MatMulCall call) => (call.TransposeA ? 2 : 0) + (call.TransposeB ? 1 : 0);
}
