namespace DPT.Engine.Ptx;

/// <summary>
/// A factor of <c>wgmma</c> in shared memory, as its descriptor says: where each run of eight halves lies. A row is an index of the
/// sums (of A a row, of B a column); the other index is the term.
/// </summary>
/// <param name="descriptor">Start, leading and stride offset, swizzle.</param>
/// <param name="isTransposed">Whether rows are adjacent, not terms.</param>
internal readonly struct FactorMatrix(ulong descriptor, bool isTransposed)
{
    /// <summary>Halves of a run.</summary>
    public const int Run = 8;

    private const int BaseOffsetBit = 49;
    private const int SwizzleBit = 62;

    private readonly int _start = Field(descriptor, 0);
    private readonly int _leading = Field(descriptor, 16);
    private readonly int _stride = Field(descriptor, 32);

    private PtxSwizzle Swizzle => (int)(descriptor >> SwizzleBit) switch
    {
        1 => PtxSwizzle.Bytes128,
        2 => PtxSwizzle.Bytes64,
        3 => PtxSwizzle.Bytes32,
        _ => PtxSwizzle.None,
    };

    /// <summary>Throws if the descriptor is one that the simulator does not know, or starts within a pattern.</summary>
    public void Validate()
    {
        if ((descriptor >> BaseOffsetBit & 7) != 0)
        {
            throw new SimFault("has a descriptor with a base offset, which the simulator does not know");
        }

        var width = (int)Swizzle;
        if (width > 0 && _start / width % Run != 0)
        {
            throw new SimFault(
                $"has a matrix at {_start} of shared memory: a pattern of {width} bytes starts at multiples of {width * Run}, "
                + "and terms are reached within its first row");
        }
    }

    /// <summary>Where the run lies that begins with this row and term, of which one is a multiple of eight.</summary>
    public int RunAt(int row, int term)
    {
        var width = (int)Swizzle;
        var halves = width / 2;
        var offset = (isTransposed, width) switch
        {
            (false, 0) => (row / Run * _stride) + (term / Run * _leading) + (row % Run * 16),
            (false, _) => (row / Run * _stride) + (row % Run * width) + (term * 2),
            (true, 0) => (row / Run * _stride) + (term / Run * _leading) + (term % Run * 16),
            _ => (row / halves * _leading) + (row % halves * 2) + (term / Run * _stride) + (term % Run * width),
        };
        return Swizzle.Apply(_start + offset);
    }

    private static int Field(ulong descriptor, int bit) => (int)(descriptor >> bit & 0x3fff) << 4;
}
