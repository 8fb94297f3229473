using System.Runtime.CompilerServices;
using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// What happens to one sum on its way to C, for a thread of a GPU: everything in <see cref="MatMulCall"/> but the product.
/// </summary>
/// <remarks>
/// The choices are flags that are the same for all threads, so a kernel holds every epilogue once and branches never
/// diverge. Kernels finish their sums in a loop, one element a turn: its code is long, and no tile of registers may
/// be indexed by a loop, so tiles go to it through shared memory.
/// </remarks>
internal readonly struct GpuEpilogue
{
    private const int HasBias = 1;
    private const int SavesPreActivation = 2;
    private const int IsGelu = 4;
    private const int IsSilu = 8;
    private const int HasResidual = 16;
    private const int IsGeluGradient = 32;
    private const int IsSiluGradient = 64;
    private const int Accumulates = 128;

    private readonly ArrayView<float> _c;
    private readonly ArrayView<float> _bias;
    private readonly ArrayView<float> _pre;
    private readonly ArrayView<float> _residual;
    private readonly int _stride;
    private readonly int _flags;

    /// <summary>The kernel's parameters, as <see cref="GpuEpilogueLaunch"/> passes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public GpuEpilogue(
        ArrayView<float> c, ArrayView<float> bias, ArrayView<float> pre, ArrayView<float> residual, int stride, int flags)
    {
        _c = c;
        _bias = bias;
        _pre = pre;
        _residual = residual;
        _stride = stride;
        _flags = flags;
    }

    /// <summary>What the call asks for.</summary>
    public static int FlagsOf(in MatMulCall call) =>
        (call.Bias.IsEmpty ? 0 : HasBias)
        | (call.PreActivation.IsEmpty || call.GradientOf != Activation.None ? 0 : SavesPreActivation)
        | (call.Activation == Activation.Gelu ? IsGelu : 0)
        | (call.Activation == Activation.Silu ? IsSilu : 0)
        | (call.Residual.IsEmpty ? 0 : HasResidual)
        | (call.GradientOf == Activation.Gelu ? IsGeluGradient : 0)
        | (call.GradientOf == Activation.Silu ? IsSiluGradient : 0)
        | (call.Accumulate ? Accumulates : 0);

    /// <summary>Finishes the sum of one element and writes it to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(float sum, int row, int column)
    {
        var at = ((long)row * _stride) + column;
        var value = GpuReal.Broadcast(sum);
        if (Is(HasBias))
        {
            value += GpuReal.Broadcast(_bias[column]);
        }

        if (Is(SavesPreActivation))
        {
            _pre[at] = value.Value;
        }

        if (Is(IsGelu))
        {
            value = RealMath.Gelu(value);
        }

        if (Is(IsSilu))
        {
            value = RealMath.Silu(value);
        }

        if (Is(IsGeluGradient))
        {
            value *= RealMath.GeluGradient(GpuReal.Broadcast(_pre[at]));
        }

        if (Is(IsSiluGradient))
        {
            value *= RealMath.SiluGradient(GpuReal.Broadcast(_pre[at]));
        }

        if (Is(HasResidual))
        {
            value += GpuReal.Broadcast(_residual[at]);
        }

        if (Is(Accumulates))
        {
            value += GpuReal.Broadcast(_c[at]);
        }

        _c[at] = value.Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(int flag) => (_flags & flag) != 0;
}

/// <summary>Passes an epilogue to a kernel: c, bias, pre, residual, then stride and flags.</summary>
internal static class GpuEpilogueLaunch
{
    /// <summary>The epilogue of the call.</summary>
    public static ref KernelLaunch WithEpilogue(this ref KernelLaunch launch, in MatMulCall call) =>
        ref launch
            .With(call.C).With(call.Bias).With(call.PreActivation).With(call.Residual)
            .With(call.RowC).With(GpuEpilogue.FlagsOf(in call));

    /// <summary>Sums as they are, to a matrix of that stride.</summary>
    public static ref KernelLaunch WithPlainSums(this ref KernelLaunch launch, Slice<float> c, int stride) =>
        ref launch
            .With(c).With(default(Slice<float>)).With(default(Slice<float>)).With(default(Slice<float>))
            .With(stride).With(0);
}
