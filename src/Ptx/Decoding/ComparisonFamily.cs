using System.Runtime.CompilerServices;

namespace DPT.Engine.Ptx;

/// <summary>Comparisons, selections, and predicates joined with each other.</summary>
internal static class ComparisonFamily
{
    public static MachineInstruction? Compare(Operands o, Modifiers words)
    {
        var type = words.TakeLast();
        var isFlushed = words.Take("ftz");
        var join = Join(words.TakeOne("and", "or", "xor"));
        var relation = words.TakeLast();
        return type switch
        {
            "f32" when isFlushed => Floats<float>(relation, new FlushedMaker(o, join)),
            _ when isFlushed => null,
            "f32" => Floats<float>(relation, new Maker<float>(o, join)),
            "f64" => Floats<double>(relation, new Maker<double>(o, join)),
            "s16" => Integers<short>(relation, new Maker<short>(o, join)),
            "u16" or "b16" => Integers<ushort>(relation, new Maker<ushort>(o, join)),
            "s32" => Integers<int>(relation, new Maker<int>(o, join)),
            "u32" or "b32" => Integers<uint>(relation, new Maker<uint>(o, join)),
            "s64" => Integers<long>(relation, new Maker<long>(o, join)),
            "u64" or "b64" => Integers<ulong>(relation, new Maker<ulong>(o, join)),
            _ => null,
        };
    }

    public static MachineInstruction? Select(Operands o, Modifiers words)
    {
        o.Expect(4);
        return words.TakeLast() switch
        {
            "b16" or "s16" or "u16" => Make<ushort>(),
            "b32" or "s32" or "u32" or "f32" => Make<uint>(),
            "b64" or "s64" or "u64" or "f64" => Make<ulong>(),
            _ => null,
        };

        Select<T> Make<T>() where T : unmanaged
        {
            var size = Unsafe.SizeOf<T>();
            return new Select<T>(o.Destination(0, size), o.Source(1, size), o.Source(2, size), o.Predicate(3));
        }
    }

    public static MachineInstruction? Predicate(Operands o, Modifiers words)
    {
        if (!words.Take("pred"))
        {
            return null;
        }

        var d = o.PredicateDestination(o[0]);
        var (offset, flip) = o.Predicate(1);
        return o.Instruction.Name == "not"
            ? new PredicateInstruction(d, (offset, ~flip), (offset, flip), PredicateJoin.None)
            : new PredicateInstruction(d, (offset, flip), o.Predicate(2), Join(o.Instruction.Name));
    }

    private static PredicateJoin Join(string? word) => word switch
    {
        "and" => PredicateJoin.And,
        "or" => PredicateJoin.Or,
        "xor" => PredicateJoin.Xor,
        _ => PredicateJoin.None,
    };

    private static MachineInstruction? Integers<T>(string relation, Maker<T> maker) where T : unmanaged => relation switch
    {
        "eq" => maker.Make<IsEqual<T>>(),
        "ne" => maker.Make<IsNotEqual<T>>(),
        "lt" or "lo" => maker.Make<IsLess<T>>(),
        "le" or "ls" => maker.Make<IsLessOrEqual<T>>(),
        "gt" or "hi" => maker.Make<Swapped<T, IsLess<T>>>(),
        "ge" or "hs" => maker.Make<Swapped<T, IsLessOrEqual<T>>>(),
        _ => null,
    };

    private static MachineInstruction? Floats<T>(string relation, Maker<T> maker) where T : unmanaged => relation switch
    {
        "ne" => maker.Make<AreDifferentNumbers<T>>(),
        "equ" => maker.Make<Opposite<T, AreDifferentNumbers<T>>>(),
        "neu" => maker.Make<IsNotEqual<T>>(),
        "ltu" => maker.Make<Opposite<T, Swapped<T, IsLessOrEqual<T>>>>(),
        "leu" => maker.Make<Opposite<T, Swapped<T, IsLess<T>>>>(),
        "gtu" => maker.Make<Opposite<T, IsLessOrEqual<T>>>(),
        "geu" => maker.Make<Opposite<T, IsLess<T>>>(),
        "num" => maker.Make<AreNumbers<T>>(),
        "nan" => maker.Make<Opposite<T, AreNumbers<T>>>(),
        "eq" or "lt" or "le" or "gt" or "ge" => Integers(relation, maker),
        _ => null,
    };

    /// <summary>Makes the instruction once the comparison is known.</summary>
    private class Maker<T>(Operands o, PredicateJoin join) where T : unmanaged
    {
        public virtual MachineInstruction Make<TOp>() where TOp : struct, IComparison<T> => Finish<T, TOp>();

        protected Compare<TValue, TOp> Finish<TValue, TOp>()
            where TValue : unmanaged
            where TOp : struct, IComparison<TValue>
        {
            o.Expect(join == PredicateJoin.None ? 3 : 4);
            var size = Unsafe.SizeOf<TValue>();
            var (p, q) = o[0] is PtxPair pair
                ? (o.PredicateDestination(pair.First), (int?)o.PredicateDestination(pair.Second))
                : (o.PredicateDestination(o[0]), null);
            var other = join == PredicateJoin.None ? default : o.Predicate(3);
            return new Compare<TValue, TOp>(p, q, o.Source(1, size), o.Source(2, size), join, other);
        }
    }

    private sealed class FlushedMaker(Operands o, PredicateJoin join) : Maker<float>(o, join)
    {
        public override MachineInstruction Make<TOp>() => Finish<float, FlushedComparison<TOp>>();
    }
}
