namespace DPT.Engine.Kernels;

/// <summary>
/// Where in a warp's register file everything lies: registers, constants and special registers, each as an array of 32
/// elements of its own size; a predicate is one word with a bit per lane.
/// </summary>
internal sealed class RegisterFile
{
    /// <summary>Special registers that never change within a block, in the order of <see cref="Warp.FillSpecials"/>.</summary>
    private static readonly string[] SpecialNames =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z",
        "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z",
        "%laneid", "%warpid", "%nwarpid", "%smid", "%nsmid", "%dynamic_smem_size",
        "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge",
    ];

    private readonly Dictionary<(ulong Bits, int Size), int> _constants = [];

    /// <summary>Lays out the special registers.</summary>
    public RegisterFile() => Bytes = SpecialNames.Length * Lanes.Count * sizeof(uint);

    /// <summary>Size of the file of one warp.</summary>
    public int Bytes { get; private set; }

    /// <summary>Every constant with its place.</summary>
    public IEnumerable<(int Offset, int Size, ulong Bits)> Constants =>
        _constants.Select(c => (c.Value, c.Key.Size, c.Key.Bits));

    /// <summary>Place of a special register; null if the name is not one.</summary>
    public static int? Special(string name)
    {
        var index = Array.IndexOf(SpecialNames, name);
        return index < 0 ? null : index * Lanes.Count * sizeof(uint);
    }

    /// <summary>Room for a register of that element size.</summary>
    public int Allocate(int elementBytes)
    {
        const int Alignment = 64;
        var offset = Bytes;
        Bytes += ((elementBytes * Lanes.Count) + Alignment - 1) / Alignment * Alignment;
        return offset;
    }

    /// <summary>Place of a constant; the same one for the same bits.</summary>
    public int Constant(ulong bits, int size)
    {
        bits = size == 8 ? bits : bits & ((1UL << (8 * size)) - 1);
        if (!_constants.TryGetValue((bits, size), out var offset))
        {
            _constants[(bits, size)] = offset = Allocate(size);
        }

        return offset;
    }
}
