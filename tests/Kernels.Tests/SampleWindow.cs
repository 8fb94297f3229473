using DPT.Engine.Kernels;

namespace Kernels.Tests;

/// <summary>
/// Operands of a call on some neighbouring samples of an endless row of them: what a sample holds depends on its number
/// alone, so that it can be computed in other batches and at other places in them.
/// </summary>
internal sealed class SampleWindow(Device device, int first, int count) : IDisposable
{
    private readonly List<IDisposable> _buffers = [];
    private readonly List<(Slice<float> Slice, int Length)> _results = [];
    private uint _operands;

    /// <summary>Samples in the batch.</summary>
    public int Count => count;

    /// <summary>Number of its first sample.</summary>
    public int First => first;

    /// <summary>An operand with so many elements for each sample.</summary>
    public Slice<float> Samples(int length) => Upload(Values((long)first * length, count * length));

    /// <summary>An operand with so many elements for each sample, above zero.</summary>
    public Slice<float> Positive(int length) =>
        Upload(Array.ConvertAll(Values((long)first * length, count * length), v => 1.5f + v));

    /// <summary>An operand that all samples share.</summary>
    public Slice<float> Shared(int length) => Upload(Values(0, length));

    /// <summary>A number below <paramref name="bound"/> for each sample.</summary>
    public Slice<int> Numbers(int bound) => Upload([.. Enumerable.Range(first, count).Select(i => i * 7 % bound)]);

    /// <summary>Where the random numbers of these samples begin.</summary>
    public Slice<int> Address(ulong seed)
    {
        var words = new int[DrawAddress.Words];
        new DrawAddress(seed, first).WriteTo(words);
        return Upload(words);
    }

    /// <summary>A map of EDM's augmentation for each sample.</summary>
    public Slice<float> Maps(int size) => Drawn(EdmAugmentation.MapLength, (drawn, map) => drawn.WriteMap(size, map));

    /// <summary>The labels of EDM's augmentation for each sample.</summary>
    public Slice<float> AugmentLabels() => Drawn(EdmAugmentation.Labels, (drawn, labels) => drawn.WriteLabels(labels));

    /// <summary>Bytes that all samples share.</summary>
    public Slice<byte> Bytes(int length) => Upload(Array.ConvertAll(Values(0, length), v => (byte)(127 * (v + 1))));

    /// <summary>A result with so many elements for each sample.</summary>
    public Slice<float> Result(int length) => Result(new float[count * length], length);

    /// <summary>An operand that the call replaces or adds to.</summary>
    public Slice<float> Updated(int length) => Result(Values((long)first * length, count * length), length);

    /// <summary>A sum over all samples: not compared.</summary>
    public Slice<float> SumOfBatch(int length) => Upload(new float[length]);

    /// <summary>The results, one array for each sample.</summary>
    public float[][] Read()
    {
        var all = _results.ConvertAll(r => (Values: device.Download(r.Slice), r.Length));
        return [.. Enumerable.Range(0, count).Select(
            i => all.SelectMany(r => r.Values.AsSpan(i * r.Length, r.Length).ToArray()).ToArray())];
    }

    public void Dispose() => _buffers.ForEach(b => b.Dispose());

    private Slice<float> Drawn(int length, Action<EdmAugmentation, float[]> write)
    {
        return Upload([.. Enumerable.Range(first, count).SelectMany(sample =>
        {
            var (random, numbers) = (new PhiloxStream(3, 1, sample), new float[length]);
            write(EdmAugmentation.Sample(ref random, 0.5), numbers);
            return numbers;
        })]);
    }

    private Slice<float> Result(float[] values, int length)
    {
        var slice = Upload(values);
        _results.Add((slice, length));
        return slice;
    }

    private Slice<T> Upload<T>(T[] values) where T : unmanaged
    {
        var buffer = device.Upload<T>(values);
        _buffers.Add(buffer);
        return buffer.Slice;
    }

    /// <summary>Numbers in [-1, 1), by the operand's place in the call and the element's in the endless row.</summary>
    private float[] Values(long start, int length)
    {
        var values = new float[length];
        var operand = (ulong)++_operands << 40;
        for (var i = 0; i < length; i++)
        {
            var bits = (operand + (ulong)(start + i)) * 0x9E3779B97F4A7C15;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            values[i] = ((bits >> 40) / (float)(1 << 23)) - 1;
        }

        return values;
    }
}
