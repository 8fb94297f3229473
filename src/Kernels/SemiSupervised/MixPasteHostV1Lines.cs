namespace DPT.Engine.Kernels;

/// <summary>Images in parallel: each is copied whole, then the pixels of the other go into its lines. Limits: none. Bytes: 8 Rows Width.</summary>
internal sealed unsafe class MixPasteHostV1Lines : HostVariant<MixPasteCall>
{
    public override string Name => "host-v1-lines";

    public override string Idea => "an image copied whole, then pixels of the other line by line";

    protected override void Run<V>(HostDevice device, in MixPasteCall call)
    {
        RowIndices.Check("mix.paste", call.Own, call.Rows, call.SourceRows);
        RowIndices.Check("mix.paste", call.Pasted, call.Rows, call.SourceRows);
        RequireInside(call.Lines, call.Side);
        RequireInside(call.Columns, call.Side);
        var job = new Job
        {
            Side = call.Side,
            Channels = call.Channels,
            Width = call.Width,
            Images = (float*)call.Images.Address,
            Own = (int*)call.Own.Address,
            Pasted = (int*)call.Pasted.Address,
            Lines = (int*)call.Lines.Address,
            Columns = (int*)call.Columns.Address,
            Mixed = (float*)call.Mixed.Address,
        };
        device.Workers.For(call.Rows, ref job);
    }

    private static void RequireInside(Slice<int> places, int side)
    {
        foreach (var place in new ReadOnlySpan<int>((void*)places.Address, side))
        {
            if (place >= side)
            {
                throw new KernelException($"mix.paste: an image of {side} lines and columns has no number {place}");
            }
        }
    }

    private struct Job : IParallelJob
    {
        public int Side;
        public int Channels;
        public long Width;
        public float* Images;
        public int* Own;
        public int* Pasted;
        public int* Lines;
        public int* Columns;
        public float* Mixed;

        public readonly void Execute(int index)
        {
            var to = Mixed + (index * Width);
            var other = Images + (Pasted[index] * Width);
            new Span<float>(Images + (Own[index] * Width), (int)Width).CopyTo(new Span<float>(to, (int)Width));
            for (var channel = 0; channel < Channels; channel++)
            {
                for (var y = 0; y < Side; y++)
                {
                    if (Lines[y] >= 0)
                    {
                        Paste(to + (((channel * Side) + y) * Side), other + (((channel * Side) + Lines[y]) * Side));
                    }
                }
            }
        }

        private readonly void Paste(float* to, float* from)
        {
            HostBounds.Check(to, Side);
            HostBounds.Check(from, Side);
            for (var x = 0; x < Side; x++)
            {
                to[x] = Columns[x] >= 0 ? from[Columns[x]] : to[x];
            }
        }
    }
}
