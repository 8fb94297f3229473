using System.Numerics;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Ptx;

/// <summary>
/// Instructions that are functions of registers, by their whole opcode: one entry for every spelling that is known, so
/// a modifier that nobody has thought of is refused.
/// </summary>
internal static class InstructionTable
{
    private static readonly Dictionary<string, Func<Operands, MachineInstruction>> Entries = [];

    static InstructionTable()
    {
        Integer<short>("s16");
        Integer<ushort>("u16");
        Integer<int>("s32");
        Integer<uint>("u32");
        Integer<long>("s64");
        Integer<ulong>("u64");
        Wide<short, int>("s16");
        Wide<ushort, uint>("u16");
        Wide32<WidenSigned>("s32");
        Wide32<WidenUnsigned>("u32");
        Bits<ushort>("b16");
        Bits<uint>("b32");
        Bits<ulong>("b64");
        Field<int>("s32");
        Field<uint>("u32");
        Field<long>("s64");
        Field<ulong>("u64");
        Words();
        FloatTable.Fill(Add);
    }

    /// <summary>The instruction; null if the opcode is not in the table.</summary>
    public static MachineInstruction? Decode(Operands operands) =>
        Entries.TryGetValue(operands.Instruction.Opcode, out var make) ? make(operands) : null;

    /// <summary>A factory of a function of one operand on vectors.</summary>
    public static Func<Operands, MachineInstruction> Vector1<T, TOp>()
        where T : unmanaged
        where TOp : struct, IVectorUnary<T> => o =>
    {
        o.Expect(2);
        var size = Unsafe.SizeOf<T>();
        return new VectorUnary<T, TOp>(o.Destination(0, size), o.Source(1, size));
    };

    /// <summary>A factory of a function of two operands on vectors.</summary>
    public static Func<Operands, MachineInstruction> Vector2<T, TOp>()
        where T : unmanaged
        where TOp : struct, IVectorBinary<T> => o =>
    {
        o.Expect(3);
        var size = Unsafe.SizeOf<T>();
        return new VectorBinary<T, TOp>(o.Destination(0, size), o.Source(1, size), o.Source(2, size));
    };

    /// <summary>A factory of a function of three operands on vectors.</summary>
    public static Func<Operands, MachineInstruction> Vector3<T, TOp>()
        where T : unmanaged
        where TOp : struct, IVectorTernary<T> => o =>
    {
        o.Expect(4);
        var size = Unsafe.SizeOf<T>();
        return new VectorTernary<T, TOp>(
            o.Destination(0, size), o.Source(1, size), o.Source(2, size), o.Source(3, size));
    };

    /// <summary>A factory of a function of one operand, lane by lane.</summary>
    public static Func<Operands, MachineInstruction> Lane1<TA, TR, TOp>()
        where TA : unmanaged
        where TR : unmanaged
        where TOp : struct, ILaneUnary<TA, TR> => o =>
    {
        o.Expect(2);
        return new LaneUnary<TA, TR, TOp>(
            o.Destination(0, Unsafe.SizeOf<TR>()), o.Source(1, Unsafe.SizeOf<TA>()));
    };

    /// <summary>A factory of a function of two operands, lane by lane.</summary>
    public static Func<Operands, MachineInstruction> Lane2<TA, TB, TR, TOp>()
        where TA : unmanaged
        where TB : unmanaged
        where TR : unmanaged
        where TOp : struct, ILaneBinary<TA, TB, TR> => o =>
    {
        o.Expect(3);
        return new LaneBinary<TA, TB, TR, TOp>(
            o.Destination(0, Unsafe.SizeOf<TR>()), o.Source(1, Unsafe.SizeOf<TA>()), o.Source(2, Unsafe.SizeOf<TB>()));
    };

    /// <summary>A factory of a function of three operands, lane by lane.</summary>
    public static Func<Operands, MachineInstruction> Lane3<TA, TB, TC, TR, TOp>()
        where TA : unmanaged
        where TB : unmanaged
        where TC : unmanaged
        where TR : unmanaged
        where TOp : struct, ILaneTernary<TA, TB, TC, TR> => o =>
    {
        o.Expect(4);
        return new LaneTernary<TA, TB, TC, TR, TOp>(
            o.Destination(0, Unsafe.SizeOf<TR>()),
            o.Source(1, Unsafe.SizeOf<TA>()),
            o.Source(2, Unsafe.SizeOf<TB>()),
            o.Source(3, Unsafe.SizeOf<TC>()));
    };

    private static void Add(string opcode, Func<Operands, MachineInstruction> make) => Entries.Add(opcode, make);

