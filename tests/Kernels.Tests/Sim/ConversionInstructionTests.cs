using System.Numerics;
using static Kernels.Tests.InstructionRig;

namespace Kernels.Tests;

/// <summary>Conversions and comparisons against exact arithmetic.</summary>
public sealed class ConversionInstructionTests
{
    private static readonly string[] Integers = ["s16", "u16", "s32", "u32", "s64", "u64"];

    private static readonly ulong[] Whole =
    [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 16777217, 0x1000001, 0x3ffffff,
        0xfffffffffffffff0, 0x7fffffffffffffff, 0x8000000000000000, 0x20000000000001, ulong.MaxValue, 33554435, 67108869,
    ];

    private static readonly float[] Numbers =
    [
        0f, -0f, 0.5f, -0.5f, 1.5f, 2.5f, -1.5f, -2.5f, 0.49999997f, 127.5f, 255.5f, 32767.5f, -32768.5f, 65535.6f, 2147483520f,
        2147483648f, -2147483648f, -2147483904f, 4294967040f, 4294967296f, 9.2e18f, 9.3e18f, -9.3e18f, 1.8e19f, 1.9e19f, 1e30f,
        1e-45f, 1e-40f, 65504f, 65519f, 65520f, 5.9604645e-8f, 2.9802322e-8f, 6.1e-5f, 1.0009766f, 3.4028235e38f,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0.1f, -3.14159f,
    ];

    private static readonly ulong[] Singles = [.. Numbers.Select(n => (ulong)BitConverter.SingleToUInt32Bits(n))];

    /// <summary>Exactly between two neighbours of a shorter format, below an even and below an odd one, and next to that.</summary>
    private static readonly ulong[] Halfway =
    [
        .. from half in new ulong[] { 0x8000, 0x1000 }
           from upper in new ulong[] { 0x3f800000, 0x3f800000 + (2 * half), 0xc1200000, 0xc1200000 + (2 * half), 0x7f7f0000, 0x00010000 }
           from offset in new ulong[] { half - 1, half, half + 1 }
           select upper + offset,
    ];

    private static readonly ulong[] Doubles =
    [
        .. Numbers.Select(n => BitConverter.DoubleToUInt64Bits(n)),
        .. new[] { 0.1, 1e300, -1e-300, 1.00000001, 16777217.5, 3.4028236e38 }.Select(BitConverter.DoubleToUInt64Bits),
    ];

    [Test]
    public void IntegerToInteger_EveryPair_CutsOffOrExtends([ValueSource(nameof(Integers))] string from, [ValueSource(nameof(Integers))] string to)
    {
        Check($"cvt.{to}.{from}", to, [from], [Whole], x => Wrap(Number(x[0], from), to));
        Check($"cvt.sat.{to}.{from}", to, [from], [Whole], x => Wrap(Clamp(Number(x[0], from), to), to));
    }

    [Test]
    public void FloatToInteger_EveryRounding_ClampsAndKnowsNaN(
        [ValueSource(nameof(Integers))] string to, [Values("rni", "rzi", "rmi", "rpi")] string rounding)
    {
        Check($"cvt.{rounding}.{to}.f32", to, ["f32"], [Singles], x => ToInteger(Single(x[0]), to, rounding, Bits(to) == 64));
        Check($"cvt.{rounding}.{to}.f64", to, ["f64"], [Doubles], x => ToInteger(Double(x[0]), to, rounding, true));
    }

    [Test]
    public void IntegerToFloat_EveryRounding_IsTheNeighbourAskedFor(
        [ValueSource(nameof(Integers))] string from, [Values("rn", "rz", "rm", "rp")] string rounding)
    {
        Check($"cvt.{rounding}.f32.{from}", "f32", [from], [Whole],
            x => BitConverter.SingleToUInt32Bits((float)Rounded(Number(x[0], from), 24, rounding)));
        Check($"cvt.{rounding}.f64.{from}", "f64", [from], [Whole],
            x => BitConverter.DoubleToUInt64Bits(Rounded(Number(x[0], from), 53, rounding)));
    }

    [Test]
    public void DoubleToSingle_EveryRounding_IsTheNeighbourAskedFor([Values("rn", "rz", "rm", "rp")] string rounding) =>
        Check($"cvt.{rounding}.f32.f64", "f32", ["f64"], [Doubles], x =>
        {
            var exact = Double(x[0]);
            var result = (float)exact;
            var isUp = rounding == "rp" || (rounding == "rz" && exact < 0);
            if (rounding != "rn" && !double.IsNaN(exact) && result != exact && isUp != result > exact)
            {
                result = isUp ? MathF.BitIncrement(result) : MathF.BitDecrement(result);
            }

            return float.IsNaN(result) ? 0x7fffffffUL : BitConverter.SingleToUInt32Bits(result);
        });

