namespace DPT.Engine.Kernels;

/// <summary>
/// Factors are widened to floats, multiplied by the host's product of floats with its epilogue, and what is bf16 is rounded: the
/// operator's meaning on a machine without tensor cores, for tests and small runs. Limits: none. Bytes: 6 per element of each factor
/// and rounded result, beside those of the product.
/// </summary>
internal sealed class MatMulBf16HostV1Widen : HostVariant<MatMulBf16Call>
{
    private static readonly MatMulHostV2Packed Product = new();

    public override string Name => "host-v1-widen";

    public override string Idea => "factors widened, the product of floats, results rounded";

    protected override void Run<V>(HostDevice device, in MatMulBf16Call call)
    {
        var sizes = call.Sizes;
        using var a = new Scratch<float>(device.Memory, sizes.ElementsOfA);
        using var b = new Scratch<float>(device.Memory, sizes.ElementsOfB);
        using var c = call.C.IsEmpty ? new Scratch<float>(device.Memory, sizes.ElementsOfC) : default;
        using var pre = call.PreActivation.IsEmpty ? default : new Scratch<float>(device.Memory, sizes.ElementsOfC);
        HostBf16.Widen(device, call.A.Range(0, sizes.ElementsOfA), a.Slice);
        HostBf16.Widen(device, call.B.Range(0, sizes.ElementsOfB), b.Slice);
        var isGradient = call.GradientOf != Activation.None;
        if (isGradient)
        {
            HostBf16.Widen(device, call.PreActivation.Range(0, sizes.ElementsOfC), pre.Slice);
        }

        Product.Launch(device, new MatMulCall
        {
            M = call.M, N = call.N, K = call.K,
            TransposeA = call.TransposeA, TransposeB = call.TransposeB,
            StrideA = call.StrideA, StrideB = call.StrideB, StrideC = call.StrideC,
            A = a.Slice, B = b.Slice, C = call.C.IsEmpty ? c.Slice : call.C,
            Accumulate = call.Accumulate,
            Bias = call.Bias, Activation = call.Activation, PreActivation = pre.Slice,
            Residual = call.Residual, GradientOf = call.GradientOf,
        });
        Round(device, in call, c.Slice, call.RoundedC);
        Round(device, in call, pre.Slice, isGradient ? default : call.PreActivation);
    }

    private static void Round(HostDevice device, in MatMulBf16Call call, Slice<float> from, Slice<BFloat16> to)
    {
        if (!to.IsEmpty)
        {
            HostBf16.Round(device, from, to, call.M, call.N, call.Sizes.RowC);
        }
    }
}
