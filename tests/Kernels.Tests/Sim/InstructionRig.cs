using System.Numerics;

namespace Kernels.Tests;

/// <summary>
/// One instruction on many operands: every combination of the values given for each, whole warps and half of the lanes
/// switched off, against a function of the operands' bits.
/// </summary>
internal static class InstructionRig
{
    /// <summary>Throws unless the instruction gives what the truth says for every combination.</summary>
    /// <param name="opcode">The instruction; or whole instructions from %v0, %v1, … to %d.</param>
    /// <param name="result">Type of the destination.</param>
    /// <param name="types">Types of the operands.</param>
    /// <param name="values">Bits to try for each operand.</param>
    /// <param name="truth">The bits of the result.</param>
    /// <param name="isSame">Whether a result is good enough; by default it must be the same.</param>
    public static void Check(
        string opcode,
        string result,
        string[] types,
        ulong[][] values,
        Func<ulong[], ulong> truth,
        Func<ulong[], ulong, ulong, bool>? isSame = null)
    {
        var cases = Combinations(values).ToArray();
        using var rig = new PtxRig();
        var count = (cases.Length + 31) / 32 * 32;
        for (var i = 0; i < types.Length; i++)
        {
            rig.Add<ulong>($"x{i}", [.. Enumerable.Range(0, count).Select(c => cases[c % cases.Length][i])]);
        }

        var output = rig.Add<ulong>("out", new ulong[count]);
        var threads = Math.Min(count, 1024);
        foreach (var isHalf in new[] { false, true })
        {
            rig.Device.Clear(output);
            rig.Run(Body(opcode, result, types, isHalf, count), threads, (count + threads - 1) / threads);
            var actual = rig.Device.Download(output);
            for (var c = 0; c < cases.Length; c++)
            {
                var expected = isHalf && c % 2 == 0 ? 0x5A5A5A5A5A5A5A5A & Mask(result) : truth(cases[c]);
                var holds = isHalf && c % 2 == 0 || isSame is null
                    ? actual[c] == expected
                    : isSame(cases[c], expected, actual[c]);
                Assert.That(holds, $"{opcode} of {string.Join(", ", cases[c].Select(v => $"0x{v:x}"))} (case {c}): "
                    + $"0x{actual[c]:x}, expected 0x{expected:x}{(isHalf ? ", half of the lanes" : "")}");
            }
        }
    }

    /// <summary>All ones in the bits of the type.</summary>
    public static ulong Mask(string type) => Bits(type) == 64 ? ulong.MaxValue : (1UL << Bits(type)) - 1;

    /// <summary>Bits of a type such as s32.</summary>
    public static int Bits(string type) => int.Parse(type.AsSpan().TrimStart("subf"));

    /// <summary>The number that the bits mean in an integer type.</summary>
    public static BigInteger Number(ulong bits, string type)
    {
        bits &= Mask(type);
        var isNegative = type[0] == 's' && (bits >> (Bits(type) - 1)) != 0;
        return isNegative ? bits - (BigInteger.One << Bits(type)) : bits;
    }

    /// <summary>The bits of a number, wrapped around.</summary>
    public static ulong Wrap(BigInteger number, string type) => (ulong)(number & Mask(type));

    private static IEnumerable<ulong[]> Combinations(ulong[][] values) => values.Aggregate(
        (IEnumerable<ulong[]>)[[]], (all, next) => all.SelectMany(before => next.Select(v => (ulong[])[.. before, v])));

    private static string Body(string opcode, string result, string[] types, bool isHalf, int count)
    {
        var loads = types.Select((type, i) => $"""
            .reg .b{Bits(type)} %v{i}; add.u64 %a, %x{i}, %o; ld.global.b{Bits(type)} %v{i}, [%a];
            """);
        var operands = string.Join(", ", types.Select((_, i) => $"%v{i}"));
        return $"""
            .reg .pred %half; .reg .pred %in; .reg .b32 %i; .reg .b32 %n; .reg .b32 %c;
            .reg .b64 %o; .reg .b64 %a; .reg .b64 %wide; .reg .b{Bits(result)} %d;
            mov.u32 %i, %ctaid.x; mov.u32 %n, %ntid.x; mov.u32 %c, %tid.x; mad.lo.u32 %i, %i, %n, %c;
            setp.ge.u32 %in, %i, {count}; @%in ret;
            mul.wide.u32 %o, %i, 8; and.b32 %c, %i, 1; setp.eq.u32 %half, %c, {(isHalf ? 1 : 0)}; @!%half setp.eq.u32 %half, {(isHalf ? 0 : 1)}, 1;
            {string.Join("\n", loads)}
            mov.b64 %wide, 0x5A5A5A5A5A5A5A5A; {(Bits(result) == 64 ? "mov.b64 %d, %wide" : $"cvt.u{Bits(result)}.u64 %d, %wide")};
            {(opcode.Contains("%d") ? $"@!%half bra SKIP; {opcode} SKIP:" : $"@%half {opcode} %d, {operands};")}
            add.u64 %a, %out, %o; st.global.b{Bits(result)} [%a], %d;
            ret;
            """;
    }
}
