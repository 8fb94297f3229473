namespace DPT.Engine.Ptx;

/// <summary>
/// How rows lie in shared memory, by the width of the pattern in bytes: pieces of 16 bytes change places within the row by the number
/// of the row, so that neither rows nor columns of pieces meet in the same banks.
/// </summary>
public enum PtxSwizzle
{
    /// <summary>As they are.</summary>
    None = 0,

    /// <summary>Two pieces a row, a pattern of 256 bytes.</summary>
    Bytes32 = 32,

    /// <summary>Four pieces a row, a pattern of 512 bytes.</summary>
    Bytes64 = 64,

    /// <summary>Eight pieces a row, a pattern of 1024 bytes: what all tiles with rows of 64 halves want.</summary>
    Bytes128 = 128,
}

/// <summary>Where swizzles put things.</summary>
public static class PtxSwizzles
{
    /// <summary>
    /// Where the byte at an address of shared memory lies: bits 4 to 6 of the address, or fewer, are changed by the bits from 7 on.
    /// </summary>
    public static int Apply(this PtxSwizzle swizzle, int address) =>
        address ^ ((address >> 3) & (Math.Max(0, (int)swizzle - 1) & ~15));
}
