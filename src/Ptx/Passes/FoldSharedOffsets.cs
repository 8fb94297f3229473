using System.Collections.Immutable;
using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary>
/// Puts constants of addresses in shared memory into the accesses: ILGPU computes <c>tile[i + 9]</c> anew as
/// <c>base + 16 (i + 9)</c> in 64 bits, of which no assembler takes the 9 out, for i + 9 might wrap. Shared memory has 32-bit
/// addresses, and modulo 2^32 the constant comes out exactly: <c>[base + 16 i] + 144</c>, whose first part all accesses of a
/// block of code share.
/// </summary>
/// <remarks>
/// Within straight code every register is followed as a sum of factors times older registers and a constant. Where several
/// accesses have the same sum but for the constant, it is computed once, before the first, in 32 bits. What is no longer read
/// stays for <see cref="RemoveDeadCode"/>.
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
                    changed[access] = [.. code.Select(c => c with { Line = access.Line, Origin = access.Origin }), access with
                    {
                        Operands = [.. access.Operands.Select(o =>
                            o is PtxAddress a ? new PtxAddress(sum, a.Offset + unchecked((int)address.Constant)) : o)],
                    }];
                    code = [];
                }
            }
        }

        PtxName Compute(Linear address, List<PtxInstruction> code)
        {
            PtxName? sum = null;
            foreach (var ((register, _), factor) in address.Terms)
            {
                PtxOperand term = new PtxName(register);
                if (PtxType.Bytes(types[register]) == 8)
                {
                    term = Emit(code, "cvt.u32.u64", term);
                }

                sum = (sum, factor) switch
                {
                    (null, 1) => term as PtxName,
                    (null, _) => Emit(code, "mul.lo.u32", term, Number(factor)),
                    (_, 1) => Emit(code, "add.u32", sum, term),
                    _ => Emit(code, "mad.lo.u32", term, Number(factor), sum),
                };
            }

            return sum!;
        }

        PtxName Emit(List<PtxInstruction> code, string opcode, params ReadOnlySpan<PtxOperand> operands)
        {
            var result = new PtxName($"%shared{registers.Count}");
            registers.Add(new PtxRegisters(".b32", result.Name, null));
            code.Add(new PtxInstruction(null, opcode, [result, .. operands]));
            return result;
        }
    }

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
            if (instruction.Name is "ld" or "st" && instruction.Has("shared")
                && instruction.Operands.OfType<PtxAddress>().Single().Base is PtxName name && IsRegister(name.Name)
                && ValueOf(name) is { } address && address.Terms.Count > 0 && address.Terms.All(t => VersionOf(t.Key.Register) == t.Key.Version))
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

    /// <summary>A sum of factors times registers, as they were at some time, and a constant; modulo 2^32.</summary>
    private sealed class Linear
    {
        private Linear(ImmutableSortedDictionary<(string Register, int Version), uint> terms, uint constant)
        {
            Terms = terms;
            Constant = constant;
            Sum = string.Join(' ', terms.Select(t => $"{t.Value} {t.Key.Register} {t.Key.Version}"));
        }

        public ImmutableSortedDictionary<(string Register, int Version), uint> Terms { get; }

        public uint Constant { get; }

        /// <summary>All but the constant, as a key.</summary>
        public string Sum { get; }

        public static Linear Of(uint constant) => new(ImmutableSortedDictionary<(string, int), uint>.Empty, constant);

        public static Linear Of(string register, int version) =>
            new(ImmutableSortedDictionary<(string, int), uint>.Empty.Add((register, version), 1), 0);

        public Linear? Plus(Linear? other) => other is null ? null : new(
            other.Terms.Aggregate(Terms, (sum, t) => With(sum, t.Key, sum.GetValueOrDefault(t.Key) + t.Value)), Constant + other.Constant);

        public Linear Times(uint factor) => new(
            Terms.Aggregate(Terms, (all, t) => With(all, t.Key, t.Value * factor)), Constant * factor);

        private static ImmutableSortedDictionary<(string, int), uint> With(
            ImmutableSortedDictionary<(string, int), uint> terms, (string, int) register, uint factor) =>
            factor == 0 ? terms.Remove(register) : terms.SetItem(register, factor);
    }
}
