using System.Numerics;

namespace DPT.Engine.Ptx;

/// <summary>Loads and stores.</summary>
internal static class MemoryFamily
{
    /// <summary>What only says how memory is cached or ordered: stores are seen at once here.</summary>
    private static readonly string[] Hints =
    [
        "weak", "volatile", "relaxed", "acquire", "release", "cta", "gpu", "sys",
        "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "L1::evict_normal", "L1::evict_unchanged", "L1::evict_first",
        "L1::evict_last", "L1::no_allocate", "L2::64B", "L2::128B", "L2::256B",
    ];

    public static MachineInstruction? Load(Operands o, Modifiers words)
    {
        var (space, count, type) = Parse(words);
        o.Expect(2);
        if (space == "param")
        {
            return count == 1 ? Parameter(o, type) : null;
        }

        var parts = o.Vector(0);
        if (KindOf(space) is not { } kind || parts.Count != count)
        {
            return null;
        }

        var places = parts.Select(o.AnyDestination).ToArray();
        int[] d = [.. places.Select(p => p.Offset)];
        return Switch(type, places[0].Bytes, new LoadMaker(kind, o.Address(1), d));
    }

    public static MachineInstruction? Store(Operands o, Modifiers words)
    {
        var (space, count, type) = Parse(words);
        o.Expect(2);
        var parts = o.Vector(1);
        if (KindOf(space) is not { } kind || parts.Count != count)
        {
            return null;
        }

        var width = parts[0] is PtxNumber ? Math.Max(2, PtxType.Bytes("." + type)) : o.WidthOf(parts[0]);
        int[] sources = [.. parts.Select(p => o.Source(p, width))];
        return Switch(type, width, new StoreMaker(kind, o.Address(0), sources));
    }

    /// <summary>The memory of that name; an empty name is the generic one.</summary>
    public static SpaceKind? KindOf(string? space) => space switch
    {
        null or "" => SpaceKind.Generic,
        "global" => SpaceKind.Global,
        "shared" => SpaceKind.Shared,
        "local" => SpaceKind.Local,
        _ => null,
    };

    private static (string? Space, int Count, string Type) Parse(Modifiers words)
    {
        words.Take("shared::cta");
        words.Ignore(Hints);
        var space = words.TakeOne("global", "shared", "local", "param", "const");
        var count = words.TakeOne("v2", "v4") switch
        {
            "v2" => 2,
            "v4" => 4,
            _ => 1,
        };
        return (space, count, words.TakeLast());
    }

    private static LoadParameter? Parameter(Operands o, string type)
    {
        var bytes = PtxType.Bytes("." + type);
        var address = (PtxAddress)o[1];
        var (d, width) = o.AnyDestination(o[0]);
        return o.Symbol(1) is { Space: ".param" } symbol && width >= bytes
            ? new LoadParameter(symbol.Offset + (int)address.Offset, bytes, d, width, type.StartsWith('s'))
            : null;
    }

    private static MachineInstruction? Switch(string type, int width, Maker maker) => (type, width) switch
    {
        ("u8" or "b8", 2) => maker.Make<byte, ushort>(),
        ("u8" or "b8", 4) => maker.Make<byte, uint>(),
        ("u8" or "b8", 8) => maker.Make<byte, ulong>(),
        ("s8", 2) => maker.Make<sbyte, ushort>(),
        ("s8", 4) => maker.Make<sbyte, uint>(),
        ("s8", 8) => maker.Make<sbyte, ulong>(),
        ("u16" or "b16" or "f16" or "bf16", 2) => maker.Make<ushort, ushort>(),
        ("u16" or "b16", 4) => maker.Make<ushort, uint>(),
        ("u16" or "b16", 8) => maker.Make<ushort, ulong>(),
        ("s16", 2) => maker.Make<ushort, ushort>(),
        ("s16", 4) => maker.Make<short, uint>(),
        ("s16", 8) => maker.Make<short, ulong>(),
        ("u32" or "b32" or "f32" or "s32" or "f16x2" or "bf16x2", 4) => maker.Make<uint, uint>(),
        ("u32" or "b32", 8) => maker.Make<uint, ulong>(),
        ("s32", 8) => maker.Make<int, ulong>(),
        ("u64" or "b64" or "s64" or "f64", 8) => maker.Make<ulong, ulong>(),
        _ => null,
    };

    /// <summary>Makes the instruction once the types are known.</summary>
    private abstract class Maker
    {
        public abstract MachineInstruction Make<TMemory, TRegister>()
            where TMemory : unmanaged, IBinaryInteger<TMemory>
            where TRegister : unmanaged, IBinaryInteger<TRegister>;
    }

    private sealed class LoadMaker(SpaceKind space, (int, int, long) address, int[] d) : Maker
    {
        public override MachineInstruction Make<TMemory, TRegister>() =>
            new LoadInstruction<TMemory, TRegister>(space, address, d);
    }

    private sealed class StoreMaker(SpaceKind space, (int, int, long) address, int[] sources) : Maker
    {
        public override MachineInstruction Make<TMemory, TRegister>() =>
            new StoreInstruction<TMemory, TRegister>(space, address, sources);
    }
}
