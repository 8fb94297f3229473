namespace DPT.Engine.Kernels;

/// <summary>Registers that say who a thread is. Blocks have one dimension.</summary>
internal static unsafe class SpecialRegisters
{
    private static readonly (string Name, Func<Thread, uint> Value)[] Entries =
    [
        ("%ctaid.x", _ => 0),
        ("%ctaid.y", _ => 0),
        ("%ctaid.z", _ => 0),
        ("%tid.x", t => (uint)((t.Warp * Lanes.Count) + t.Lane)),
        ("%tid.y", _ => 0),
        ("%tid.z", _ => 0),
        ("%ntid.x", t => (uint)t.Launch.Threads),
        ("%ntid.y", _ => 1),
        ("%ntid.z", _ => 1),
        ("%nctaid.x", t => (uint)t.Launch.Grid.X),
        ("%nctaid.y", t => (uint)t.Launch.Grid.Y),
        ("%nctaid.z", t => (uint)t.Launch.Grid.Z),
        ("%laneid", t => (uint)t.Lane),
        ("%warpid", t => (uint)t.Warp),
        ("%nwarpid", t => (uint)t.Launch.Warps),
        ("%smid", _ => 0),
        ("%nsmid", _ => 1),
        ("%dynamic_smem_size", t => (uint)t.Launch.DynamicSharedBytes),
        ("%total_smem_size", t => (uint)(t.Launch.Program.SharedBytes + t.Launch.DynamicSharedBytes)),
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
    public static void Fill(byte* registers, PtxLaunch launch, int warp)
    {
        for (var i = 0; i < Entries.Length; i++)
        {
            for (var lane = 0; lane < Lanes.Count; lane++)
            {
                ((uint*)registers)[(i * Lanes.Count) + lane] = Entries[i].Value(new Thread(launch, warp, lane));
            }
        }
    }

    /// <summary>Fills in the block: the first three entries.</summary>
    public static void FillBlock(byte* registers, (int X, int Y, int Z) block)
    {
        new Span<int>(registers, Lanes.Count).Fill(block.X);
        new Span<int>(registers + (Lanes.Count * sizeof(int)), Lanes.Count).Fill(block.Y);
        new Span<int>(registers + (2 * Lanes.Count * sizeof(int)), Lanes.Count).Fill(block.Z);
    }

    private readonly record struct Thread(PtxLaunch Launch, int Warp, int Lane)
    {
        public uint Bit => 1u << Lane;
    }
}
