using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>
/// Puts constants of addresses in shared memory into the accesses: ILGPU computes <c>tile[i + 9]</c> anew as
/// <c>base + 16 (i + 9)</c> in 64 bits, of which no assembler takes the 9 out, for i + 9 might wrap. Shared memory has 32-bit
/// addresses, and modulo 2^32 the constant comes out exactly: <c>[base + 16 i] + 144</c>, whose first part all accesses of a
/// block of code share.
/// </summary>
/// <remarks>
/// Within straight code every register is followed as a sum of factors times older registers and a constant. Where several
/// accesses have the same sum but for the constant, it is computed once, before the first, in 32 bits. Swizzled tiles exclude-or a
/// constant into an index, <c>(i + 64) ^ 5</c>: what is a multiple of all bits of the 5 comes out of it, <c>(i ^ 5) + 64</c>, and
/// the rest is a summand like a register. What is no longer read stays for <see cref="RemoveDeadCode"/>.
/// </remarks>
internal static class FoldSharedOffsets
{
    public static PtxModule Apply(PtxModule module) => module with { Functions = [.. module.Functions.Select(Apply)] };

    private static PtxFunction Apply(PtxFunction function)
    {
        if (function.Body is null)
        {
            return function;
        }

        var flow = new PtxFlow(function);
        var types = new PtxRegisterTypes(function);
        var registers = new List<PtxStatement>();
        var changed = new Dictionary<PtxStatement, List<PtxStatement>>(ReferenceEqualityComparer.Instance);
        for (var at = 0; at < flow.Instructions.Count;)
        {
            var end = EndOfBlock(flow, at);
            Fold(Enumerable.Range(at, end - at).Select(i => flow.Instructions[i]));
            at = end;
        }

        return changed.Count == 0 ? function : function with
        {
            Body = [.. registers, .. PtxBody.Rewrite(
                function.Body, s => changed.TryGetValue(s, out var replacement) ? replacement : [s])],
        };

        void Fold(IEnumerable<PtxInstruction> block)
        {
            foreach (var group in Accesses(block, types).GroupBy(a => a.Address.Sum).Where(g => g.Count() > 1))
            {
                var code = new List<PtxInstruction>();
                var sum = Compute(group.First().Address, code);
                foreach (var (access, address) in group)
                {
                    var own = SharedAddress(access)!;
                    var folded = new PtxAddress(sum, own.Offset + unchecked((int)address.Constant));
                    changed[access] = [.. code.Select(c => c with { Line = access.Line, Origin = access.Origin }), access with
                    {
                        Operands = [.. access.Operands.Select(o => ReferenceEquals(o, own) ? folded : o)],
                    }];
                    code = [];
                }
            }
        }

        PtxName Compute(Linear address, List<PtxInstruction> code)
        {
            PtxName? sum = null;
            foreach (var (key, factor) in address.Terms)
            {
                var term = Term(key, code);
                sum = (sum, factor) switch
                {
                    (null, 1) => term,
                    (null, _) => Emit(code, "mul.lo.u32", term, Number(factor)),
                    (_, 1) => Emit(code, "add.u32", sum, term),
                    _ => Emit(code, "mad.lo.u32", term, Number(factor), sum),
                };
            }

            return sum!;
        }

        PtxName Term(Term key, List<PtxInstruction> code)
        {
            if (key.Swizzled is { } index)
            {
                var sum = Compute(index, code);
                sum = index.Constant == 0 ? sum : Emit(code, "add.u32", sum, Number(index.Constant));
                return Emit(code, "xor.b32", sum, Number(key.Mask));
            }

            var register = new PtxName(key.Register);
            return PtxType.Bytes(types[key.Register]) == 8 ? Emit(code, "cvt.u32.u64", register) : register;
        }

        PtxName Emit(List<PtxInstruction> code, string opcode, params ReadOnlySpan<PtxOperand> operands)
        {
            var result = new PtxName($"%shared{registers.Count}");
            registers.Add(new PtxRegisters(".b32", result.Name, null));
            code.Add(new PtxInstruction(null, opcode, [result, .. operands]));
            return result;
        }
    }

