namespace DPT.Engine.Dpt;

/// <summary>
/// One direction of a picture that is resized as PIL does it: each new pixel is a sum of old ones under a filter, which widens when
/// shrinking (antialiased), with weights in whole numbers of 2^-22, rounded to a byte.
/// </summary>
internal sealed class ResampleAxis
{
    private const int Bits = 22;

    private readonly int[] _first;
    private readonly int[][] _weights;

    /// <summary>The weights of some of the new pixels.</summary>
    /// <param name="filter">What an old pixel weighs.</param>
    /// <param name="from">Old pixels.</param>
    /// <param name="to">New pixels.</param>
    /// <param name="start">The first of them that is asked for.</param>
    /// <param name="count">How many are asked for.</param>
    public ResampleAxis(ResampleFilter filter, int from, int to, int start, int count)
    {
        (_first, _weights) = (new int[count], new int[count][]);
        var scale = (double)from / to;
        var widening = Math.Max(scale, 1);
        var radius = filter.Support * widening;
        for (var i = 0; i < count; i++)
        {
            // Where nothing changes PIL computes nothing; every filter over one pixel is the same.
            var centre = (start + i + 0.5) * scale;
            var first = Math.Max(0, (int)(centre - radius + 0.5));
            var end = Math.Min(from, (int)(centre + radius + 0.5));
            double[] weights = [.. Enumerable.Range(first, end - first).Select(j => filter.Weight((j - centre + 0.5) * (1 / widening)))];
            var sum = weights.Sum();
            (_first[i], _weights[i]) = (first, Array.ConvertAll(weights, weight => Rounded(weight / sum)));
        }
    }

    /// <summary>New pixels.</summary>
    public int Count => _first.Length;

    /// <summary>The first old pixel that is read.</summary>
    public int First => _first[0];

    /// <summary>One behind the last old pixel that is read.</summary>
    public int End => _first[^1] + _weights[^1].Length;

    /// <summary>New pixels of a line.</summary>
    public void Along(ReadOnlySpan<byte> line, Span<byte> target)
    {
        for (var i = 0; i < target.Length; i++)
        {
            var (first, weights) = (_first[i], _weights[i]);
            var sum = 1 << (Bits - 1);
            for (var k = 0; k < weights.Length; k++)
            {
                sum += weights[k] * line[first + k];
            }

            target[i] = (byte)Math.Clamp(sum >> Bits, 0, byte.MaxValue);
        }
    }

    /// <summary>A new line of lines that lie one behind the other, from line <see cref="First"/> on.</summary>
    public void Across(ReadOnlySpan<byte> lines, int number, Span<byte> target)
    {
        var (first, weights) = (_first[number] - First, _weights[number]);
        for (var x = 0; x < target.Length; x++)
        {
            var sum = 1 << (Bits - 1);
            for (var k = 0; k < weights.Length; k++)
            {
                sum += weights[k] * lines[((first + k) * target.Length) + x];
            }

            target[x] = (byte)Math.Clamp(sum >> Bits, 0, byte.MaxValue);
        }
    }

    private static int Rounded(double weight) => (int)((weight * (1 << Bits)) + (weight < 0 ? -0.5 : 0.5));
}
