using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary><c>wgmma</c> and <c>setmaxnreg</c>: what four warps do together.</summary>
internal static class WarpGroupFamily
{
    private const int FewestRegisters = 24;
    private const int MostRegisters = 256;
    private const int FragmentsOfA = 4;

    public static MachineInstruction? Decode(Operands o, Modifiers words)
    {
        if (!words.Take("sync") || !words.Take("aligned"))
        {
            return null;
        }

        switch (words.TakeOne("fence", "commit_group", "wait_group", "mma_async"))
        {
            case "fence":
                o.Expect(0);
                return new GroupFence();
            case "commit_group":
                o.Expect(0);
                return new CommitProducts();
            case "wait_group":
                o.Expect(1);
                return new WaitProducts((int)o.Literal(0));
            case "mma_async":
                return Multiply(o, words);
            default:
                return null;
        }
    }

    public static MachineInstruction? Registers(Operands o, Modifiers words)
    {
        o.Expect(1);
        var count = o.Literal(0);
        if (count is < FewestRegisters or > MostRegisters || count % 8 != 0)
        {
            throw o.Fault($"asks for {count} registers: {FewestRegisters} to {MostRegisters}, a multiple of 8");
        }

        return words.TakeOne("inc", "dec") is not null && words.Take("sync") && words.Take("aligned") && words.Take("u32")
            ? new LimitRegisters((int)count)
            : null;
    }

    private static GroupMultiplyInstruction? Multiply(Operands o, Modifiers words)
    {
        if (!words.Take("f32") || !words.Take("bf16") || !words.Take("bf16") || Columns(words.TakeLast()) is not { } n)
        {
            return null;
        }

        var isInRegisters = o[1] is PtxVector;
        o.Expect(isInRegisters ? 7 : 8);
        var sums = o.Vector(0);
        if (sums.Count != n / 2)
        {
            throw o.Fault($"has {sums.Count} sums a thread, m64n{n} has {n / 2}");
        }

        o.Watch(0);
        if (isInRegisters)
        {
            o.Watch(1);
        }

        var factors = o.Vector(1);
        var places = sums.Select(s => o.Destination(s, sizeof(float))).ToArray();
        foreach (var sum in sums)
        {
            o.Source(sum, sizeof(float));
        }

        return isInRegisters && factors.Count != FragmentsOfA ? null : new GroupMultiplyInstruction
        {
            N = n,
            Sums = places,
            A = [.. factors.Select(f => o.Source(f, isInRegisters ? sizeof(uint) : sizeof(ulong)))],
            B = o.Source(2, sizeof(ulong)),
            Keep = o.Predicate(3),
            Signs = (Sign(o, 4), Sign(o, 5)),
            AreTransposed = (!isInRegisters && Bit(o, 6), Bit(o, isInRegisters ? 6 : 7)),
            WatchedSums = o.Watched(0),
            WatchedFactors = isInRegisters ? o.Watched(1) : [],
        };
    }

    /// <summary>N of <c>m64nNk16</c>: a multiple of 8 up to 256.</summary>
    private static int? Columns(string shape)
    {
        const string Before = "m64n", Behind = "k16";
        return shape.StartsWith(Before, StringComparison.Ordinal) && shape.EndsWith(Behind, StringComparison.Ordinal)
            && int.TryParse(shape[Before.Length..^Behind.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && n is >= 8 and <= 256 && n % 8 == 0
            ? n
            : null;
    }

    private static float Sign(Operands o, int i) =>
        o.Literal(i) is var sign && (sign is 1 or -1) ? sign : throw o.Fault("scales a factor by what is not 1 or -1");

    private static bool Bit(Operands o, int i) =>
        o.Literal(i) is var bit && (bit is 0 or 1) ? bit != 0 : throw o.Fault("transposes by what is not 0 or 1");
}