    /// <summary>The operand that is an address in shared memory, of an instruction that takes one with an offset.</summary>
    private static PtxAddress? SharedAddress(PtxInstruction instruction) => instruction.Name switch
    {
        "ld" or "st" when instruction.Has("shared") => instruction.Operands.OfType<PtxAddress>().Single(),
        "ldmatrix" or "stmatrix" => instruction.Operands.OfType<PtxAddress>().Single(),
        "cp" when instruction.Has("async") && !instruction.Has("bulk") => instruction.Operands.OfType<PtxAddress>().FirstOrDefault(),
        _ => null,
    };

    /// <summary>Behind the last instruction that is always executed together with the one at <paramref name="start"/>.</summary>
    private static int EndOfBlock(PtxFlow flow, int start)
    {
        var end = start + 1;
        while (end < flow.Instructions.Count && flow.Previous(end) is [var before] && before == end - 1 && flow.Next(before).Count == 1)
        {
            end++;
        }

        return end;
    }

    /// <summary>Accesses to shared memory whose address is known, as a sum of registers that still hold what they held then.</summary>
    private static List<(PtxInstruction Access, Linear Address)> Accesses(IEnumerable<PtxInstruction> block, PtxRegisterTypes types)
    {
        var found = new List<(PtxInstruction, Linear)>();
        var values = new Dictionary<string, Linear>();
        var versions = new Dictionary<string, int>();
        foreach (var instruction in block)
        {
            if (SharedAddress(instruction)?.Base is PtxName name && IsRegister(name.Name)
                && ValueOf(name) is { } address && address.Terms.Count > 0 && IsStillThere(address))
            {
                found.Add((instruction, address));
            }

            var result = instruction.Guard is null ? Evaluate(instruction) : null;
            foreach (var register in PtxBody.Writes(instruction))
            {
                versions[register] = VersionOf(register) + 1;
                values.Remove(register);
            }

            if (result is not null)
            {
                values[instruction.Operands[0].ToString()] = result;
            }
        }

        return found;

        bool IsStillThere(Linear sum) => sum.Terms.Keys.All(
            t => t.Swizzled is { } index ? IsStillThere(index) : VersionOf(t.Register) == t.Version);

        int VersionOf(string register) => versions.GetValueOrDefault(register);

        bool IsRegister(string register) => types[register].Length > 0;

        Linear? ValueOf(PtxOperand operand) => operand switch
        {
            PtxNumber number => Linear.Of((uint)number.Bits),
            PtxName name when IsRegister(name.Name) =>
                values.TryGetValue(name.Name, out var value) ? value : Linear.Of(name.Name, VersionOf(name.Name)),
            _ => null,
        };

        // Modulo 2^32 an operation in 64 bits and one in 32 have the same lower half. Differences stay registers of their own: no
        // manual says that an access whose register is below zero wraps to the address that its constant leads to.
        Linear? Evaluate(PtxInstruction i) => (i.Name, i.Operands.Count) switch
        {
            _ when i.Has("hi") || i.Has("sat") || !IsInteger(i.Type) => null,
            ("add", 3) => ValueOf(i.Operands[1])?.Plus(ValueOf(i.Operands[2])),
            ("mul", 3) => Product(i.Operands[1], i.Operands[2]),
            ("mad", 4) => Product(i.Operands[1], i.Operands[2])?.Plus(ValueOf(i.Operands[3])),
            ("xor", 3) when i.Operands[2] is PtxNumber n && (int)n.Bits >= 0 => ValueOf(i.Operands[1])?.Swizzle((uint)n.Bits),
            ("shl", 3) when i.Operands[2] is PtxNumber { Bits: < 32 } n => ValueOf(i.Operands[1])?.Times(1u << (int)n.Bits),
            ("cvt", 2) when i.Opcode is "cvt.u64.u32" or "cvt.s64.s32" or "cvt.u32.u64" or "cvt.s32.s64" => ValueOf(i.Operands[1]),
            ("mov", 2) when i.Operands[1] is not PtxVector => ValueOf(i.Operands[1]),
            _ => null,
        };

        Linear? Product(PtxOperand left, PtxOperand right) =>
            left is PtxNumber l ? Scaled(right, l)
            : right is PtxNumber r ? Scaled(left, r)
            : null;

        Linear? Scaled(PtxOperand value, PtxNumber factor) =>
            (int)factor.Bits >= 0 ? ValueOf(value)?.Times((uint)factor.Bits) : null;
    }

