namespace DPT.Engine.Ptx;

/// <summary>One box of a tensor: the rows of it, where each lies in global memory, and where its pieces lie in shared memory.</summary>
internal readonly ref struct TensorBox(PtxTensorMap map, ReadOnlySpan<int> at)
{
    /// <summary>What a box must be aligned to in shared memory.</summary>
    public const int Alignment = 128;

    private readonly ReadOnlySpan<int> _at = at;

    /// <summary>Rows of the box, those beyond the edges included.</summary>
    public int Rows => map.BoxBytes / map.RowBytes;

    /// <summary>The map that a lane names.</summary>
    /// <exception cref="SimFault">There is none.</exception>
    public static PtxTensorMap Map(SimWarp warp, ulong address, int rank, int lane)
    {
        var arguments = warp.Block.Arguments;
        var offset = unchecked(address - AddressSpace.ParameterWindow);
        if (offset > (ulong)arguments.Length || (int)offset + PtxTensorMap.Bytes > arguments.Length || offset % PtxTensorMap.Alignment != 0)
        {
            throw new SimFault(
                $"names a tensor map at 0x{address:x}: it must be a parameter of {PtxTensorMap.Bytes} bytes, aligned to {PtxTensorMap.Alignment}",
                lane);
        }

        var map = Read(arguments.AsSpan((int)offset), lane);
        return map.Rank == rank ? map : throw new SimFault($"names {rank} coordinates in a tensor of {map.Rank} dimensions", lane);
    }

    /// <summary>Where the pieces of the box lie in shared memory, from an address on, in order.</summary>
    public int[] Places(int address)
    {
        var places = new int[map.BoxBytes / BulkCopies.PieceBytes];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = map.Swizzle.Apply(address + (i * BulkCopies.PieceBytes));
        }

        return places;
    }

    /// <summary>The part of a row that is inside the tensor: its address, its first byte in the row, and its bytes; 0 for none.</summary>
    public (ulong Address, int Start, int Bytes) Row(int row)
    {
        var address = map.Address;
        for (var dimension = 1; dimension < map.Rank; dimension++)
        {
            var index = _at[dimension] + (row % map.Box(dimension));
            row /= map.Box(dimension);
            if (index < 0 || index >= map.Size(dimension))
            {
                return default;
            }

            address += index * map.Stride(dimension);
        }

        var first = Math.Max(0L, _at[0]);
        var end = Math.Min(map.Size(0), (long)_at[0] + map.Box(0));
        return end <= first ? default : (
            (ulong)(address + (first * map.ElementBytes)),
            (int)(first - _at[0]) * map.ElementBytes,
            (int)(end - first) * map.ElementBytes);
    }

    private static PtxTensorMap Read(ReadOnlySpan<byte> bytes, int lane)
    {
        try
        {
            return PtxTensorMap.Decode(bytes);
        }
        catch (PtxException failure)
        {
            throw new SimFault($"names what is no tensor map: {failure.Message}", lane);
        }
    }
}