    [Test]
    public void SingleToSingle_ToIntegralValue_Rounds()
    {
        foreach (var (rounding, mode) in new[] { ("rni", MidpointRounding.ToEven), ("rzi", MidpointRounding.ToZero), ("rmi", MidpointRounding.ToNegativeInfinity), ("rpi", MidpointRounding.ToPositiveInfinity) })
        {
            Check($"cvt.{rounding}.f32.f32", "f32", ["f32"], [Singles], x => float.IsNaN(Single(x[0]))
                ? 0x7fffffffUL
                : BitConverter.SingleToUInt32Bits(MathF.Round(Single(x[0]), mode)));
        }
    }

    [Test]
    public void SingleToHalf_AndBack_RoundsToNearestEven()
    {
        Check("cvt.rn.f16.f32", "b16", ["f32"], [Singles],
            x => float.IsNaN(Single(x[0])) ? 0x7fffUL : BitConverter.HalfToUInt16Bits((Half)Single(x[0])));
        Check("cvt.f32.f16", "f32", ["b16"], [[0, 0x8000, 1, 0x3ff, 0x400, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00]], x =>
            (x[0] & 0x7fff) > 0x7c00 ? 0x7fffffffUL : BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)x[0])));
    }

    [Test]
    public void Packed_TwoSingles_FirstIsTheUpperHalf()
    {
        ulong[] values = [.. Singles, .. Halfway];
        Check("cvt.rn.f16x2.f32", "b32", ["f32", "f32"], [values, values],
            x => (Half(x[0]) << 16) | Half(x[1]));
        Check("cvt.rn.bf16x2.f32", "b32", ["f32", "f32"], [values, values],
            x => (Brain(x[0]) << 16) | Brain(x[1]));
        Check("cvt.rn.bf16.f32", "b16", ["f32"], [values], x => Brain(x[0]));

        static ulong Half(ulong bits) =>
            float.IsNaN(Single(bits)) ? 0x7fffUL : BitConverter.HalfToUInt16Bits((Half)Single(bits));
    }

    /// <summary>10 bits of mantissa: the neighbour that is nearer, and the one with the larger magnitude on ties.</summary>
    [Test]
    public void SingleToTensorFloat32_TiesGoAwayFromZero() =>
        Check("cvt.rna.tf32.f32", "b32", ["f32"], [[.. Singles, .. Halfway]], x =>
        {
            var (lower, upper) = (x[0] & ~0x1fffUL, (x[0] & ~0x1fffUL) + 0x2000);
            var isFinite = float.IsFinite(Single(x[0]));
            return float.IsNaN(Single(x[0])) ? 0x7fffffffUL : isFinite && x[0] - lower >= upper - x[0] ? upper : lower;
        });

    [Test]
    public void FloatToFloat_Saturated_IsBetweenZeroAndOne()
    {
        Check("cvt.sat.f32.f32", "f32", ["f32"], [Singles], x => BitConverter.SingleToUInt32Bits(Unit(Single(x[0]))));
        Check("cvt.rn.sat.f32.f64", "f32", ["f64"], [Doubles], x => BitConverter.SingleToUInt32Bits(Unit((float)Double(x[0]))));

        static float Unit(float value) => !(value > 0) ? 0 : value > 1 ? 1 : value;
    }

    /// <summary>Single precision alone has its subnormal numbers flushed, before and after the conversion.</summary>
    [Test]
    public void Flushed_SubnormalSingles_AreZerosOfTheirSign()
    {
        ulong[] singles = [.. Singles, 0x007fffff, 0x807fffff, 0x00800000, 0x80000001];
        Check("cvt.rpi.ftz.s32.f32", "s32", ["f32"], [singles], x => ToInteger(Flush(Single(x[0])), "s32", "rpi", false));
        Check("cvt.ftz.f64.f32", "f64", ["f32"], [singles], x => float.IsNaN(Single(x[0]))
            ? 0x7fffffffffffffffUL
            : BitConverter.DoubleToUInt64Bits(Flush(Single(x[0]))));
        Check("cvt.rn.ftz.f32.f64", "f32", ["f64"], [Doubles], x => double.IsNaN(Double(x[0]))
            ? 0x7fffffffUL
            : BitConverter.SingleToUInt32Bits(Flush((float)Double(x[0]))));
        Check("cvt.ftz.f32.f16", "f32", ["b16"], [[1, 0x8001, 0x3ff, 0x400, 0x3c00]],
            x => BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)x[0])));
        Check("cvt.rn.ftz.f16.f32", "b16", ["f32"], [[0x33800000, 0xb3800000, 0x387fc000, 0x3f800000, 0x80000001]],
            x => BitConverter.HalfToUInt16Bits((Half)Single(x[0])));

        static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;
    }

    [TestCaseSource(nameof(Integers))]
    public void Compare_IntegersOfEveryOrder_MatchesWholeNumbers(string type)
    {
        var relations = type[0] == 's' ? new[] { "eq", "ne", "lt", "le", "gt", "ge" } : ["eq", "ne", "lo", "ls", "hi", "hs", "lt", "ge"];
        foreach (var relation in relations)
        {
            Compare(relation, type, Whole, (a, b) => Holds(relation, Number(a, type).CompareTo(Number(b, type)), false));
        }
    }

    [Test]
    public void Compare_Floats_OrderedAndUnordered([Values("f32", "f64")] string type)
    {
        foreach (var relation in new[] { "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan" })
        {
            Compare(relation, type, type == "f32" ? Singles : Doubles, (a, b) =>
            {
                var (x, y) = type == "f32" ? (Single(a), Single(b)) : (Double(a), Double(b));
                return Holds(relation, x == y ? 0 : x.CompareTo(y), double.IsNaN(x) || double.IsNaN(y));
            });
        }
    }

    private static bool Holds(string relation, int order, bool isNaN) => relation switch
    {
        "num" => !isNaN,
        "nan" => isNaN,
        _ when isNaN => relation.Length == 3 && relation.EndsWith('u'),
        _ => relation[..2] switch
        {
            "eq" => order == 0,
            "ne" => order != 0,
            "lt" or "lo" => order < 0,
            "le" or "ls" => order <= 0,
            "gt" or "hi" => order > 0,
            _ => order >= 0,
        },
    };

    /// <summary>The comparison itself goes into selp, in a block of its own.</summary>
    private static void Compare(string relation, string type, ulong[] values, Func<ulong, ulong, bool> truth) =>
        Check(
            $"{{ .reg .pred p; setp.{relation}.{type} p, %v0, %v1; selp.u32 %d, 1, 0, p; }}",
            "u32", [type, type], [values, values], x => truth(x[0], x[1]) ? 1UL : 0);

    private static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double Double(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    /// <summary>Half-way cases by comparing both neighbours, NaN as the manual has it.</summary>
    private static ulong Brain(ulong bits)
    {
        var value = Single(bits);
        if (float.IsNaN(value))
        {
            return 0x7fff;
        }

        var rest = bits & 0xffff;
        var low = bits >> 16;
        return rest > 0x8000 || (rest == 0x8000 && (low & 1) != 0) ? low + 1 : low;
    }

    private static BigInteger Clamp(BigInteger number, string type)
    {
        var top = (BigInteger.One << (Bits(type) - (type[0] == 's' ? 1 : 0))) - 1;
        var bottom = type[0] == 's' ? -top - 1 : 0;
        return BigInteger.Max(bottom, BigInteger.Min(top, number));
    }

    private static ulong ToInteger(double value, string type, string rounding, bool isWide)
    {
        if (double.IsNaN(value))
        {
            return isWide ? 1UL << (Bits(type) - 1) : 0;
        }

        if (double.IsInfinity(value))
        {
            return Wrap(Clamp((value > 0 ? 1 : -1) * (BigInteger.One << 80), type), type);
        }

        var rounded = rounding switch
        {
            "rni" => Math.Round(value),
            "rzi" => Math.Truncate(value),
            "rmi" => Math.Floor(value),
            _ => Math.Ceiling(value),
        };
        return Wrap(Clamp(new BigInteger(rounded), type), type);
    }

    /// <summary>The number with that many significant bits, as a double that holds it exactly.</summary>
    private static double Rounded(BigInteger number, int bits, string rounding)
    {
        var magnitude = BigInteger.Abs(number);
        var shift = Math.Max(0, (int)magnitude.GetBitLength() - bits);
        var (kept, lost, half) = (magnitude >> shift, magnitude & ((BigInteger.One << shift) - 1), (BigInteger.One << shift) >> 1);
        var isNegative = number.Sign < 0;
        var isUp = !lost.IsZero && rounding switch
        {
            "rz" => false,
            "rm" => isNegative,
            "rp" => !isNegative,
            _ => lost > half || (lost == half && !kept.IsEven),
        };
        var value = Math.ScaleB((double)(isUp ? kept + 1 : kept), shift);
        return isNegative ? -value : value;
    }
}