    /// <summary>Of 32 or 64 bits: what is shorter wraps earlier.</summary>
    private static bool IsInteger(string type) => type is ".s32" or ".u32" or ".b32" or ".s64" or ".u64" or ".b64";

    private static PtxNumber Number(uint value) => new(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A summand: a register as it was at some time, or an index with bits of a constant changed.</summary>
    /// <param name="Register">The register; empty for an index.</param>
    /// <param name="Version">How often it had been written.</param>
    /// <param name="Swizzled">The index, or null.</param>
    /// <param name="Mask">What is exclude-ored into it.</param>
    private sealed record Term(string Register, int Version, Linear? Swizzled, uint Mask) : IComparable<Term>
    {
        /// <summary>The same for the same value, and for no other.</summary>
        private string Key { get; } = Swizzled is null ? $"{Register} {Version}" : $"({Swizzled.Sum} {Swizzled.Constant}) ^ {Mask}";

        public int CompareTo(Term? other) => string.CompareOrdinal(Key, other?.Key);

        public override string ToString() => Key;
    }

    /// <summary>A sum of factors times summands and a constant; modulo 2^32.</summary>
    private sealed class Linear
    {
        private static readonly ImmutableSortedDictionary<Term, uint> None = ImmutableSortedDictionary<Term, uint>.Empty;

        private Linear(ImmutableSortedDictionary<Term, uint> terms, uint constant)
        {
            Terms = terms;
            Constant = constant;
            Sum = string.Join(' ', terms.Select(t => $"{t.Value} {t.Key}"));
        }

        public ImmutableSortedDictionary<Term, uint> Terms { get; }

        public uint Constant { get; }

        /// <summary>All but the constant, as a key.</summary>
        public string Sum { get; }

        public static Linear Of(uint constant) => new(None, constant);

        public static Linear Of(string register, int version) => new(None.Add(new Term(register, version, null, 0), 1), 0);

        public Linear? Plus(Linear? other) => other is null ? null : new(
            other.Terms.Aggregate(Terms, (sum, t) => With(sum, t.Key, sum.GetValueOrDefault(t.Key) + t.Value)), Constant + other.Constant);

        public Linear Times(uint factor) => new(
            Terms.Aggregate(Terms, (all, t) => With(all, t.Key, t.Value * factor)), Constant * factor);

        /// <summary>With these bits changed. Below the lowest bit of what comes out of it, nothing depends on that.</summary>
        public Linear Swizzle(uint mask)
        {
            if (mask == 0 || Terms.IsEmpty)
            {
                return new(Terms, Constant ^ mask);
            }

            var low = uint.MaxValue >> BitOperations.LeadingZeroCount(mask);
            return new(None.Add(new Term("", 0, new(Terms, Constant & low), mask), 1), Constant & ~low);
        }

        private static ImmutableSortedDictionary<Term, uint> With(ImmutableSortedDictionary<Term, uint> terms, Term term, uint factor) =>
            factor == 0 ? terms.Remove(term) : terms.SetItem(term, factor);
    }
}
