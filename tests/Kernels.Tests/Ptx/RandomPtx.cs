using FsCheck;
using FsCheck.Fluent;

namespace Kernels.Tests;

/// <summary>Modules of everything that the syntax has; they need not mean anything.</summary>
internal static class RandomPtx
{
    private static readonly Gen<string> Types = Gen.Elements(".b8", ".u16", ".s32", ".b32", ".f32", ".b64", ".f64", ".pred");

    private static readonly Gen<string> Registers = Gen.Elements("%r0", "%rd12", "%p1", "%f3", "a", "_b$1", "%tid.x", "p_x");

    private static readonly Gen<string> Numbers = Gen.OneOf(
        Gen.Choose(int.MinValue, int.MaxValue).Select(n => n.ToString()),
        Gen.Choose(0, int.MaxValue).Select(n => $"0x{n:x}"),
        Gen.Choose(0, int.MaxValue).Select(n => $"0f{n:X8}"),
        Gen.Choose(0, int.MaxValue).Select(n => $"0d{n:X16}"),
        Gen.Choose(0, 99).Select(n => $"{n}U"));

    private static readonly Gen<PtxOperand> Simple = Gen.OneOf(
        Registers.Select(name => (PtxOperand)new PtxName(name)),
        Registers.Select(name => (PtxOperand)new PtxName(name, IsNegated: true)),
        Numbers.Select(number => (PtxOperand)new PtxNumber(number)));

    private static readonly Gen<PtxOperand> Plain = Gen.OneOf(
        Registers.Select(name => (PtxOperand)new PtxName(name)), Numbers.Select(number => (PtxOperand)new PtxNumber(number)));

    private static readonly Gen<PtxOperand> Addresses =
        from start in Plain
        from offset in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Choose(int.MinValue, int.MaxValue)))
        select (PtxOperand)new PtxAddress(start, offset);

    private static readonly Gen<PtxOperand> Operands = Gen.Frequency(
        (6, Simple),
        (2, Addresses),
        (1, Simple.ArrayOf().Where(a => a.Length > 0).Select(items => (PtxOperand)new PtxVector(items))),
        (1, Simple.ArrayOf().Select(items => (PtxOperand)new PtxArguments(items))),
        (1, from first in Plain from second in Plain select (PtxOperand)new PtxPair(first, second)));

    private static readonly Gen<PtxStatement> Instructions =
        from isGuarded in Gen.Elements(true, false)
        from isNegated in Gen.Elements(true, false)
        from opcode in Gen.Elements(
            "ret", "bra.uni", "mov.b32", "ld.global.v4.f32", "setp.lt.or.s32", "cp.async.ca.shared::cta.global",
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "call.uni", "red.shared.add.u32")
        from operands in Operands.ArrayOf()
        select (PtxStatement)new PtxInstruction(isGuarded ? new PtxGuard("%p1", isNegated) : null, opcode, [.. operands.Take(6)]);

    private static readonly Gen<PtxVariable> Variables =
        from space in Gen.Elements(".shared", ".local", ".param", ".global", ".const")
        from alignment in Gen.Elements<int?>(null, 4, 16)
        from type in Types
        from name in Gen.Elements("tile", "_x_1", "buffer$2")
        from length in Gen.Elements<int?>(null, 0, 1, 4096)
        select new PtxVariable("", space, alignment, type, name, length);

    private static readonly Gen<PtxStatement> Leaves = Gen.Frequency(
        (8, Instructions),
        (1, Gen.Elements("L0", "$L_1", "HEAD").Select(name => (PtxStatement)new PtxLabel(name))),
        (1, Variables.Select(v => (PtxStatement)v)),
        (1, from type in Types
            from name in Registers
            from count in Gen.Elements<int?>(null, 1, 99)
            select (PtxStatement)new PtxRegisters(type, name, count)),
        (1, Gen.Elements("L0", "L1").ArrayOf().Where(l => l.Length > 0)
            .Select(labels => (PtxStatement)new PtxBranchTargets("table", labels))));

    private static readonly Gen<PtxFunction> Functions =
        from isEntry in Gen.Elements(true, false)
        from linkage in Gen.Elements("", ".visible", ".extern", ".weak")
        from results in Variables.ArrayOf()
        from parameters in Variables.ArrayOf()
        from directives in Gen.Elements<PtxDirective[]>(
            [], [new(".maxntid", [256, 1, 1])], [new(".minnctapersm", [2]), new(".noreturn", [])])
        from hasBody in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false)))
        from body in Statements(depth: 2)
        select new PtxFunction(
            isEntry, linkage, "f", isEntry ? [] : results.Take(2).ToArray(), parameters, directives, hasBody ? body : null);

    /// <summary>Any module.</summary>
    public static Gen<PtxModule> Modules { get; } =
        from version in Gen.Elements("7.0", "8.8")
        from target in Gen.Elements("sm_80", "sm_90a", "sm_80, debug")
        from variables in Variables.ArrayOf()
        from functions in Functions.ArrayOf()
        select new PtxModule(version, target, 64, variables, functions);

    private static Gen<PtxStatement[]> Statements(int depth) => depth == 0
        ? Leaves.ArrayOf()
        : Gen.Frequency(
            (8, Leaves), (1, Statements(depth - 1).Select(inner => (PtxStatement)new PtxBlock(inner)))).ArrayOf();
}
