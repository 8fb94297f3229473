using ILGPU;

namespace DPT.Engine.Kernels;

/// <summary>
/// An image of bytes that a block of 256 threads works on, in two copies: operations that move pixels read one and write
/// the other. Every thread of the block calls every method; each ends behind a barrier.
/// </summary>
internal struct BlockImage
{
    /// <summary>Threads of the block: one per value of a byte.</summary>
    public const int Threads = 256;

    /// <summary>Memory of both copies.</summary>
    public ArrayView<byte> Bytes;

    /// <summary>Shared memory, 256 counts.</summary>
    public ArrayView<int> Counts;

    /// <summary>Shared memory, 256 bytes to map to.</summary>
    public ArrayView<int> Table;

    /// <summary>Where the present copy begins.</summary>
    public long From;

    /// <summary>Where the other copy begins.</summary>
    public long To;

    /// <summary>1 or 3.</summary>
    public int Channels;

    /// <summary>Side of the image.</summary>
    public int Size;

    /// <summary>Pixels of a plane.</summary>
    public readonly int Area => Size * Size;

    /// <summary>Applies an operation of RandAugment.</summary>
    public void Apply(RandAugmentStep step)
    {
        if (step.Op == RandAugmentOp.AutoContrast)
        {
            AutoContrast();
        }
        else if (step.Op == RandAugmentOp.Equalize)
        {
            Equalize();
        }
        else if (step.Op == RandAugmentOp.Contrast)
        {
            Contrast(step.Amount);
        }
        else if (step.Op == RandAugmentOp.Color)
        {
            Color(step.Amount);
        }
        else if (step.Op == RandAugmentOp.Sharpness)
        {
            Sharpness(step.Amount);
            Swap();
        }
        else if (step.Op == RandAugmentOp.Rotate || step.Op == RandAugmentOp.ShearX || step.Op == RandAugmentOp.ShearY
            || step.Op == RandAugmentOp.TranslateX || step.Op == RandAugmentOp.TranslateY)
        {
            Move(step.Map);
            Swap();
        }
        else
        {
            Map(step);
        }

        Group.Barrier();
    }

    private void Swap() => (From, To) = (To, From);

    /// <summary>Brightness, Posterize, Solarize; Identity and what is unknown change nothing.</summary>
    private readonly void Map(RandAugmentStep step)
    {
        for (var i = Group.IdxX; i < Channels * Area; i += Threads)
        {
            var value = Bytes[From + i];
            Bytes[From + i] = step.Op == RandAugmentOp.Brightness ? ByteImage.Blend(0, value, step.Amount)
                : step.Op == RandAugmentOp.Posterize ? PointOps.Posterized(value, step.Level)
                : step.Op == RandAugmentOp.Solarize ? PointOps.Solarized(value, step.Level)
                : value;
        }
    }

    private readonly void AutoContrast()
    {
        for (var c = 0; c < Channels; c++)
        {
            Count(c);
            var low = 0;
            while (Counts[low] == 0)
            {
                low++;
            }

            var high = Last();
            if (high > low)
            {
                var stretch = new ByteStretch(low, high);
                for (var i = Group.IdxX; i < Area; i += Threads)
                {
                    var at = From + ((long)c * Area) + i;
                    Bytes[at] = stretch.Of(Bytes[at]);
                }
            }
        }
    }

    private readonly void Equalize()
    {
        for (var c = 0; c < Channels; c++)
        {
            Count(c);
            var step = (Area - Counts[Last()]) / 255;
            var sum = step / 2;
            for (var value = 0; value < Group.IdxX; value++)
            {
                sum += Counts[value];
            }

            Table[Group.IdxX] = step == 0 ? Group.IdxX : Math.Min(255, sum / step);
            Group.Barrier();
            for (var i = Group.IdxX; i < Area; i += Threads)
            {
                var at = From + ((long)c * Area) + i;
                Bytes[at] = (byte)Table[(int)Bytes[at]];
            }
        }
    }

    private readonly void Contrast(float amount)
    {
        var sum = 0;
        for (var i = Group.IdxX; i < Area; i += Threads)
        {
            sum += Luminance(i);
        }

        var mean = PointOps.RoundedMean(BlockReduce.Sum(sum), Area);
        for (var i = Group.IdxX; i < Channels * Area; i += Threads)
        {
            Bytes[From + i] = ByteImage.Blend(mean, Bytes[From + i], amount);
        }
    }

    private readonly void Color(float amount)
    {
        for (var i = Group.IdxX; i < Area && Channels > 1; i += Threads)
        {
            var grey = Luminance(i);
            for (var c = 0; c < Channels; c++)
            {
                var at = From + ((long)c * Area) + i;
                Bytes[at] = ByteImage.Blend(grey, Bytes[at], amount);
            }
        }
    }

    private readonly void Sharpness(float amount)
    {
        for (var i = Group.IdxX; i < Channels * Area; i += Threads)
        {
            var pixel = i % Area;
            var y = pixel / Size;
            var x = pixel - (y * Size);
            var at = From + i;
            var value = Bytes[at];
            if (x > 0 && x < Size - 1 && y > 0 && y < Size - 1)
            {
                value = BlendOps.Sharpened(value, Three(at - Size) + Three(at) + Three(at + Size), amount);
            }

            Bytes[To + i] = value;
        }
    }

    private readonly void Move(AffineMap map)
    {
        for (var i = Group.IdxX; i < Channels * Area; i += Threads)
        {
            var channel = i / Area;
            var pixel = i - (channel * Area);
            var y = pixel / Size;
            var x = pixel - (y * Size);
            var fromX = map.X(x, y);
            var fromY = map.Y(x, y);
            byte value = 0;
            if (fromX >= 0 && fromX < Size && fromY >= 0 && fromY < Size)
            {
                value = Bytes[From + ((long)channel * Area) + (fromY * Size) + fromX];
            }

            Bytes[To + i] = value;
        }
    }

    private readonly int Three(long at) => Bytes[at - 1] + Bytes[at] + Bytes[at + 1];

    private readonly int Luminance(int pixel)
    {
        var at = From + pixel;
        return Channels == 1
            ? Bytes[at]
            : ByteImage.Luminance(Bytes[at], Bytes[at + Area], Bytes[at + (2 * Area)]);
    }

    /// <summary>How often each value occurs in a plane. Integers: the order of the atomics does not matter.</summary>
    private readonly void Count(int channel)
    {
        // Somebody may still be reading the counts of the plane before.
        Group.Barrier();
        Counts[Group.IdxX] = 0;
        Group.Barrier();
        for (var i = Group.IdxX; i < Area; i += Threads)
        {
            Atomic.Add(ref Counts[(int)Bytes[From + ((long)channel * Area) + i]], 1);
        }

        Group.Barrier();
    }

    /// <summary>The largest value that occurs.</summary>
    private readonly int Last()
    {
        var last = 255;
        while (Counts[last] == 0)
        {
            last--;
        }

        return last;
    }
}
