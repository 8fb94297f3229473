using FsCheck;
using FsCheck.Fluent;

namespace Kernels.Tests;

/// <summary>
/// Straight programs on eight registers, a predicate, arrays in local memory with known, unknown and escaping addresses, and
/// 16 words of shared memory for each lane, as ILGPU prints them; every register and every word is stored at the end.
/// </summary>
internal static class RandomProgram
{
    private const int Registers = 8;
    private const int Words = 4;
    private const int SharedWords = 16;

    private const string Start = """
        .reg .pred %p<2>; .reg .b32 %r<8>; .reg .b32 %i; .reg .b64 %rd<7>; .reg .b64 %a;
        .local .align 16 .b8 first[16]; .local .align 16 .b8 second[16];
        mov.u32 %i, %tid.x; mul.wide.u32 %rd0, %i, 4; add.u64 %a, %x, %rd0;
        .shared .align 16 .b8 tile[2048]; .reg .b64 %tile; .reg .b64 %rd7; .reg .b64 %rd8; .reg .b32 %j; .reg .b32 %k;
        mov.b64 %tile, tile; mul.wide.u32 %rd7, %i, 64; add.u64 %tile, %tile, %rd7;
        mov.b64 %rd1, first; mov.b64 %rd2, second; and.b32 %i, %i, 3; mul.wide.u32 %rd3, %i, 4;
        """;

    private static readonly Gen<int> Register = Gen.Choose(0, Registers - 1);

    private static readonly Gen<int> Word = Gen.Choose(0, Words - 1).Select(w => 4 * w);

    private static readonly Gen<string> Guard = Gen.Frequency(
        (4, Gen.Constant("")), (1, Gen.Constant("@%p0 ")), (1, Gen.Constant("@!%p0 ")));

    /// <summary>What becomes of an index %k below 16, which stays below 16.</summary>
    private static readonly Gen<string> Swizzles = Gen.Frequency(
        (1, Gen.Constant("")),
        (2, from mask in Gen.Choose(0, 15) select $"xor.b32 %k, %k, {mask}; "),
        (1, from first in Gen.Choose(0, 7)
            from far in Gen.Elements(0, 8)
            from last in Gen.Choose(0, 7)
            select $"xor.b32 %k, %j, {first}; add.s32 %k, %k, {far}; xor.b32 %k, %k, {last}; "));

    private static readonly Gen<string> Instructions = Gen.Frequency(
        (6, from g in Guard
            from op in Gen.Elements("add.u32", "sub.s32", "mul.lo.u32", "xor.b32", "min.s32", "max.u32")
            from d in Register
            from a in Register
            from b in Register
            select $"{g}{op} %r{d}, %r{a}, %r{b};"),
        (3, from g in Guard from d in Register from a in Register select $"{g}mov.b32 %r{d}, %r{a};"),
        (1, from op in Gen.Elements("lt.s32", "ge.u32", "eq.b32")
            from a in Register
            from b in Register
            select $"setp.{op} %p0, %r{a}, %r{b};"),
        (1, from d in Register from a in Register from b in Register select $"selp.b32 %r{d}, %r{a}, %r{b}, %p0;"),
        (4, from g in Guard
            from array in Gen.Choose(1, 2)
            from at in Word
            from a in Register
            select $"{g}st.local.b32 [%rd{array}+{at}], %r{a};"),
        (4, from g in Guard
            from array in Gen.Choose(1, 2)
            from at in Word
            from d in Register
            select $"{g}ld.local.b32 %r{d}, [%rd{array}+{at}];"),
        (1, from array in Gen.Choose(1, 2)
            from a in Register
            from b in Register
            select $"st.local.v2.b32 [%rd{array}+8], {{%r{a}, %r{b}}};"),
        (1, from array in Gen.Choose(1, 2)
            from w in Gen.Choose(0, Words - 1)
            from d in Register
            select $"mul.wide.u32 %rd4, {w}, 4; add.u64 %rd5, %rd{array}, %rd4; ld.local.b32 %r{d}, [%rd5];"),
        (1, from d in Register select $"add.u64 %rd6, %rd2, %rd3; ld.local.b32 %r{d}, [%rd6];"),
        (2, from a in Register select $"and.b32 %j, %r{a}, 7;"),
        (6, from offset in Gen.Choose(0, 8)
            from index in Swizzles
            from a in Register
            from guard in Guard
            from access in Gen.Elements($"ld.shared.b32 %r{a}, [%rd8];", $"st.shared.b32 [%rd8], %r{a};")
            select $"add.s32 %k, %j, {offset}; {index}mul.wide.u32 %rd7, %k, 4; add.u64 %rd8, %tile, %rd7; {guard}{access}"));

    /// <summary>Bodies.</summary>
    public static Gen<string> Bodies { get; } = Instructions.ArrayOf().Select(lines => string.Join('\n', lines));

    /// <summary>What the body leaves in every lane, after passes over its module.</summary>
    public static uint[] Run(string body, Func<PtxModule, PtxModule> passes)
    {
        using var rig = new PtxRig(threads: 1);
        rig.Add<uint>("x", [.. Enumerable.Range(1, Registers * 32).Select(i => (uint)i * 2654435761u)]);
        var output = rig.Add<uint>("out", new uint[(Registers + (2 * Words) + SharedWords) * 32]);
        var loads = Enumerable.Range(0, Registers).Select(r => $"ld.global.b32 %r{r}, [%a+{128 * r}];");
        var shared = Enumerable.Range(0, SharedWords).ToList();
        var sharedClears = shared.Select(w => $"st.shared.b32 [%tile+{4 * w}], {w};").Append("and.b32 %j, %r0, 7;");
        var sharedStores = shared.Select(w =>
            $"ld.shared.b32 %r0, [%tile+{4 * w}]; st.global.b32 [%a+{128 * (Registers + (2 * Words) + w)}], %r0;");
        var clears = Enumerable.Range(0, Words).Select(w => $"st.local.b32 [%rd1+{4 * w}], 7; st.local.b32 [%rd2+{4 * w}], %r{w};");
        var stores = Enumerable.Range(0, Registers).Select(r => $"st.global.b32 [%a+{128 * r}], %r{r};");
        var locals = Enumerable.Range(0, 2 * Words).Select(w =>
            $"ld.local.b32 %r0, [%rd{1 + (w / Words)}+{4 * (w % Words)}]; st.global.b32 [%a+{128 * (Registers + w)}], %r0;");
        var text = rig.Text(string.Join('\n', [
            Start, "setp.eq.u32 %p0, %i, 1;", .. loads, .. clears, .. sharedClears, body, "add.u64 %a, %out, %rd0;", .. stores, .. locals,
            .. sharedStores, "ret;"]));
        rig.RunModule(passes(PtxParser.Parse(text)).ToString());
        return rig.Device.Download(output);
    }
}
