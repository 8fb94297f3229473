namespace DPT.Engine.Ptx;

/// <summary>Instructions whose spelling has too many forms for a table.</summary>
internal static class InstructionFamilies
{
    /// <summary>The instruction; null if it is not known.</summary>
    public static MachineInstruction? Decode(Operands operands)
    {
        var words = new Modifiers(operands.Instruction);
        var decoded = operands.Instruction.Name switch
        {
            "mov" => MoveFamily.Decode(operands, words),
            "cvta" => MoveFamily.ConvertAddress(operands, words),
            "setp" => ComparisonFamily.Compare(operands, words),
            "selp" => ComparisonFamily.Select(operands, words),
            "and" or "or" or "xor" or "not" => ComparisonFamily.Predicate(operands, words),
            "cvt" => ConversionFamily.Decode(operands, words),
            "ld" or "ldu" => MemoryFamily.Load(operands, words),
            "st" => MemoryFamily.Store(operands, words),
            "atom" or "red" => AtomicFamily.Decode(operands, words),
            "bra" or "brx" or "ret" or "exit" => ControlFamily.Flow(operands, words),
            "bar" or "barrier" => ControlFamily.Barrier(operands, words),
            "membar" or "fence" => ControlFamily.Fence(words),
            "mbarrier" => BarrierFamily.Decode(operands, words),
            "prefetch" => BulkFamily.Prefetch(words),
            "cp" when operands.Instruction.Has("bulk") => BulkFamily.Decode(operands, words),
            "wgmma" => WarpGroupFamily.Decode(operands, words),
            "setmaxnreg" => WarpGroupFamily.Registers(operands, words),
            "elect" => WarpFamily.Elect(operands, words),
            "stmatrix" => TensorFamily.StoreMatrix(operands, words),
            "cp" => TensorFamily.AsyncCopy(operands, words),
            "ldmatrix" => TensorFamily.LoadMatrix(operands, words),
            "mma" => TensorFamily.Multiply(operands, words),
            "shfl" => WarpFamily.Shuffle(operands, words),
            "vote" => WarpFamily.Vote(operands, words),
            "activemask" => WarpFamily.ActiveMask(operands, words),
            _ => null,
        };
        return words.AreTaken ? decoded : null;
    }
}
