using DPT.Engine.Autograd;

namespace DPT.Engine.Dpt;

/// <summary>Elements in a PyTorch file that one or more tensors look at.</summary>
/// <param name="Type">Their type, as <see cref="ElementTypes"/> names it.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Count">Number of elements that the pickle claims.</param>
internal sealed record TorchStorage(string Type, string Key, long Count) : IPickled
{
    /// <inheritdoc/>
    public string Kind => "a storage";

    /// <summary>Bytes that the file must have of it, at most 2^63.</summary>
    public ulong Bytes => (ulong)Count * (ulong)ElementTypes.BytesOf(Type)!.Value;
}

/// <summary>A view of a storage, inside of it whatever its strides are.</summary>
internal sealed class TorchTensor : IPickled
{
    /// <summary>Checks that the view is one of elements that the storage claims to have.</summary>
    /// <param name="storage">The elements.</param>
    /// <param name="offset">Index of its first one.</param>
    /// <param name="shape">Sizes, outermost first; none for a scalar.</param>
    /// <param name="strides">Distance of neighbours along each axis, in elements.</param>
    /// <exception cref="InvalidDataException">It reaches beyond the storage, or its numbers make no sense.</exception>
    public TorchTensor(TorchStorage storage, long offset, long[] shape, long[] strides)
    {
        if (offset < 0
            || shape.Length != strides.Length
            || shape.Any(size => size is < 0 or > int.MaxValue)
            || strides.Any(stride => stride < 0))
        {
            throw new InvalidDataException($"a tensor of sizes [{Some(shape)}] and strides [{Some(strides)}] at offset {offset}");
        }

        (Storage, Offset, Shape, Strides) = (storage, offset, [.. shape.Select(size => (int)size)], strides);
        Count = CountOf(Shape);
        RequireInside();
    }

    /// <inheritdoc/>
    public string Kind => "a tensor";

    public TorchStorage Storage { get; }

    public long Offset { get; }

    public int[] Shape { get; }

    public long[] Strides { get; }

    /// <summary>Number of elements, at most <see cref="Array.MaxLength"/>.</summary>
    public long Count { get; }

    /// <summary>The elements in row-major order.</summary>
    /// <param name="storage">All elements of the storage.</param>
    public float[] Gather(float[] storage)
    {
        var values = new float[Count];
        if (Count > 0)
        {
            var done = 0;
            Gather(storage, values, ref done, axis: 0, Offset);
        }

        return values;
    }

    private void Gather(float[] storage, float[] values, ref int done, int axis, long at)
    {
        if (axis == Shape.Length)
        {
            values[done++] = storage[at];
        }
        else if (axis == Shape.Length - 1 && Strides[axis] == 1)
        {
            storage.AsSpan((int)at, Shape[axis]).CopyTo(values.AsSpan(done));
            done += Shape[axis];
        }
        else
        {
            for (var i = 0; i < Shape[axis]; i++)
            {
                Gather(storage, values, ref done, axis + 1, at + (i * Strides[axis]));
            }
        }
    }

    private static long CountOf(int[] shape)
    {
        // A size of 0 makes every other harmless.
        var count = shape.Contains(0) ? 0L : 1L;
        foreach (var size in shape)
        {
            count *= size;
            if (count > Array.MaxLength)
            {
                throw new InvalidDataException($"a tensor of more than {Array.MaxLength} elements");
            }
        }

        return count;
    }

    private void RequireInside()
    {
        var last = (UInt128)Offset;
        for (var axis = 0; axis < Shape.Length && Count > 0; axis++)
        {
            last += (UInt128)(Shape[axis] - 1) * (UInt128)Strides[axis];
        }

        if (Count > 0 && last >= (UInt128)Storage.Count)
        {
            throw new InvalidDataException($"a tensor reaches to element {last} of storage '{OneLine.Start(Storage.Key)}', which has {Storage.Count}");
        }
    }

    private static string Some(long[] numbers) => string.Join(", ", numbers.Take(8)) + (numbers.Length > 8 ? ", ..." : "");
}
