namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of bf16 widened to floats and floats rounded to bf16, on the host: how host variants of operators on bf16 call those on
/// floats. Bytes: 6 per element.
/// </summary>
internal static unsafe class HostBf16
{
    /// <summary>Widens all elements.</summary>
    public static void Widen(HostDevice device, Slice<BFloat16> from, Slice<float> to)
    {
        var job = new WidenJob { From = (BFloat16*)from.Address, To = (float*)to.Address, Count = from.Length };
        device.Workers.For(HostElementwise.Chunks(from.Length), ref job);
    }

    /// <summary>Rounds all elements.</summary>
    public static void Round(HostDevice device, Slice<float> from, Slice<BFloat16> to)
    {
        var job = new RoundJob { From = (float*)from.Address, To = (BFloat16*)to.Address, Count = from.Length };
        device.Workers.For(HostElementwise.Chunks(from.Length), ref job);
    }

    /// <summary>Rounds a matrix whose rows may lie apart; what lies between them is left alone.</summary>
    /// <param name="device">Whose threads work.</param>
    /// <param name="from">The floats.</param>
    /// <param name="to">Laid out like them.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="stride">Elements from one row to the next.</param>
    public static void Round(HostDevice device, Slice<float> from, Slice<BFloat16> to, int rows, int columns, int stride)
    {
        var job = new RoundRowsJob { From = (float*)from.Address, To = (BFloat16*)to.Address, Columns = columns, Stride = stride };
        device.Workers.For(rows, ref job);
    }

    private struct WidenJob : IParallelJob
    {
        public BFloat16* From;
        public float* To;
        public long Count;

        public readonly void Execute(int index)
        {
            var at = (long)index * HostElementwise.Chunk;
            var count = Math.Min(HostElementwise.Chunk, Count - at);
            HostBounds.Check(From + at, count);
            HostBounds.Check(To + at, count);
            for (var i = at; i < at + count; i++)
            {
                To[i] = From[i].ToSingle();
            }
        }
    }

    private struct RoundJob : IParallelJob
    {
        public float* From;
        public BFloat16* To;
        public long Count;

        public readonly void Execute(int index)
        {
            var at = (long)index * HostElementwise.Chunk;
            RoundRange(From + at, To + at, Math.Min(HostElementwise.Chunk, Count - at));
        }
    }

    private struct RoundRowsJob : IParallelJob
    {
        public float* From;
        public BFloat16* To;
        public int Columns;
        public int Stride;

        public readonly void Execute(int index) =>
            RoundRange(From + ((long)index * Stride), To + ((long)index * Stride), Columns);
    }

    private static void RoundRange(float* from, BFloat16* to, long count)
    {
        HostBounds.Check(from, count);
        HostBounds.Check(to, count);
        for (var i = 0L; i < count; i++)
        {
            to[i] = BFloat16.Round(from[i]);
        }
    }
}
