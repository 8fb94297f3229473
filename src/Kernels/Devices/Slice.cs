namespace DPT.Engine.Kernels;

/// <summary>
/// A range of elements in device memory: an address and a length, nothing more. It does not own the memory
/// and is only meaningful to the device that allocated it.
/// </summary>
/// <typeparam name="T">Element type; the memory holds its little-endian bytes.</typeparam>
public readonly struct Slice<T> : IEquatable<Slice<T>> where T : unmanaged
{
    /// <summary>Wraps <paramref name="length"/> elements that start at <paramref name="address"/>.</summary>
    public Slice(nint address, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Address = address;
        Length = length;
    }

    /// <summary>First byte of the range, in the address space of the device; 0 for the empty slice.</summary>
    public nint Address { get; }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>True if there is nothing here: the way an optional operand is left out.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The elements from <paramref name="start"/> to the end.</summary>
    public Slice<T> From(long start) => Range(start, Length - start);

    /// <summary><paramref name="length"/> elements from <paramref name="start"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside this slice.</exception>
    public unsafe Slice<T> Range(long start, long length)
    {
        if (start < 0 || length < 0 || start > Length - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"elements {start}..{start + length} are not inside a slice of {Length}");
        }

        return new Slice<T>(Address + (nint)(start * sizeof(T)), length);
    }

    /// <inheritdoc/>
    public bool Equals(Slice<T> other) => Address == other.Address && Length == other.Length;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Slice<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, Length);

    /// <summary>Same address and length.</summary>
    public static bool operator ==(Slice<T> left, Slice<T> right) => left.Equals(right);

    /// <summary>Different address or length.</summary>
    public static bool operator !=(Slice<T> left, Slice<T> right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => $"{typeof(T).Name}[{Length}] at 0x{Address:x}";
}
