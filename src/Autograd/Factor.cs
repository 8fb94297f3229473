using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>What a product multiplies, in the precision of its device (<see cref="Precision"/>).</summary>
/// <param name="Floats">The floats; empty where only their rounding is kept.</param>
/// <param name="Rounded">Their rounding to bf16; empty on a device of fp32.</param>
internal readonly record struct Factor(Slice<float> Floats, Slice<BFloat16> Rounded)
{
    /// <summary>The same from an element on.</summary>
    public Factor From(long start) =>
        new(Floats.IsEmpty ? default : Floats.From(start), Rounded.IsEmpty ? default : Rounded.From(start));

    /// <summary>Some elements of it.</summary>
    public Factor Range(long start, long length) =>
        new(Floats.IsEmpty ? default : Floats.Range(start, length), Rounded.IsEmpty ? default : Rounded.Range(start, length));
}

/// <summary>Floats as a factor for as long as it is in use, such as a gradient; of a tensor, the tape keeps the rounding (<see cref="Tape.FactorOf"/>).</summary>
internal readonly ref struct TemporaryFactor : IDisposable
{
    private readonly DeviceBuffer<BFloat16>? _rounded;

    public TemporaryFactor(Device device, Slice<float> floats)
    {
        if (device.Precision == Precision.Bf16)
        {
            _rounded = device.Allocate<BFloat16>(floats.Length);
            device.Round(floats, _rounded.Slice);
        }

        Factor = new Factor(floats, _rounded?.Slice ?? default);
    }

    private TemporaryFactor(Factor factor) => Factor = factor;

    public Factor Factor { get; }

    /// <summary>The gradient that has arrived at a tensor.</summary>
    public static TemporaryFactor OfGradient(Device device, Tensor output) => output.RoundedGradient.IsEmpty
        ? new(device, output.Gradient)
        : new(output.ArrivedGradient);

    public void Dispose() => _rounded?.Dispose();
}

/// <summary>The one place where products become those of fp32 or of bf16.</summary>
internal static class Products
{
    /// <summary>Runs a product of two factors.</summary>
    /// <param name="device">Where.</param>
    /// <param name="call">The product of the floats.</param>
    /// <param name="a">Its left factor.</param>
    /// <param name="b">Its right factor.</param>
    /// <param name="roundedC">Where the result goes if it is itself a factor in bf16; empty for the call's own.</param>
    /// <param name="preActivation">The same for what the activation sees, or saw.</param>
    public static void Multiply(
        this Device device, in MatMulCall call, Factor a, Factor b,
        Slice<BFloat16> roundedC = default, Slice<BFloat16> preActivation = default)
    {
        if (a.Rounded.IsEmpty)
        {
            device.Run(MatMulOperators.MatMul, in call);
            return;
        }

        device.Run(MatMulOperators.MatMulBf16, new MatMulBf16Call
        {
            M = call.M,
            N = call.N,
            K = call.K,
            TransposeA = call.TransposeA,
            TransposeB = call.TransposeB,
            A = a.Rounded,
            B = b.Rounded,
            C = roundedC.IsEmpty ? call.C : default,
            RoundedC = roundedC,
            StrideA = call.StrideA,
            StrideB = call.StrideB,
            StrideC = call.StrideC,
            Accumulate = call.Accumulate,
            Bias = call.Bias,
            Activation = call.Activation,
            PreActivation = preActivation,
            Residual = call.Residual,
            GradientOf = call.GradientOf,
        });
    }

    /// <summary>Makes floats of bf16, in new memory.</summary>
    public static DeviceBuffer<float> Widen(this Device device, Slice<BFloat16> x)
    {
        var floats = device.Allocate<float>(x.Length);
        device.Run(ElementwiseOperators.Widen, new WidenCall { Count = x.Length, X = x, Y = floats.Slice });
        return floats;
    }

    /// <summary>Rounds to bf16.</summary>
    public static void Round(this Device device, Slice<float> x, Slice<BFloat16> y) =>
        device.Run(ElementwiseOperators.Round, new RoundCall { Count = x.Length, X = x, Y = y });
}
