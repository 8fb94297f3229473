using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary><c>cvt</c></summary>
internal static class ConversionFamily
{
    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        if (Packed(o, words) is { } packed)
        {
            return packed;
        }

        o.Expect(2);
        var from = words.TakeLast();
        var to = words.TakeLast();
        var rounding = words.TakeOne("rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi") ?? "";
        var mode = new ConversionMode(
            RoundingOf(rounding), rounding.EndsWith('i'), words.Take("ftz"), words.Take("sat"));
        var (d, toBytes) = o.AnyDestination(o[0]);
        var isImmediate = o[1] is PtxNumber;
        var fromBytes = isImmediate ? Math.Max(2, PtxType.Bytes("." + from)) : o.WidthOf(o[1]);
        return !IsAllowed(from, to, mode) ? null
            : Width(o.Instruction.Opcode, toBytes, d, fromBytes, o.Source(1, fromBytes)) is { } width ? width
            : From(from, fromBytes, new Source(to, toBytes, d, o.Source(1, fromBytes), mode));
    }

    /// <summary>Between 32 and 64 bits, which every address needs, there is a fast form.</summary>
    private static MachineInstruction? Width(string opcode, int toBytes, int d, int fromBytes, int a) =>
        (opcode, toBytes, fromBytes) switch
        {
            ("cvt.u64.u32" or "cvt.s64.u32", 8, 4) => new WidenInstruction<WidenUnsigned>(d, a),
            ("cvt.u64.s32" or "cvt.s64.s32", 8, 4) => new WidenInstruction<WidenSigned>(d, a),
            ("cvt.u32.u64" or "cvt.u32.s64" or "cvt.s32.u64" or "cvt.s32.s64", 4, 8) => new NarrowInstruction(d, a),
            _ => null,
        };

    private static MachineInstruction? Packed(Operands o, Modifiers words)
    {
        var opcode = o.Instruction.Opcode;
        var make = opcode switch
        {
            "cvt.rn.bf16x2.f32" => InstructionTable.Lane2<float, float, uint, PackBFloat16>(),
            "cvt.rn.f16x2.f32" => InstructionTable.Lane2<float, float, uint, PackHalf>(),
            "cvt.rn.bf16.f32" => InstructionTable.Lane1<float, ushort, RoundToBFloat16>(),
            "cvt.rna.tf32.f32" => InstructionTable.Lane1<float, uint, RoundToTensorFloat32>(),
            _ => null,
        };
        if (make is null)
        {
            return null;
        }

        while (!words.AreTaken)
        {
            words.TakeLast();
        }

        return make(o);
    }

    private static PtxRounding RoundingOf(string word) => word switch
    {
        "" => PtxRounding.None,
        "rn" or "rni" => PtxRounding.Nearest,
        "rz" or "rzi" => PtxRounding.Zero,
        "rm" or "rmi" => PtxRounding.Down,
        _ => PtxRounding.Up,
    };

    /// <summary>PTX wants a rounding where something can be lost, and only there.</summary>
    private static bool IsAllowed(string from, string to, ConversionMode mode)
    {
        var (a, r) = (IsFloat(from), IsFloat(to));
        var isIntegral = mode is { ToInteger: true, Rounding: not PtxRounding.None };
        var isRounded = mode is { ToInteger: false, Rounding: not PtxRounding.None };
        return (a, r) switch
        {
            (true, false) => isIntegral,
            (false, true) => isRounded,
            (false, false) => mode is { Rounding: PtxRounding.None, IsFlushed: false },
            _ => to == from ? !isRounded
                : PtxType.Bytes("." + to) < PtxType.Bytes("." + from) ? isRounded
                : mode.Rounding == PtxRounding.None,
        };
    }

    private static bool IsFloat(string type) => type is "f16" or "f32" or "f64";

    private static MachineInstruction? From(string type, int width, Source source) => (type, width) switch
    {
        ("u8", 2) => source.To<ushort, byte>(),
        ("u8", 4) => source.To<uint, byte>(),
        ("s8", 2) => source.To<ushort, sbyte>(),
        ("s8", 4) => source.To<uint, sbyte>(),
        ("u16", 2) => source.To<ushort, ushort>(),
        ("u16", 4) => source.To<uint, ushort>(),
        ("s16", 2) => source.To<short, short>(),
        ("s16", 4) => source.To<uint, short>(),
        ("u32", 4) => source.To<uint, uint>(),
        ("s32", 4) => source.To<int, int>(),
        ("u32", 8) => source.To<ulong, uint>(),
        ("s32", 8) => source.To<ulong, int>(),
        ("u64", 8) => source.To<ulong, ulong>(),
        ("s64", 8) => source.To<long, long>(),
        ("f16", 2) => source.To<Half, Half>(),
        ("f32", 4) => source.To<float, float>(),
        ("f64", 8) => source.To<double, double>(),
        _ => null,
    };

    /// <summary>The rest of the instruction, while its types become known.</summary>
    private sealed record Source(string Type, int Width, int Destination, int Register, ConversionMode Mode)
    {
        public MachineInstruction? To<TFrom, TA>()
            where TFrom : unmanaged, INumber<TFrom>
            where TA : unmanaged, INumber<TA> => (Type, Width) switch
            {
                ("u8", 2) => Make<TFrom, TA, byte, ushort>(),
                ("u8", 4) => Make<TFrom, TA, byte, uint>(),
                ("s8", 2) => Make<TFrom, TA, sbyte, short>(),
                ("s8", 4) => Make<TFrom, TA, sbyte, int>(),
                ("u16", 2) => Make<TFrom, TA, ushort, ushort>(),
                ("u16", 4) => Make<TFrom, TA, ushort, uint>(),
                ("s16", 2) => Make<TFrom, TA, short, short>(),
                ("s16", 4) => Make<TFrom, TA, short, int>(),
                ("u32", 4) => Make<TFrom, TA, uint, uint>(),
                ("s32", 4) => Make<TFrom, TA, int, int>(),
                ("u64", 8) => Make<TFrom, TA, ulong, ulong>(),
                ("s64", 8) => Make<TFrom, TA, long, long>(),
                ("f16", 2) => Make<TFrom, TA, Half, Half>(),
                ("f32", 4) => Make<TFrom, TA, float, float>(),
                ("f64", 8) => Make<TFrom, TA, double, double>(),
                _ => null,
            };

        private ConvertInstruction<TFrom, TA, TR, TTo> Make<TFrom, TA, TR, TTo>()
            where TFrom : unmanaged, INumber<TFrom>
            where TA : unmanaged, INumber<TA>
            where TR : unmanaged, INumber<TR>
            where TTo : unmanaged, INumber<TTo> => new(Destination, Register, Mode);
    }
}
