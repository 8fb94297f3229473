namespace DPT.Engine.Ptx;

/// <summary>Registers that say who a thread is. Blocks have one dimension.</summary>
internal static unsafe class SpecialRegisters
{
    private static readonly (string Name, Func<Thread, uint> Value)[] Entries =
    [
        ("%ctaid.x", _ => 0),
        ("%ctaid.y", _ => 0),
        ("%ctaid.z", _ => 0),
        ("%nctaid.x", _ => 0),
        ("%nctaid.y", _ => 0),
        ("%nctaid.z", _ => 0),
        ("%tid.x", t => (uint)((t.Warp * Lanes.Count) + t.Lane)),
        ("%tid.y", _ => 0),
        ("%tid.z", _ => 0),
        ("%ntid.x", t => (uint)t.Shape.Threads),
        ("%ntid.y", _ => 1),
        ("%ntid.z", _ => 1),
        ("%laneid", t => (uint)t.Lane),
        ("%warpid", t => (uint)t.Warp),
        ("%nwarpid", t => (uint)t.Shape.Warps),
        ("%smid", _ => 0),
        ("%nsmid", _ => 1),
        ("%dynamic_smem_size", t => (uint)t.Shape.DynamicSharedBytes),
        ("%total_smem_size", t => (uint)t.Shape.SharedBytes),
        ("%lanemask_eq", t => t.Bit),
        ("%lanemask_lt", t => t.Bit - 1),
        ("%lanemask_le", t => t.Bit | (t.Bit - 1)),
        ("%lanemask_gt", t => ~(t.Bit | (t.Bit - 1))),
        ("%lanemask_ge", t => ~(t.Bit - 1)),
    ];

    /// <summary>What they take at the start of a register file.</summary>
    public static int Bytes => Entries.Length * Lanes.Count * sizeof(uint);

    /// <summary>Place of a special register; null if the name is not one.</summary>
    public static int? Find(string name)
    {
        var index = Array.FindIndex(Entries, e => e.Name == name);
        return index < 0 ? null : index * Lanes.Count * sizeof(uint);
    }

    /// <summary>Fills in all that is the same for every block.</summary>
    public static void Fill(byte* registers, BlockShape shape, int warp)
    {
        for (var i = 0; i < Entries.Length; i++)
        {
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                ((uint*)registers)[(i * Lanes.Count) + lane] = Entries[i].Value(new Thread(shape, warp, lane));
            }
        }
    }

    /// <summary>Fills in the place of the block and the size of the grid: the first six entries.</summary>
    public static void FillBlock(byte* registers, GridSize grid, (int X, int Y, int Z) block)
    {
        ReadOnlySpan<int> values = [block.X, block.Y, block.Z, grid.X, grid.Y, grid.Z];
        for (var i = 0; i < values.Length; i++)
        {
            new Span<int>(registers + (i * Lanes.Count * sizeof(int)), Lanes.Count).Fill(values[i]);
        }
    }

    private readonly record struct Thread(BlockShape Shape, int Warp, int Lane)
    {
        public uint Bit => 1u << Lane;
    }
}