    private static void Integer<T>(string type) where T : unmanaged, IBinaryInteger<T>
    {
        Add($"mov.{type}", Vector1<T, Move<T>>());
        Add($"add.{type}", Vector2<T, Add<T>>());
        Add($"sub.{type}", Vector2<T, Subtract<T>>());
        Add($"mul.lo.{type}", Vector2<T, Multiply<T>>());
        Add($"mul.hi.{type}", Lane2<T, T, T, MultiplyHigh<T>>());
        Add($"mad.lo.{type}", Vector3<T, MultiplyAdd<T>>());
        Add($"mad.hi.{type}", Lane3<T, T, T, T, MultiplyHighAdd<T>>());
        Add($"div.{type}", Lane2<T, T, T, Divide<T>>());
        Add($"rem.{type}", Lane2<T, T, T, Remainder<T>>());
        Add($"min.{type}", Vector2<T, Min<T>>());
        Add($"max.{type}", Vector2<T, Max<T>>());
        Add($"shr.{type}", ShiftRight<T>());
        if (T.IsNegative(T.AllBitsSet))
        {
            Add($"neg.{type}", Vector1<T, Negate<T>>());
            Add($"abs.{type}", Vector1<T, Abs<T>>());
        }
    }

    private static void Wide<T, TWide>(string type)
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide>
    {
        Add($"mul.wide.{type}", Lane2<T, T, TWide, MultiplyWide<T, TWide>>());
        Add($"mad.wide.{type}", Lane3<T, T, TWide, TWide, MultiplyWideAdd<T, TWide>>());
    }

    private static void Wide32<TWiden>(string type) where TWiden : struct, IWiden
    {
        Add($"mul.wide.{type}", o =>
        {
            o.Expect(3);
            return new MultiplyWideInstruction<TWiden>(o.Destination(0, 8), o.Source(1, 4), o.Source(2, 4), null);
        });
        Add($"mad.wide.{type}", o =>
        {
            o.Expect(4);
            return new MultiplyWideInstruction<TWiden>(
                o.Destination(0, 8), o.Source(1, 4), o.Source(2, 4), o.Source(3, 8));
        });
    }

    private static void Bits<T>(string type) where T : unmanaged, IBinaryInteger<T>
    {
        Add($"and.{type}", Vector2<T, And<T>>());
        Add($"or.{type}", Vector2<T, Or<T>>());
        Add($"xor.{type}", Vector2<T, Xor<T>>());
        Add($"not.{type}", Vector1<T, Not<T>>());
        Add($"shr.{type}", ShiftRight<T>());
        Add($"shl.{type}", o => Shift<T>(o, isLeft: true) ?? Lane2<T, uint, T, ShiftLeft<T>>()(o));
        if (Unsafe.SizeOf<T>() > 2)
        {
            Add($"popc.{type}", Lane1<T, uint, PopCount<T>>());
            Add($"clz.{type}", Lane1<T, uint, LeadingZeros<T>>());
            Add($"brev.{type}", Lane1<T, T, ReverseBits<T>>());
            Add($"bfi.{type}", o => new InsertFieldInstruction<T>(
                o.Destination(0, Unsafe.SizeOf<T>()),
                o.Source(1, Unsafe.SizeOf<T>()),
                o.Source(2, Unsafe.SizeOf<T>()),
                o.Source(3, sizeof(uint)),
                o.Source(4, sizeof(uint))));
        }
    }

    private static void Words()
    {
        Add("prmt.b32", Lane3<uint, uint, uint, uint, PermuteBytes>());
        Add("shf.l.wrap.b32", Lane3<uint, uint, uint, uint, FunnelLeft>());
        Add("shf.r.wrap.b32", Lane3<uint, uint, uint, uint, FunnelRight>());
        Add("lop3.b32", o => new LogicInstruction(
            o.Destination(0, 4), o.Source(1, 4), o.Source(2, 4), o.Source(3, 4), (int)o.Literal(4)));
    }

    private static void Field<T>(string type) where T : unmanaged, IBinaryInteger<T>
    {
        Add($"bfe.{type}", Lane3<T, uint, uint, T, ExtractField<T>>());
        Add($"bfind.{type}", Lane1<T, uint, FindLead<T>>());
    }

    private static Func<Operands, MachineInstruction> ShiftRight<T>() where T : unmanaged, IBinaryInteger<T> =>
        o => Shift<T>(o, isLeft: false) ?? Lane2<T, uint, T, ShiftRight<T>>()(o);

    /// <summary>The fast form of a shift by a constant below the width; null for every other shift.</summary>
    private static ConstantShift<T>? Shift<T>(Operands o, bool isLeft) where T : unmanaged
    {
        o.Expect(3);
        var size = Unsafe.SizeOf<T>();
        return o.LiteralOrNull(2) is { } count && count < (ulong)(size * 8)
            ? new ConstantShift<T>(o.Destination(0, size), o.Source(1, size), (int)count, isLeft)
            : null;
    }
}
