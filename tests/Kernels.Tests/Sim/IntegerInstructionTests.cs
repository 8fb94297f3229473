using System.Numerics;
using static Kernels.Tests.InstructionRig;

namespace Kernels.Tests;

/// <summary>Integer instructions against whole numbers without limit, on zero, ones, extremes and patterns.</summary>
public sealed class IntegerInstructionTests
{
    private static readonly string[] Types = ["s16", "u16", "s32", "u32", "s64", "u64"];
    private static readonly string[] BitTypes = ["b16", "b32", "b64"];

    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 7, 31, 32, 63, 64, 100, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x12345678, 0x7fffffff, 0x80000000,
        0xffffffff, 0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
    ];

    private static readonly ulong[] Few = [0, 1, 3, 0x80, 0x7fff, 0x12345678, 0x80000000, 0x8000000000000000, 0xffffffffffffffff];

    public static IEnumerable<TestCaseData> Arithmetic()
    {
        foreach (var type in Types)
        {
            yield return Case("add", type, (a, b) => a + b);
            yield return Case("sub", type, (a, b) => a - b);
            yield return Case("mul.lo", type, (a, b) => a * b);
            yield return Case("mul.hi", type, (a, b) => (a * b) >> Bits(type));
            yield return Case("div", type, (a, b) => b.IsZero ? -1 : BigInteger.Divide(a, b));
            yield return Case("rem", type, (a, b) => b.IsZero ? a : BigInteger.Remainder(a, b));
            yield return Case("min", type, BigInteger.Min);
            yield return Case("max", type, BigInteger.Max);
        }

        static TestCaseData Case(string name, string type, Func<BigInteger, BigInteger, BigInteger> truth) =>
            new TestCaseData($"{name}.{type}", type, truth).SetArgDisplayNames($"{name}.{type}");
    }

    [TestCaseSource(nameof(Arithmetic))]
    public void Arithmetic_SpecialValues_MatchesWholeNumbers(
        string opcode, string type, Func<BigInteger, BigInteger, BigInteger> truth) =>
        Check(opcode, type, [type, type], Two(Interesting), x => Wrap(truth(Number(x[0], type), Number(x[1], type)), type));

    [TestCaseSource(nameof(Types))]
    public void MultiplyAdd_SpecialValues_MatchesWholeNumbers(string type)
    {
        Check($"mad.lo.{type}", type, [type, type, type], [Few, Few, Few],
            x => Wrap((Number(x[0], type) * Number(x[1], type)) + Number(x[2], type), type));
        Check($"mad.hi.{type}", type, [type, type, type], [Few, Few, Few],
            x => Wrap(((Number(x[0], type) * Number(x[1], type)) >> Bits(type)) + Number(x[2], type), type));
    }

    [TestCase("s16")]
    [TestCase("u16")]
    [TestCase("s32")]
    [TestCase("u32")]
    public void WideProduct_SpecialValues_MatchesWholeNumbers(string type)
    {
        var wide = $"{type[0]}{2 * Bits(type)}";
        Check($"mul.wide.{type}", wide, [type, type], Two(Interesting),
            x => Wrap(Number(x[0], type) * Number(x[1], type), wide));
        Check($"mad.wide.{type}", wide, [type, type, wide], [Few, Few, Few],
            x => Wrap((Number(x[0], type) * Number(x[1], type)) + Number(x[2], wide), wide));
    }

    [TestCase("s16")]
    [TestCase("s32")]
    [TestCase("s64")]
    public void NegateAndAbs_SpecialValues_MatchesWholeNumbers(string type)
    {
        Check($"neg.{type}", type, [type], [Interesting], x => Wrap(-Number(x[0], type), type));
        Check($"abs.{type}", type, [type], [Interesting], x => Wrap(BigInteger.Abs(Number(x[0], type)), type));
    }

    [TestCaseSource(nameof(BitTypes))]
    public void Logic_SpecialValues_MatchesBits(string type)
    {
        Check($"and.{type}", type, [type, type], Two(Interesting), x => x[0] & x[1] & Mask(type));
        Check($"or.{type}", type, [type, type], Two(Interesting), x => (x[0] | x[1]) & Mask(type));
        Check($"xor.{type}", type, [type, type], Two(Interesting), x => (x[0] ^ x[1]) & Mask(type));
        Check($"not.{type}", type, [type], [Interesting], x => ~x[0] & Mask(type));
        Check($"mov.{type}", type, [type], [Interesting], x => x[0] & Mask(type));
    }

    [TestCase("s16")]
    [TestCase("u16")]
    [TestCase("b16")]
    [TestCase("s32")]
    [TestCase("u32")]
    [TestCase("b32")]
    [TestCase("s64")]
    [TestCase("u64")]
    [TestCase("b64")]
    public void Shift_AnyCount_IsClampedToTheWidth(string type)
    {
        static int Count(ulong count, string type) => (int)Math.Min(count & 0xffffffff, (ulong)Bits(type));
        Check($"shr.{type}", type, [type, "u32"], Two(Interesting), x => Wrap(Number(x[0], type) >> Count(x[1], type), type));
        if (type[0] == 'b')
        {
            Check($"shl.{type}", type, [type, "u32"], Two(Interesting), x => Wrap(Number(x[0], type) << Count(x[1], type), type));
        }
    }

    [TestCase("b32")]
    [TestCase("b64")]
    public void BitCounts_SpecialValues_MatchesTheirMeaning(string type)
    {
        static string Text(ulong value, string type) =>
            Convert.ToString((long)(value & Mask(type)), 2).PadLeft(Bits(type), '0');
        Check($"popc.{type}", "u32", [type], [Interesting], x => (ulong)Text(x[0], type).Count(c => c == '1'));
        Check($"clz.{type}", "u32", [type], [Interesting],
            x => (ulong)(Text(x[0], type) + "1").IndexOf('1', StringComparison.Ordinal));
        Check($"brev.{type}", type, [type], [Interesting], x => Text(x[0], type).Reverse()
            .Aggregate(0UL, (all, c) => (all << 1) | (c == '1' ? 1UL : 0)));
    }

    /// <summary>The highest bit that does not say the sign; all ones if there is none.</summary>
    [TestCase("s32")]
    [TestCase("u32")]
    [TestCase("s64")]
    [TestCase("u64")]
    public void FindLead_SpecialValues_IsTheHighestBitThatIsNoSign(string type) =>
        Check($"bfind.{type}", "u32", [type], [Interesting], x =>
        {
            var number = Number(x[0], type);
            var sign = number.Sign < 0 ? 1 : 0;
            for (var i = Bits(type) - 1; i >= 0; i--)
            {
                if (((number >> i) & 1) != sign)
                {
                    return (ulong)i;
                }
            }

            return 0xffffffff;
        });

    public static IEnumerable<TestCaseData> Logic()
    {
        yield return Case("a", (a, _, _) => a);
        yield return Case("b", (_, b, _) => b);
        yield return Case("c", (_, _, c) => c);
        yield return Case("(a & b) | ~c", (a, b, c) => (a & b) | ~c);
        yield return Case("a ^ b ^ c", (a, b, c) => a ^ b ^ c);
        yield return Case("c ? a : b", (a, b, c) => (c & a) | (~c & b));

        static TestCaseData Case(string name, Func<ulong, ulong, ulong, ulong> truth) => new TestCaseData(truth).SetArgDisplayNames(name);
    }

    /// <summary>The manual's recipe: the table of a function is what the function makes of 0xF0, 0xCC and 0xAA.</summary>
    [TestCaseSource(nameof(Logic))]
    public void LogicOfThree_ByItsTable_IsTheFunction(Func<ulong, ulong, ulong, ulong> truth) =>
        Check($"lop3.b32 %d, %v0, %v1, %v2, {truth(0xF0, 0xCC, 0xAA) & 0xff};", "b32", ["b32", "b32", "b32"], [Few, Few, Few],
            x => truth(x[0], x[1], x[2]) & 0xffffffff);

    [TestCase("s32")]
    [TestCase("u32")]
    [TestCase("s64")]
    [TestCase("u64")]
    public void ExtractField_AnyPlaceAndLength_MatchesTheManual(string type)
    {
        ulong[] places = [0, 1, 5, 16, 31, 32, 40, 63, 64, 200, 255];
        Check($"bfe.{type}", type, [type, "u32", "u32"], [Few, places, places], x => Extract(x, type));
    }

    [TestCase("b32")]
    [TestCase("b64")]
    public void InsertField_AnyPlaceAndLength_MatchesTheManual(string type)
    {
        ulong[] places = [0, 1, 5, 16, 31, 32, 40, 63, 64, 200, 255];
        Check($"bfi.{type}", type, [type, type, "u32", "u32"], [[0, 0x12345678, ulong.MaxValue], [0, ulong.MaxValue], places, places], x =>
        {
            var result = x[1] & Mask(type);
            for (var i = 0; i < (int)x[3] && i + (int)x[2] < Bits(type); i++)
            {
                var bit = i < Bits(type) ? (x[0] >> i) & 1 : 0;
                result = (result & ~(1UL << (i + (int)x[2]))) | (bit << (i + (int)x[2]));
            }

            return result;
        });
    }

    [Test]
    public void PermuteBytes_EveryChoice_TakesThatByte() =>
        Check("prmt.b32", "b32", ["b32", "b32", "b32"], [[0x80818283, 0x03020100], [0x04050607, 0xf4f5f6f7], [0x3210, 0x7654, 0x0246, 0xfedc, 0x8899]], x =>
        {
            var bytes = BitConverter.GetBytes((x[1] << 32) | x[0]);
            var result = 0UL;
            for (var i = 0; i < 4; i++)
            {
                var choice = (int)(x[2] >> (4 * i)) & 15;
                var value = choice < 8 ? bytes[choice] : bytes[choice - 8] >= 0x80 ? 0xff : 0;
                result |= (ulong)value << (8 * i);
            }

            return result;
        });

    [Test]
    public void FunnelShift_AnyCount_WrapsIt()
    {
        Check("shf.l.wrap.b32", "b32", ["b32", "b32", "u32"], [Few, Few, Interesting],
            x => ((((x[1] << 32) | (x[0] & 0xffffffff)) << (int)(x[2] & 31)) >> 32) & 0xffffffff);
        Check("shf.r.wrap.b32", "b32", ["b32", "b32", "u32"], [Few, Few, Interesting],
            x => (((x[1] << 32) | (x[0] & 0xffffffff)) >> (int)(x[2] & 31)) & 0xffffffff);
    }

    private static ulong[][] Two(ulong[] values) => [values, values];

    /// <summary>The loop of the PTX manual.</summary>
    private static ulong Extract(ulong[] x, string type)
    {
        var (bits, at, length) = (Bits(type), (int)(x[1] & 0xff), (int)(x[2] & 0xff));
        var last = Math.Min(at + length - 1, bits - 1);
        var sign = type[0] == 'u' || length == 0 ? 0 : (x[0] >> last) & 1;
        var result = 0UL;
        for (var i = 0; i < bits; i++)
        {
            var bit = i < length && at + i < bits ? (x[0] >> (at + i)) & 1 : sign;
            result |= bit << i;
        }

        return result;
    }
}
