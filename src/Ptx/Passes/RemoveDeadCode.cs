namespace DPT.Engine.Ptx;

/// <summary>Takes out instructions that only compute a register which nobody reads afterwards: what other passes left.</summary>
internal static class RemoveDeadCode
{
    /// <summary>Instructions that do nothing but write their result; with <c>.cc</c> they leave a carry behind too.</summary>
    private static readonly HashSet<string> Pure =
    [
        "abs", "add", "and", "cvt", "cvta", "div", "fma", "mad", "max", "min", "mov", "mul", "neg", "not", "or", "rem", "selp", "setp",
        "shl", "shr", "sub", "xor",
    ];

    public static PtxModule Apply(PtxModule module) => module with { Functions = [.. module.Functions.Select(Apply)] };

    private static PtxFunction Apply(PtxFunction function)
    {
        if (function.Body is null)
        {
            return function;
        }

        var dead = Dead(new PtxFlow(function));
        return dead.Count == 0 ? function : function with
        {
            Body = PtxBody.Rewrite(function.Body, s => dead.Contains(s) ? [] : [s]),
        };
    }

    /// <summary>Liveness, backwards until nothing changes; what a dead instruction reads does not count.</summary>
    private static HashSet<PtxStatement> Dead(PtxFlow flow)
    {
        var count = flow.Instructions.Count;
        var numbers = new Dictionary<string, int>();
        var reads = new int[count][];
        var writes = new int[count][];
        for (var at = 0; at < count; at++)
        {
            reads[at] = [.. PtxBody.Reads(flow.Instructions[at]).Select(Number)];
            writes[at] = [.. PtxBody.Writes(flow.Instructions[at]).Select(Number)];
        }

        var words = (numbers.Count + 63) / 64;
        // What some needed instruction reads, from there on, before it is written.
        var live = new ulong[count][];
        for (var at = 0; at < count; at++)
        {
            live[at] = new ulong[words];
        }

        var open = new Stack<int>(Enumerable.Range(0, count));
        var isOpen = new bool[count];
        Array.Fill(isOpen, true);
        var after = new ulong[words];
        while (open.TryPop(out var at))
        {
            isOpen[at] = false;
            LiveAfter(at, after);
            if (IsNeeded(at, after))
            {
                Clear(at, after);
                foreach (var register in reads[at])
                {
                    after[register >> 6] |= 1UL << (register & 63);
                }
            }

            if (!after.AsSpan().SequenceEqual(live[at]))
            {
                after.CopyTo(live[at], 0);
                foreach (var before in flow.Previous(at).Where(p => !isOpen[p]))
                {
                    isOpen[before] = true;
                    open.Push(before);
                }
            }
        }

        var dead = new HashSet<PtxStatement>(ReferenceEqualityComparer.Instance);
        for (var at = 0; at < count; at++)
        {
            LiveAfter(at, after);
            if (!IsNeeded(at, after))
            {
                dead.Add(flow.Instructions[at]);
            }
        }

        return dead;

        int Number(string register)
        {
            if (!numbers.TryGetValue(register, out var number))
            {
                numbers[register] = number = numbers.Count;
            }

            return number;
        }

        void LiveAfter(int at, ulong[] set)
        {
            Array.Clear(set);
            foreach (var next in flow.Next(at))
            {
                for (var word = 0; word < words; word++)
                {
                    set[word] |= live[next][word];
                }
            }
        }

        bool IsNeeded(int at, ulong[] set) =>
            !Pure.Contains(flow.Instructions[at].Name)
            || flow.Instructions[at].Has("cc")
            || writes[at].Length == 0
            || writes[at].Any(register => (set[register >> 6] & (1UL << (register & 63))) != 0);

        void Clear(int at, ulong[] set)
        {
            if (flow.Instructions[at].Guard is null)
            {
                foreach (var register in writes[at])
                {
                    set[register >> 6] &= ~(1UL << (register & 63));
                }
            }
        }
    }
}
