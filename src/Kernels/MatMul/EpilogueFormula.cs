using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// The operands of an epilogue at one element of C, or at a pack of neighbours: where they are in memory and in which precision
/// is the implementer's business.
/// </summary>
internal interface IEpilogueOperands<V> where V : struct, IReal<V>
{
    /// <summary>What is added to each row.</summary>
    V LoadBias();

    /// <summary>What the activation saw.</summary>
    V LoadPreActivation();

    /// <summary>What is added behind the activation.</summary>
    V LoadResidual();

    /// <summary>What C holds.</summary>
    V LoadResult();

    /// <summary>Keeps what the activation sees.</summary>
    void SavePreActivation(V value);

    /// <summary>Writes C.</summary>
    void SaveResult(V value);
}

/// <summary>
/// What happens to a sum on its way to C, for products of every precision: the formula stands here once. The choices are flags
/// that are the same for all threads, so a kernel holds every epilogue once and branches never diverge.
/// </summary>
internal static class EpilogueFormula
{
    private const int HasBias = 1;
    private const int SavesPreActivation = 2;
    private const int IsGelu = 4;
    private const int IsSilu = 8;
    private const int HasResidual = 16;
    private const int IsGeluGradient = 32;
    private const int IsSiluGradient = 64;
    private const int Accumulates = 128;

    /// <summary>The first bit that a kernel may use for what it wants to know beside the formula.</summary>
    public const int FirstFree = 256;

    /// <summary>The flags of the product in fp32.</summary>
    public static int FlagsOf(in MatMulCall call) => Flags(
        call.Activation, call.GradientOf,
        hasBias: !call.Bias.IsEmpty, hasPreActivation: !call.PreActivation.IsEmpty, hasResidual: !call.Residual.IsEmpty, call.Accumulate);

    /// <summary>The flags of the product in bf16.</summary>
    public static int FlagsOf(in MatMulBf16Call call) => Flags(
        call.Activation, call.GradientOf,
        hasBias: !call.Bias.IsEmpty, hasPreActivation: !call.PreActivation.IsEmpty, hasResidual: !call.Residual.IsEmpty, call.Accumulate);

    private static int Flags(
        Activation activation, Activation gradientOf, bool hasBias, bool hasPreActivation, bool hasResidual, bool accumulates) =>
        (hasBias ? HasBias : 0)
        | (hasPreActivation && gradientOf == Activation.None ? SavesPreActivation : 0)
        | (activation == Activation.Gelu ? IsGelu : 0)
        | (activation == Activation.Silu ? IsSilu : 0)
        | (hasResidual ? HasResidual : 0)
        | (gradientOf == Activation.Gelu ? IsGeluGradient : 0)
        | (gradientOf == Activation.Silu ? IsSiluGradient : 0)
        | (accumulates ? Accumulates : 0);

    /// <summary>Finishes a sum, or a pack of them, and writes it to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish<V, TOperands>(V value, TOperands operands, int flags)
        where V : struct, IReal<V>
        where TOperands : struct, IEpilogueOperands<V>
    {
        if ((flags & HasBias) != 0)
        {
            value += operands.LoadBias();
        }

        if ((flags & SavesPreActivation) != 0)
        {
            operands.SavePreActivation(value);
        }

        if ((flags & IsGelu) != 0)
        {
            value = RealMath.Gelu(value);
        }

        if ((flags & IsSilu) != 0)
        {
            value = RealMath.Silu(value);
        }

        if ((flags & IsGeluGradient) != 0)
        {
            value *= RealMath.GeluGradient(operands.LoadPreActivation());
        }

        if ((flags & IsSiluGradient) != 0)
        {
            value *= RealMath.SiluGradient(operands.LoadPreActivation());
        }

        if ((flags & HasResidual) != 0)
        {
            value += operands.LoadResidual();
        }

        if ((flags & Accumulates) != 0)
        {
            value += operands.LoadResult();
        }

        operands.SaveResult(value);
    }
}
