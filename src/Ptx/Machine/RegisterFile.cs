namespace DPT.Engine.Ptx;

/// <summary>
/// Where in a warp's register file everything lies: registers, constants and special registers, each as an array of 32
/// elements of its own size; a predicate is one word with a bit per lane.
/// </summary>
internal sealed class RegisterFile
{
    private readonly Dictionary<(ulong Bits, int Size), int> _constants = [];
    private readonly Dictionary<int, int> _watched = [];
    private int[] _places = [];

    /// <summary>Lays out the special registers.</summary>
    public RegisterFile() => Bytes = SpecialRegisters.Bytes;

    /// <summary>Size of the file of one warp.</summary>
    public int Bytes { get; private set; }

    /// <summary>Every constant with its place.</summary>
    public IEnumerable<(int Offset, int Size, ulong Bits)> Constants =>
        _constants.Select(c => (c.Value, c.Key.Size, c.Key.Bits));

    /// <summary>The place of a register; any place at all until <see cref="Assign"/>.</summary>
    public int PlaceOf(int register) => register < _places.Length ? _places[register] : 0;

    /// <summary>From now on registers have these places, and those that are watched have numbers of their own.</summary>
    public void Assign(int[] places, IReadOnlyList<int> watched)
    {
        _places = places;
        foreach (var (number, register) in watched.Index())
        {
            _watched[register] = number;
        }
    }

    /// <summary>The number of a watched register among those; 0 until <see cref="Assign"/>.</summary>
    public int WatchedNumber(int register) => _watched.GetValueOrDefault(register);

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
