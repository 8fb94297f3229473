using System.Numerics;
using System.Runtime.CompilerServices;

namespace DPT.Engine.Ptx;

/// <summary><c>atom</c> and <c>red</c>.</summary>
internal static class AtomicFamily
{
    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        words.Ignore("relaxed", "acquire", "release", "acq_rel", "cta", "gpu", "sys", "noftz");
        var kind = MemoryFamily.KindOf(words.TakeOne("global", "shared"));
        var operation = words.TakeOne("add", "min", "max", "and", "or", "xor", "exch", "cas");
        return (operation, words.TakeLast()) switch
        {
            ("cas", "b32" or "u32" or "s32") => CompareAndSwap<uint>(o, kind),
            ("cas", "b64" or "u64" or "s64") => CompareAndSwap<ulong>(o, kind),
            ("add", "f32") => Make<float, AtomicAdd<float>>(o, kind),
            ("add", "f64") => Make<double, AtomicAdd<double>>(o, kind),
            ("exch" or "and" or "or" or "xor", "b32" or "u32" or "s32") => Bits<uint>(operation, o, kind),
            ("exch" or "and" or "or" or "xor", "b64" or "u64" or "s64") => Bits<ulong>(operation, o, kind),
            (_, "u32") => Numbers<uint>(operation, o, kind),
            (_, "s32") => Numbers<int>(operation, o, kind),
            (_, "u64") => Numbers<ulong>(operation, o, kind),
            (_, "s64") => Numbers<long>(operation, o, kind),
            _ => null,
        };
    }

    private static MachineInstruction? Numbers<T>(string? operation, Operands o, SpaceKind? kind)
        where T : unmanaged, IBinaryInteger<T> => operation switch
        {
            "add" => Make<T, AtomicAdd<T>>(o, kind),
            "min" => Make<T, AtomicMin<T>>(o, kind),
            "max" => Make<T, AtomicMax<T>>(o, kind),
            _ => null,
        };

    private static MachineInstruction? Bits<T>(string? operation, Operands o, SpaceKind? kind)
        where T : unmanaged, IBinaryInteger<T> => operation switch
        {
            "and" => Make<T, AtomicAnd<T>>(o, kind),
            "or" => Make<T, AtomicOr<T>>(o, kind),
            "xor" => Make<T, AtomicXor<T>>(o, kind),
            _ => Make<T, AtomicExchange<T>>(o, kind),
        };

    private static AtomicInstruction<T, TOp>? Make<T, TOp>(Operands o, SpaceKind? kind)
        where T : unmanaged
        where TOp : struct, ILaneBinary<T, T, T>
    {
        var size = Unsafe.SizeOf<T>();
        var isReduction = o.Instruction.Name == "red";
        o.Expect(isReduction ? 2 : 3);
        return kind is not { } space ? null
            : isReduction ? new AtomicInstruction<T, TOp>(space, o.Address(0), null, o.Source(1, size))
            : new AtomicInstruction<T, TOp>(space, o.Address(1), o.Destination(0, size), o.Source(2, size));
    }

    private static CompareAndSwapInstruction<T>? CompareAndSwap<T>(Operands o, SpaceKind? kind)
        where T : unmanaged, IBinaryInteger<T>
    {
        var size = Unsafe.SizeOf<T>();
        o.Expect(4);
        return kind is { } space && o.Instruction.Name == "atom"
            ? new CompareAndSwapInstruction<T>(
                space, o.Address(1), o.Destination(0, size), o.Source(2, size), o.Source(3, size))
            : null;
    }
}
