using static Kernels.Tests.InstructionRig;

namespace Kernels.Tests;

/// <summary>Floating-point instructions against scalar arithmetic, on NaN, infinities, subnormals, both zeros and others.</summary>
public sealed class FloatInstructionTests
{
    private const ulong NaN = 0x7fffffff;

    private static readonly float[] Numbers =
    [
        0f, -0f, 1f, -1f, 0.5f, 3f, -7.25f, 1e-45f, -1e-45f, 1.1754942e-38f, 1.17549435e-38f, -2e-38f, 3.4028235e38f,
        -3.4028235e38f, 1e20f, -1e-20f, 0.333333343f, 16777217f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    private static readonly ulong[] Values = [.. Numbers.Select(Of), 0x7f800001, 0xffc00000];
    private static readonly ulong[] Few = [.. new[] { 0f, -0f, 1f, -1.5f, 1e-45f, 2e-38f, 3.4028235e38f, float.NegativeInfinity, float.NaN }.Select(Of)];

    private static readonly ulong[] Doubles =
    [
        .. new[] { 0, -0.0, 1, -1, 1.0 / 3, 5e-324, 2.2250738585072014e-308, double.MaxValue, 1e200, double.PositiveInfinity, double.NegativeInfinity, double.NaN }
            .Select(BitConverter.DoubleToUInt64Bits),
    ];

    public static IEnumerable<TestCaseData> Binary()
    {
        foreach (var rounding in new[] { "", ".rn" })
        {
            yield return Case($"add{rounding}", (a, b) => a + b);
            yield return Case($"sub{rounding}", (a, b) => a - b);
            yield return Case($"mul{rounding}", (a, b) => a * b);
        }

        yield return Case("div.rn", (a, b) => a / b);
        yield return Case("min", Smaller);
        yield return Case("max", (a, b) => -Smaller(-a, -b));

        static TestCaseData Case(string name, Func<float, float, float> truth) =>
            new TestCaseData(name, truth).SetArgDisplayNames(name);

        static float Smaller(float a, float b) =>
            float.IsNaN(a) ? b : float.IsNaN(b) ? a : a < b || (a == b && float.IsNegative(a)) ? a : b;
    }

    [TestCaseSource(nameof(Binary))]
    public void Binary_SpecialValues_RoundsOnceAndHasOneNaN(string name, Func<float, float, float> truth)
    {
        Check($"{name}.f32", "f32", ["f32", "f32"], [Values, Values], x => Of(truth(To(x[0]), To(x[1]))));
        Check($"{name}.ftz.f32", "f32", ["f32", "f32"], [Values, Values],
            x => Of(Flush(truth(Flush(To(x[0])), Flush(To(x[1]))))));
    }

    [TestCase("add.sat.f32", false)]
    [TestCase("add.rn.ftz.sat.f32", true)]
    public void Add_Saturated_IsBetweenZeroAndOne(string opcode, bool isFlushed) =>
        Check(opcode, "f32", ["f32", "f32"], [Values, Values], x =>
        {
            var (a, b) = (To(x[0]), To(x[1]));
            var sum = isFlushed ? Flush(Flush(a) + Flush(b)) : a + b;
            return Of(float.IsNaN(sum) || sum <= 0 ? 0 : sum > 1 ? 1 : sum);
        });

    [Test]
    public void FusedMultiplyAdd_Saturated_IsBetweenZeroAndOne() =>
        Check("fma.rn.sat.f32", "f32", ["f32", "f32", "f32"], [Values, Few, Few], x =>
        {
            var sum = MathF.FusedMultiplyAdd(To(x[0]), To(x[1]), To(x[2]));
            return Of(float.IsNaN(sum) || sum <= 0 ? 0 : sum > 1 ? 1 : sum);
        });

    [Test]
    public void FusedMultiplyAdd_SpecialValues_RoundsOnce()
    {
        Check("fma.rn.f32", "f32", ["f32", "f32", "f32"], [Values, Values, Few],
            x => Of(MathF.FusedMultiplyAdd(To(x[0]), To(x[1]), To(x[2]))));
        Check("fma.rn.ftz.f32", "f32", ["f32", "f32", "f32"], [Values, Few, Few],
            x => Of(Flush(MathF.FusedMultiplyAdd(Flush(To(x[0])), Flush(To(x[1])), Flush(To(x[2]))))));
    }

    [Test]
    public void MinMax_WithNaN_GivesNaN()
    {
        Check("min.NaN.f32", "f32", ["f32", "f32"], [Values, Values], x => Of(MathF.Min(To(x[0]), To(x[1]))));
        Check("max.NaN.f32", "f32", ["f32", "f32"], [Values, Values], x => Of(MathF.Max(To(x[0]), To(x[1]))));
    }

    [Test]
    public void Unary_SpecialValues_MatchesScalars()
    {
        Check("sqrt.rn.f32", "f32", ["f32"], [Values], x => Of(MathF.Sqrt(To(x[0]))));
        Check("sqrt.rn.ftz.f32", "f32", ["f32"], [Values], x => Of(MathF.Sqrt(Flush(To(x[0])))));
        Check("rcp.rn.f32", "f32", ["f32"], [Values], x => Of(1 / To(x[0])));
        Check("rcp.rn.ftz.f32", "f32", ["f32"], [Values], x => Of(Flush(1 / Flush(To(x[0])))));
        Check("neg.f32", "f32", ["f32"], [Values], x => x[0] ^ 0x80000000);
        Check("abs.f32", "f32", ["f32"], [Values], x => x[0] & 0x7fffffff);
        Check("mov.f32", "f32", ["f32"], [Values], x => x[0]);
    }

    [Test]
    public void Doubles_SpecialValues_MatchesScalars()
    {
        Double("add.f64", (a, b) => a + b);
        Double("sub.rn.f64", (a, b) => a - b);
        Double("mul.f64", (a, b) => a * b);
        Double("div.rn.f64", (a, b) => a / b);
        Double("min.f64", Smaller);
        Double("max.f64", (a, b) => -Smaller(-a, -b));
        Check("neg.f64", "f64", ["f64"], [Doubles], x => x[0] ^ (1UL << 63));
        Check("abs.f64", "f64", ["f64"], [Doubles], x => x[0] & ~(1UL << 63));
        Check("rcp.rn.f64", "f64", ["f64"], [Doubles], x => BitConverter.DoubleToUInt64Bits(1 / Wide(x[0])), SameDouble);
        Check("fma.rn.f64", "f64", ["f64", "f64", "f64"], [Doubles, Doubles, Doubles],
            x => BitConverter.DoubleToUInt64Bits(Math.FusedMultiplyAdd(Wide(x[0]), Wide(x[1]), Wide(x[2]))), SameDouble);
        Check("sqrt.rn.f64", "f64", ["f64"], [Doubles], x => BitConverter.DoubleToUInt64Bits(Math.Sqrt(Wide(x[0]))), SameDouble);

        static void Double(string opcode, Func<double, double, double> truth) =>
            Check(opcode, "f64", ["f64", "f64"], [Doubles, Doubles],
                x => BitConverter.DoubleToUInt64Bits(truth(Wide(x[0]), Wide(x[1]))), SameDouble);

        static double Smaller(double a, double b) =>
            double.IsNaN(a) ? b : double.IsNaN(b) ? a : a < b || (a == b && double.IsNegative(a)) ? a : b;
    }

    public static IEnumerable<TestCaseData> Approximate()
    {
        yield return Case("ex2.approx.f32", a => Math.Pow(2, a), 1.0 / (1 << 22), 0);
        yield return Case("lg2.approx.f32", a => Math.Log2(a), 1.0 / (1 << 22), 1.0 / (1 << 22));
        yield return Case("rcp.approx.f32", a => 1 / a, 1.0 / (1 << 23), 0);
        yield return Case("sqrt.approx.f32", Math.Sqrt, 1.0 / (1 << 23), 0);
        yield return Case("rsqrt.approx.f32", a => 1 / Math.Sqrt(a), Math.Pow(2, -22.9), 0);
        yield return Case("sin.approx.f32", Math.Sin, 0, Math.Pow(2, -20.5));
        yield return Case("cos.approx.f32", Math.Cos, 0, Math.Pow(2, -20.5));
        yield return Case("tanh.approx.f32", Math.Tanh, 1.0 / (1 << 11), 0);

        static TestCaseData Case(string opcode, Func<double, double> truth, double relative, double absolute) =>
            new TestCaseData(opcode, truth, relative, absolute).SetArgDisplayNames(opcode);
    }

    [TestCaseSource(nameof(Approximate))]
    public void Approximate_AnyOperand_IsWithinTheDocumentedError(
        string opcode, Func<double, double> truth, double relative, double absolute)
    {
        ulong[] operands = [.. Values, .. Enumerable.Range(0, 2000).Select(i => Of((i - 1000) * 0.0031f))];
        var worst = 0.0;
        Check(opcode, "f32", ["f32"], [operands], x => Of((float)truth(To(x[0]))), (x, _, actual) =>
        {
            var exact = truth(To(x[0]));
            if (!double.IsFinite((float)exact) || exact == 0)
            {
                return actual == Of((float)exact);
            }

            var error = Math.Abs(To(actual) - exact);
            var allowed = Math.Max(relative * Math.Abs(exact), absolute) + (Math.Abs(exact) < 1.2e-38 ? 1e-45 : 0);
            worst = Math.Max(worst, error / allowed);
            return error <= allowed;
        });
        Assert.That(worst, Is.InRange(0.5, 1), "the whole of the documented error is used");
    }

    /// <summary>On an H200 log2 of the last float below 1 is off by 0.86 of itself: what needs digits there must fail here.</summary>
    [Test]
    public void ApproximateLog2_NextToOne_HasNoDigits()
    {
        var worst = 0.0;
        ulong[] operands = [.. Enumerable.Range(1, 100).SelectMany(i => new[] { Of(1 + (i / 8388608f)), Of(1 - (i / 16777216f)) })];
        Check("lg2.approx.f32", "f32", ["f32"], [operands], x => Of((float)Math.Log2(To(x[0]))), (x, _, actual) =>
        {
            var exact = Math.Log2(To(x[0]));
            worst = Math.Max(worst, Math.Abs((To(actual) - exact) / exact));
            return true;
        });
        Assert.That(worst, Is.GreaterThan(0.5));
    }

    [TestCase("div.approx.f32")]
    [TestCase("div.full.f32")]
    public void ApproximateQuotient_AnyOperand_IsWithinTwoUlp(string opcode)
    {
        ulong[] operands = [.. Enumerable.Range(1, 60).Select(i => Of((i - 30.5f) * 1.37f))];
        Check(opcode, "f32", ["f32", "f32"], [operands, operands], x => Of(To(x[0]) / To(x[1])),
            (x, expected, actual) => Math.Abs((long)expected - (long)actual) <= 2);
    }

    private static bool SameDouble(ulong[] x, ulong expected, ulong actual) =>
        expected == actual || (double.IsNaN(Wide(expected)) && double.IsNaN(Wide(actual)));

    private static double Wide(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static float To(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static ulong Of(float value) => float.IsNaN(value) ? NaN : BitConverter.SingleToUInt32Bits(value);

    private static float Flush(float value) => float.IsSubnormal(value) ? value < 0 ? -0f : 0f : value;
}
