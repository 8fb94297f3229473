using ILGPU.IR.Intrinsics;

namespace DPT.Engine.Kernels;

/// <summary>
/// Single machine instructions that C# has no operator for. Sums, products and quotients are operators: each has a rounding of
/// its own (a pass of the text sees to it), so the simulator and a card agree to the last bit.
/// </summary>
public static class Scalar
{
    private const float MinNormal = 1.17549435e-38f;

    /// <summary>a - b, rounded once; not a negation where a is zero, as ILGPU would make of <c>0 - b</c>.</summary>
    [IntrinsicImplementation, PtxAsm("sub.rn.f32 $d, $0, $1;")]
    public static float Subtract(float a, float b) => a - b;

    /// <summary>a b + c, rounded once. An <c>a * b + c</c> rounds twice.</summary>
    [IntrinsicImplementation, PtxAsm("fma.rn.f32 $d, $0, $1, $2;")]
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>The square root, rounded to nearest.</summary>
    [IntrinsicImplementation, PtxAsm("sqrt.rn.f32 $d, $0;")]
    public static float Sqrt(float x) => MathF.Sqrt(x);

    /// <summary>Whether a &lt; b; false if one of them is NaN.</summary>
    /// <remarks>
    /// Plain <c>a &lt; b</c> is not safe: where a is a constant once everything is inlined, ILGPU swaps the operands into
    /// <c>b &gt; a or unordered</c>, which is true for NaN.
    /// </remarks>
    [IntrinsicImplementation, PtxAsm("setp.lt.f32 $d, $0, $1;")]
    public static bool IsLess(float a, float b) => a < b;

    /// <summary>The larger of the two; where one is NaN, the other.</summary>
    [IntrinsicImplementation, PtxAsm("max.f32 $d, $0, $1;")]
    public static float Max(float a, float b) => float.MaxNumber(a, b);

    /// <summary>The nearest integer, ties to even.</summary>
    [IntrinsicImplementation, PtxAsm("cvt.rni.f32.f32 $d, $0;")]
    public static float Round(float x) => MathF.Round(x);

    /// <summary>The nearest float, ties to even. ILGPU would go through a double.</summary>
    [IntrinsicImplementation, PtxAsm("cvt.rn.f32.u32 $d, $0;")]
    public static float FromUInt32(uint value) => value;

    /// <summary>The nearest float, ties to even.</summary>
    [IntrinsicImplementation, PtxAsm("cvt.rn.f32.s64 $d, $0;")]
    public static float FromInt64(long value) => value;

    /// <summary>The upper half of the 128-bit product.</summary>
    [IntrinsicImplementation, PtxAsm("mul.hi.u64 $d, $0, $1;")]
    public static ulong MultiplyHigh(ulong a, ulong b) => Math.BigMul(a, b, out _);

    /// <summary>2^x within 2 ulp: one instruction of the special function unit.</summary>
    [IntrinsicImplementation, PtxAsm("ex2.approx.f32 $d, $0;")]
    public static float Exp2(float x) => MathF.Pow(2, x);

    /// <summary>As <see cref="Exp2"/> with 0 for what is below the smallest normal number: without it a look at each x and two products.</summary>
    [IntrinsicImplementation, PtxAsm("ex2.approx.ftz.f32 $d, $0;")]
    public static float Exp2OrZero(float x) => MathF.Pow(2, x) is var power && power < MinNormal ? 0f : power;

    /// <summary>1 / x within 1 ulp: one instruction of the special function unit, where the quotient calls for odd numbers.</summary>
    [IntrinsicImplementation, PtxAsm("rcp.approx.f32 $d, $0;")]
    public static float Reciprocal(float x) => 1f / x;

    /// <summary>log2 x, absolute error below 2^-22 for x near 1 and relative elsewhere.</summary>
    [IntrinsicImplementation, PtxAsm("lg2.approx.f32 $d, $0;")]
    public static float Log2(float x) => MathF.Log2(x);

    /// <summary>
    /// The same number, which ILGPU takes for unknown: a loop of so many trips is not written out
    /// (<see cref="GpuKernel.Unroll"/>), and the assembler, which sees through it, unrolls as it sees fit.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("mov.b32 $d, $0;")]
    public static int Rolled(int trips) => trips;

    /// <summary>
    /// The same number, which the whole warp has, and of which the assembler does not know that it is the same (it comes from the first
    /// lane): what follows from it is computed anew where it is needed, instead of being kept in registers that are not there.
    /// </summary>
    [IntrinsicImplementation, PtxAsm("shfl.sync.idx.b32 $d, $0, 0, 31, -1;")]
    public static int Anew(int x) => x;
}
