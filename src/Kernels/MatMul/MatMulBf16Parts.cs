namespace DPT.Engine.Kernels;

/// <summary>
/// A product in bf16 whose K is cut (<see cref="SplitK"/>): the parts are plain sums in fp32, which the product of floats adds up and
/// finishes. So it must be one that it can finish: fp32, and without an activation.
/// </summary>
internal static class MatMulBf16Parts
{
    /// <summary>Whether the sums of parts can be finished.</summary>
    public static bool CanBeAdded(in MatMulBf16Call call) =>
        !call.C.IsEmpty && call.PreActivation.IsEmpty && call.Activation == Activation.None;

    /// <summary>The call whose C are the sums of all parts, [parts,M,N].</summary>
    public static MatMulBf16Call Of(in MatMulBf16Call call, Slice<float> sums) =>
        call with { C = sums, StrideC = 0, Accumulate = false, Bias = default, Residual = default };

    /// <summary>What is done to the sum of the parts.</summary>
    public static MatMulCall Finishing(in MatMulBf16Call call) => new()
    {
        M = call.M,
        N = call.N,
        K = call.K,
        A = default,
        B = default,
        C = call.C,
        StrideC = call.StrideC,
        Accumulate = call.Accumulate,
        Bias = call.Bias,
        Residual = call.Residual,
    };
}
