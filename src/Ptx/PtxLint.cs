namespace DPT.Engine.Ptx;

/// <summary>
/// What a kernel's text lacks on some path through it, as far as text tells: fences and waits of what works in the background. The
/// assembler takes such text without a word. What depends on addresses or on counts of groups, the simulator finds.
/// </summary>
public static class PtxLint
{
    /// <summary>One line for each instruction that needs what does not come before it on some path; none for right text.</summary>
    public static IReadOnlyList<string> Of(PtxModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return [.. module.Functions.Where(f => f.Body is not null).SelectMany(Of)];
    }

    private static IEnumerable<string> Of(PtxFunction function)
    {
        var flow = new PtxFlow(function);
        for (var at = 0; at < flow.Instructions.Count; at++)
        {
            var instruction = flow.Instructions[at];
            if (WhatIsMissing(flow, at) is { } missing)
            {
                yield return $"{instruction.Place}: {missing}: {instruction.ToString().Replace('\t', ' ')}";
            }
        }
    }

    private static string? WhatIsMissing(PtxFlow flow, int at)
    {
        var instruction = flow.Instructions[at];
        if (IsProduct(instruction))
        {
            var registers = HeldBy(instruction);
            return Reaches(flow, at, i => Touches(i, registers), i => i.Opcode.StartsWith("wgmma.fence", StringComparison.Ordinal), fromStart: true)
                ? "no wgmma.fence before a product, behind what touches its registers or the start of the kernel"
                : null;
        }

        var touched = PtxBody.Reads(instruction).Concat(PtxBody.Writes(instruction)).ToHashSet();
        return instruction.Name != "wgmma"
            && Reaches(flow, at, i => IsProduct(i) && SumsOf(i).Overlaps(touched), i => i.Opcode.StartsWith("wgmma.wait_group", StringComparison.Ordinal))
                ? "no wgmma.wait_group before sums are touched"
            : instruction.Has("bulk_group")
            && Reaches(flow, at, WritesShared, i => i.Opcode.StartsWith("fence.proxy.async", StringComparison.Ordinal))
                ? "no fence.proxy.async between a write to shared memory and a bulk store"
            : instruction.Has("bulk") && instruction.Has("mbarrier::complete_tx::bytes")
            && Reaches(flow, at, i => i.Opcode.StartsWith("mbarrier.init", StringComparison.Ordinal), MakesBarriersVisible)
                ? "no fence.mbarrier_init between an mbarrier that is made and a bulk copy"
            : null;
    }

    /// <summary>Whether a path leads from such an instruction to that place and meets none that stops it.</summary>
    private static bool Reaches(
        PtxFlow flow, int at, Func<PtxInstruction, bool> isSource, Func<PtxInstruction, bool> stops, bool fromStart = false)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>([at]);
        while (open.TryPop(out var place))
        {
            if (fromStart && place == 0)
            {
                return true;
            }

            foreach (var before in flow.Previous(place).Where(seen.Add))
            {
                var instruction = flow.Instructions[before];
                if (stops(instruction))
                {
                    continue;
                }

                if (isSource(instruction))
                {
                    return true;
                }

                open.Push(before);
            }
        }

        return false;
    }

    private static bool IsProduct(PtxInstruction instruction) => instruction.Name == "wgmma" && instruction.Has("mma_async");

    private static bool Touches(PtxInstruction instruction, HashSet<string> registers) =>
        instruction.Name != "wgmma" && PtxBody.Reads(instruction).Concat(PtxBody.Writes(instruction)).Any(registers.Contains);

    private static HashSet<string> SumsOf(PtxInstruction product) => [.. Names(product.Operands[0])];

    /// <summary>The sums, and the left factor if it is in registers.</summary>
    private static HashSet<string> HeldBy(PtxInstruction product) => [.. product.Operands.Take(2).OfType<PtxVector>().SelectMany(Names)];

    private static IEnumerable<string> Names(PtxOperand operand) => operand.Parts.OfType<PtxName>().Select(n => n.Name);

    private static bool WritesShared(PtxInstruction instruction) =>
        instruction.Name is "st" or "stmatrix" && instruction.Modifiers.ToArray().Any(m => m is "shared" or "shared::cta");

    private static bool MakesBarriersVisible(PtxInstruction instruction) =>
        instruction.Opcode.StartsWith("fence.mbarrier_init", StringComparison.Ordinal)
        || instruction.Opcode.StartsWith("fence.proxy.async", StringComparison.Ordinal);
}
