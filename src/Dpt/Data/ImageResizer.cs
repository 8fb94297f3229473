namespace DPT.Engine.Dpt;

/// <summary>
/// Resizing with a triangle filter that widens when shrinking (antialiased bilinear, as PIL does it), separable: rows
/// first, then columns, rounded once at the end.
/// </summary>
internal static class ImageResizer
{
    /// <summary>All images at side <paramref name="size"/>.</summary>
    public static ImageDataset Resize(ImageDataset images, int size)
    {
        var (from, to) = (images.ImageSize * images.ImageSize, size * size);
        var filter = new Filter(images.ImageSize, size);
        return images.Changed(size, (source, target) =>
        {
            for (var plane = 0; plane < images.Channels; plane++)
            {
                filter.Apply(source.Slice(plane * from, from), target.Slice(plane * to, to));
            }
        });
    }

    /// <summary>The weights for one pair of sizes.</summary>
    internal sealed class Filter
    {
        private readonly int _from;
        private readonly int _to;
        private readonly int[] _first;
        private readonly float[][] _weights;

        public Filter(int from, int to)
        {
            _from = from;
            _to = to;
            _first = new int[to];
            _weights = new float[to][];
            var scale = (double)from / to;
            var radius = Math.Max(scale, 1);
            for (var i = 0; i < to; i++)
            {
                var centre = (i + 0.5) * scale;
                var first = Math.Max(0, (int)(centre - radius + 0.5));
                var end = Math.Min(from, (int)(centre + radius + 0.5));
                var weights = Enumerable.Range(first, end - first)
                    .Select(j => Math.Max(0, 1 - (Math.Abs(j + 0.5 - centre) / radius))).ToArray();
                var sum = weights.Sum();
                _first[i] = first;
                _weights[i] = Array.ConvertAll(weights, w => (float)(w / sum));
            }
        }

        /// <summary>Resizes one plane.</summary>
        /// <param name="source">[from,from].</param>
        /// <param name="target">[to,to].</param>
        public void Apply(ReadOnlySpan<byte> source, Span<byte> target)
        {
            var narrowed = new float[_from * _to];
            for (var y = 0; y < _from; y++)
            {
                for (var x = 0; x < _to; x++)
                {
                    var sum = 0f;
                    for (var k = 0; k < _weights[x].Length; k++)
                    {
                        sum += _weights[x][k] * source[(y * _from) + _first[x] + k];
                    }

                    narrowed[(y * _to) + x] = sum;
                }
            }

            for (var y = 0; y < _to; y++)
            {
                for (var x = 0; x < _to; x++)
                {
                    var sum = 0.5f;
                    for (var k = 0; k < _weights[y].Length; k++)
                    {
                        sum += _weights[y][k] * narrowed[((_first[y] + k) * _to) + x];
                    }

                    target[(y * _to) + x] = (byte)Math.Clamp(sum, 0, 255);
                }
            }
        }
    }
}
