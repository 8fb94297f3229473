namespace DPT.Engine.Ptx;

/// <summary>
/// Approximate functions are off by as much as PTX allows them to be: the exact result, moved within the documented
/// error by an amount that depends on the operand alone. So a kernel that is right here is right on every card.
/// </summary>
internal static class Approximation
{
    /// <summary>Room for the rounding of the result itself.</summary>
    private const double Rounding = 1.0 / (1 << 24);

    /// <summary>The result within a relative error.</summary>
    public static float Relative(double exact, double error, uint operand) =>
        Float32.Canonical((float)(exact * (1 + (Noise(operand) * (error - Rounding)))));

    /// <summary>The result within an absolute error.</summary>
    public static float Absolute(double exact, double error, uint operand) =>
        IsZero(operand) ? (float)exact : Float32.Canonical((float)(exact + (Noise(operand) * (error - Rounding))));

    public static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static bool IsZero(uint operand) => operand << 1 == 0;

    /// <summary>From -1 to 1; 0 at zero, where every function here is exact.</summary>
    private static double Noise(uint operand)
    {
        var mixed = IsZero(operand) ? 0 : operand * 0x9E3779B1u;
        mixed = (mixed ^ (mixed >> 15)) * 0x85EBCA77u;
        return (int)(mixed ^ (mixed >> 13)) * (1.0 / int.MaxValue);
    }
}

/// <summary>2^x within 2^-22, relative.</summary>
internal readonly struct ApproximateExp2 : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Approximation.Relative(Math.Pow(2, a), 1.0 / (1 << 22), Approximation.Bits(a));
}

/// <summary>
/// log2 x within 2^-22: absolute from 1/2 to 2, relative elsewhere; 0 at 1. Near 1 no digit need be right, and on an H200 none is:
/// there log2 of the last float below 1 is off by 0.86 of itself.
/// </summary>
internal readonly struct ApproximateLog2 : ILaneUnary<float, float>
{
    private const double Error = 1.0 / (1 << 22);

    public static float Apply(float a) => a is > 0.5f and < 2 and not 1
        ? Approximation.Absolute(Math.Log2(a), Error, Approximation.Bits(a))
        : Approximation.Relative(Math.Log2(a), Error, Approximation.Bits(a));
}

/// <summary>1/x within 1 ulp.</summary>
internal readonly struct ApproximateReciprocal : ILaneUnary<float, float>
{
    public static float Apply(float a) => Approximation.Relative(1.0 / a, 1.0 / (1 << 23), Approximation.Bits(a));
}

/// <summary>The square root within 2^-23, relative.</summary>
internal readonly struct ApproximateSquareRoot : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Approximation.Relative(Math.Sqrt(a), 1.0 / (1 << 23), Approximation.Bits(a));
}

/// <summary>1 over the square root within 2^-22.9, relative.</summary>
internal readonly struct ApproximateReciprocalSquareRoot : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Approximation.Relative(1.0 / Math.Sqrt(a), 1.07 / (1 << 23), Approximation.Bits(a));
}

/// <summary>sin x within 2^-20.5, absolute; documented for |x| up to pi.</summary>
internal readonly struct ApproximateSine : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Math.Clamp(Approximation.Absolute(Math.Sin(a), 0.7 / (1 << 20), Approximation.Bits(a)), -1, 1);
}

/// <summary>cos x within 2^-20.5, absolute; documented for |x| up to pi.</summary>
internal readonly struct ApproximateCosine : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Math.Clamp(Approximation.Absolute(Math.Cos(a), 0.7 / (1 << 20), Approximation.Bits(a)), -1, 1);
}

/// <summary>tanh x within 2^-11, relative.</summary>
internal readonly struct ApproximateTanh : ILaneUnary<float, float>
{
    public static float Apply(float a) =>
        Math.Clamp(Approximation.Relative(Math.Tanh(a), 1.0 / (1 << 11), Approximation.Bits(a)), -1, 1);
}

/// <summary>a/b within 2 ulp.</summary>
internal readonly struct ApproximateQuotient : ILaneBinary<float, float, float>
{
    public static float Apply(float a, float b) =>
        Approximation.Relative((double)a / b, 1.0 / (1 << 23), Approximation.Bits(b));
}

/// <summary><c>.ftz</c> of a function lane by lane.</summary>
internal readonly struct FlushedLane1<TOp> : ILaneUnary<float, float> where TOp : struct, ILaneUnary<float, float>
{
    public static float Apply(float a) => Float32.Flush(TOp.Apply(Float32.Flush(a)));
}

/// <inheritdoc cref="FlushedLane1{TOp}"/>
internal readonly struct FlushedLane2<TOp> : ILaneBinary<float, float, float>
    where TOp : struct, ILaneBinary<float, float, float>
{
    public static float Apply(float a, float b) => Float32.Flush(TOp.Apply(Float32.Flush(a), Float32.Flush(b)));
}
