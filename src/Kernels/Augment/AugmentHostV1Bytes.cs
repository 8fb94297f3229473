namespace DPT.Engine.Kernels;

/// <summary>
/// One thread owns an image: the strong policy works on a copy of its bytes, and the weak view, the normalisation and
/// the conversion to floats are one pass through a table of 256 values per channel. Scalar code: the images are small
/// and the operations are table look-ups. Limits: none. Scratch: two bytes per byte of the batch (strong policy).
/// </summary>
internal sealed unsafe class AugmentHostV1Bytes : HostVariant<AugmentCall>
{
    public override string Name => "host-v1-bytes";

    public override string Idea => "a thread per image, operations on bytes, normalisation by table in the last pass";

    protected override void Run<V>(HostDevice device, in AugmentCall call)
    {
        CheckIndices(in call);
        var pixels = (long)call.Channels * call.ImageSize * call.ImageSize;
        using var table = device.Scratch<float>(call.Channels * 256);
        using var scratch = call.Policy == AugmentPolicy.Strong ? device.Scratch<byte>(2 * call.Batch * pixels) : default;
        FillTable(in call, (float*)table.Slice.Address);
        var job = new Job
        {
            Call = call,
            Table = (float*)table.Slice.Address,
            Scratch = (byte*)scratch.Slice.Address,
        };
        device.Workers.For(call.Batch, ref job);
    }

    private static void CheckIndices(in AugmentCall call)
    {
        var indices = (int*)call.Indices.Address;
        HostBounds.Check(indices, call.Batch);
        for (var b = 0; b < call.Batch; b++)
        {
            if ((uint)indices[b] >= (uint)call.SourceCount)
            {
                throw new KernelException(
                    $"augment: index {indices[b]} of row {b} is not in 0..{call.SourceCount - 1}");
            }
        }
    }

    private static void FillTable(in AugmentCall call, float* table)
    {
        float* means = (float*)call.Mean.Address, deviations = (float*)call.Deviation.Address;
        HostBounds.Check(means, call.Channels);
        HostBounds.Check(deviations, call.Channels);
        HostBounds.Check(table, 256 * call.Channels);
        for (var c = 0; c < call.Channels; c++)
        {
            double mean = means[c], deviation = deviations[c];
            for (var value = 0; value < 256; value++)
            {
                table[(c * 256) + value] = (float)(((value / 255.0) - mean) / deviation);
            }
        }
    }

    private struct Job : IParallelJob
    {
        public AugmentCall Call;
        public float* Table;
        public byte* Scratch;

        public readonly void Execute(int index)
        {
            var size = Call.ImageSize;
            var pixels = Call.Channels * size * size;
            var source = (byte*)Call.Source.Address + ((long)((int*)Call.Indices.Address)[index] * pixels);
            HostBounds.Check(source, pixels);
            var random = new PhiloxStream(Call.Seed, Call.Stream, Call.FirstSample + index);
            if (Call.Policy == AugmentPolicy.Strong)
            {
                var copy = Scratch + (2L * index * pixels);
                HostBounds.Check(copy, 2L * pixels);
                var image = new ByteImage(new Span<byte>(copy, pixels), Call.Channels, size);
                new ReadOnlySpan<byte>(source, pixels).CopyTo(image.Pixels);
                var other = new ByteImage(new Span<byte>(copy + pixels, pixels), Call.Channels, size);
                RandAugment.Sample(size, ref random).Apply(image, other);
                source = copy;
            }

            Normalise(WeakView.Sample(in Call, ref random), source, (float*)Call.Output.Address + ((long)index * pixels));
        }

        private readonly void Normalise(WeakView view, byte* source, float* output)
        {
            var size = Call.ImageSize;
            var columns = stackalloc int[size];
            for (var x = 0; x < size; x++)
            {
                columns[x] = view.Column(x);
            }

            for (var c = 0; c < Call.Channels; c++)
            {
                var table = Table + (c * 256);
                var plane = source + (c * size * size);
                for (var y = 0; y < size; y++)
                {
                    var row = plane + (view.Row(y) * size);
                    HostBounds.Check(row, size);
                    HostBounds.Check(output, size);
                    for (var x = 0; x < size; x++)
                    {
                        *output++ = table[row[columns[x]]];
                    }
                }
            }
        }
    }
}
