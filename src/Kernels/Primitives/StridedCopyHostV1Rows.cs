namespace DPT.Engine.Kernels;

/// <summary>
/// Rows of the last axis in parallel; a row is copied whole, filled, or walked along, as its strides are.
/// Limits: none. Bytes: 8 Count. FLOPs: 0.
/// </summary>
internal sealed unsafe class StridedCopyHostV1Rows : HostVariant<StridedCopyCall>
{
    public override string Name => "host-v1-rows";

    public override string Idea => "rows of the last axis, copied whole where they are";

    protected override void Run<V>(HostDevice device, in StridedCopyCall call)
    {
        var sizes = call.Sizes;
        var job = new Job
        {
            Cut = new RowCut(sizes.A0 * sizes.A1 * sizes.A2, sizes.A3, sizes.A3),
            Sizes = sizes,
            StridesX = call.StridesX,
            StridesY = call.StridesY,
            X = (float*)call.X.Address,
            Y = (float*)call.Y.Address,
        };
        device.Workers.For(job.Cut.Chunks, ref job);
    }

    private struct Job : IParallelJob
    {
        public RowCut Cut;
        public Axes4 Sizes;
        public Axes4 StridesX;
        public Axes4 StridesY;
        public float* X;
        public float* Y;

        public readonly void Execute(int index)
        {
            var (rows, columns) = Cut[index];
            for (var row = rows.Start; row < rows.End; row++)
            {
                Copy(
                    X + First(row, StridesX) + (columns.Start * StridesX.A3),
                    Y + First(row, StridesY) + (columns.Start * StridesY.A3),
                    (int)(columns.End - columns.Start));
            }
        }

        private readonly long First(long row, Axes4 strides)
        {
            var (rest, i2) = Math.DivRem(row, Sizes.A2);
            var (i0, i1) = Math.DivRem(rest, Sizes.A1);
            return (i0 * strides.A0) + (i1 * strides.A1) + (i2 * strides.A2);
        }

        private readonly void Copy(float* x, float* y, int count)
        {
            if (StridesX.A3 == 1 && StridesY.A3 == 1)
            {
                new Span<float>(x, count).CopyTo(new Span<float>(y, count));
                return;
            }

            for (var i = 0L; i < count; i++)
            {
                y[i * StridesY.A3] = x[i * StridesX.A3];
            }
        }
    }
}
