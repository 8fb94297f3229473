using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>
/// A thread owns an image. What is sampled of its surroundings is known from the corners of the map: only that box is raised, along x on
/// a line with its reflections, then along y as sums of whole lines. A line of samples is lowered along x as soon as it is there, and
/// what is left of all lines along y, again as sums of whole lines. An image that is not moved is copied.
/// Limits: none. Scratch: for each thread 36 S^2 floats for the box, 6 S^2 for its lines, 2 S^2 for the lowered samples.
/// Bytes: 8 B C S^2. FLOPs: 200 for each number of an image that is moved, to 550 where the whole surroundings are seen.
/// </summary>
internal sealed unsafe class AugmentEdmHostV1Passes : HostVariant<AugmentEdmCall>
{
    public override string Name => "host-v1-passes";

    public override string Idea => "a thread per image; only what the map sees is raised, and lines are summed in vectors";

    protected override void Run<V>(HostDevice device, in AugmentEdmCall call)
    {
        HostBounds.Check((float*)call.Maps.Address, (long)call.Batch * EdmView.MapLength);
        HostBounds.Check((float*)call.Labels.Address, (long)call.Batch * EdmView.LabelLength);
        using var scratch = new HostWorkspace(device, Passes<V>.Floats(in call));
        var job = new Job<V> { Call = call, Scratch = scratch };
        device.Workers.For(call.Batch, ref job);
    }

    private struct Job<V> : IParallelJob where V : struct, ISimd<V>
    {
        public AugmentEdmCall Call;
        public HostWorkspace Scratch;

        public readonly void Execute(int index)
        {
            var map = (float*)Call.Maps.Address + ((long)index * EdmView.MapLength);
            var labels = (float*)Call.Labels.Address + ((long)index * EdmView.LabelLength);
            var passes = new Passes<V>(
                in Call, new EdmView(Call.ImageSize, labels[0], labels[1], map[0], map[1], map[2], map[3], map[4], map[5]), Scratch.Mine);
            var area = (long)Call.ImageSize * Call.ImageSize;
            for (var c = 0; c < Call.Channels; c++)
            {
                var plane = (((long)index * Call.Channels) + c) * area;
                var image = (float*)Call.Images.Address + plane;
                var output = (float*)Call.Output.Address + plane;
                HostBounds.Check(image, area);
                HostBounds.Check(output, area);
                passes.Run(image, output);
            }
        }
    }

    /// <summary>The passes over one channel of an image, in the scratch memory of a thread.</summary>
    private readonly struct Passes<V> where V : struct, ISimd<V>
    {
        /// <summary>Zeros at both ends of a line, where raised numbers read beyond its reflections.</summary>
        private const int LineBorder = Sym6.Raising;

        private readonly int _size;
        private readonly int _samples;
        private readonly EdmView _view;
        private readonly SampledBox _box;
        private readonly float* _line;
        private readonly float* _sampled;
        private readonly float* _wide;
        private readonly float* _raised;
        private readonly float* _lowered;

        public Passes(in AugmentEdmCall call, EdmView view, float* scratch)
        {
            (_size, _samples, _view) = (call.ImageSize, call.Samples, view);
            _box = SampledBox.Of(view, _samples);
            var most = Raised(_size);
            _line = scratch;
            _sampled = _line + Line(_size);
            _wide = _sampled + _samples;
            _raised = _wide + ((long)_size * most);
            _lowered = _raised + ((long)most * most);
        }

        public static long Floats(in AugmentEdmCall call)
        {
            var (size, samples, most) = ((long)call.ImageSize, (long)call.Samples, (long)Raised(call.ImageSize));
            return Line(call.ImageSize) + samples + (size * most) + (most * most) + (samples * size);
        }

        public void Run(float* image, float* output)
        {
            if (_view.IsStill)
            {
                Copy(image, output);
                return;
            }

            for (var row = 0; row < _size; row++)
            {
                Widen(image + ((long)row * _size), _wide + ((long)row * _box.Width));
            }

            for (var y = _box.Top; y < _box.Bottom; y++)
            {
                Heighten(y);
            }

            for (var row = 0; row < _samples; row++)
            {
                Sample(row);
                Narrow(_lowered + ((long)row * _size));
            }

            for (var row = 0; row < _size; row++)
            {
                Flatten(row, output + ((long)row * _size));
            }
        }

        /// <summary>Raised numbers of a line, as far as reflection reaches.</summary>
        private static int Raised(int size) => 2 * ((3 * size) - 2);

        private static int Line(int size) => (3 * size) - 2 + (2 * LineBorder);

        private void Copy(float* image, float* output)
        {
            for (var y = 0; y < _size; y++)
            {
                var row = image + ((long)_view.Row(y) * _size);
                for (var x = 0; x < _size; x++)
                {
                    *output++ = row[_view.Column(x)];
                }
            }
        }

        /// <summary>Raises a line of the image along x, within the box.</summary>
        private void Widen(float* row, float* wide)
        {
            var first = -(_size - 1) - LineBorder;
            for (var i = 0; i < Line(_size); i++)
            {
                _line[i] = _view.IsThere(first + i) ? row[_view.Column(first + i)] : 0;
            }

            for (var x = _box.Left; x < _box.Right; x++)
            {
                var from = _line + (Sym6.First(x) - first);
                var sum = 0f;
                for (var n = 0; n < Sym6.Raising; n++)
                {
                    sum = Scalar.Fma(from[n], Sym6.Raise(x, n), sum);
                }

                *wide++ = sum;
            }
        }

        /// <summary>A raised line of the box, from the six lines around it.</summary>
        private void Heighten(int y)
        {
            var step = new LineSum<V> { Result = _raised + ((long)(y - _box.Top) * _box.Width) };
            for (var n = 0; n < Sym6.Raising; n++)
            {
                var row = Sym6.First(y) + n;
                if (_view.IsThere(row))
                {
                    step.Add(_wide + ((long)_view.Row(row) * _box.Width), Sym6.Raise(y, n));
                }
            }

            HostElementwise.Range<V, LineSum<V>>(ref step, 0, _box.Width);
        }

        /// <summary>A line of samples, each between four raised numbers.</summary>
        private void Sample(int row)
        {
            for (var i = 0; i < _samples; i++)
            {
                float x = _view.X(i + 1, row + 1), y = _view.Y(i + 1, row + 1);
                int left = EdmView.Floor(x), top = EdmView.Floor(y);
                float right = x - left, down = y - top;
                var sum = RaisedAt(left, top) * ((1 - right) * (1 - down));
                sum = Scalar.Fma(RaisedAt(left + 1, top), right * (1 - down), sum);
                sum = Scalar.Fma(RaisedAt(left, top + 1), (1 - right) * down, sum);
                _sampled[i] = Scalar.Fma(RaisedAt(left + 1, top + 1), right * down, sum);
            }
        }

        private float RaisedAt(int x, int y) => _box.Contains(x, y) ? _raised[((long)(y - _box.Top) * _box.Width) + x - _box.Left] : 0;

        /// <summary>Lowers the line of samples along x.</summary>
        private void Narrow(float* lowered)
        {
            for (var x = 0; x < _size; x++)
            {
                var from = _sampled + (2 * x);
                var sum = 0f;
                for (var n = 0; n < Sym6.Taps; n++)
                {
                    sum = Scalar.Fma(from[n], Sym6.Tap(n), sum);
                }

                lowered[x] = sum;
            }
        }

        /// <summary>A line of the result, from twelve lines of samples.</summary>
        private void Flatten(int row, float* output)
        {
            var step = new LineSum<V> { Result = output };
            for (var n = 0; n < Sym6.Taps; n++)
            {
                step.Add(_lowered + ((long)((2 * row) + n) * _size), Sym6.Tap(n));
            }

            HostElementwise.Range<V, LineSum<V>>(ref step, 0, _size);
        }
    }

    /// <summary>The raised numbers that samples of an image read: those that are there between the corners of the map.</summary>
    private readonly record struct SampledBox(int Left, int Top, int Right, int Bottom)
    {
        public int Width => Right - Left;

        public static SampledBox Of(EdmView view, int samples)
        {
            // A coordinate goes one way along each axis, rounded or not: it is nowhere further out than in a corner.
            int left = view.Most + 1, top = left, right = view.Least, bottom = right;
            foreach (var (column, row) in ((int, int)[])[(1, 1), (samples, 1), (1, samples), (samples, samples)])
            {
                int x = EdmView.Floor(view.X(column, row)), y = EdmView.Floor(view.Y(column, row));
                (left, right) = (Math.Min(left, x), Math.Max(right, x + 2));
                (top, bottom) = (Math.Min(top, y), Math.Max(bottom, y + 2));
            }

            return new SampledBox(
                Math.Max(left, view.Least), Math.Max(top, view.Least), Math.Min(right, view.Most + 1), Math.Min(bottom, view.Most + 1));
        }

        public bool Contains(int x, int y) => x >= Left && x < Right && y >= Top && y < Bottom;
    }

    /// <summary>A sum of lines, each with a factor, in order.</summary>
    private struct LineSum<V> : IElementStep<V> where V : struct, ISimd<V>
    {
        public float* Result;
        private LineFactors _factors;
        private LineAddresses _lines;
        private int _count;

        public void Add(float* line, float factor)
        {
            _lines[_count] = (nint)line;
            _factors[_count++] = factor;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Apply<L>(long at, int count) where L : struct, ILanes<V>
        {
            var sum = V.Zero;
            for (var n = 0; n < _count; n++)
            {
                sum = V.Fma(L.Load((float*)_lines[n] + at, count), V.Broadcast(_factors[n]), sum);
            }

            L.Store(Result + at, sum, count);
        }
    }

    [InlineArray(Sym6.Taps)]
    private struct LineFactors
    {
        private float _first;
    }

    [InlineArray(Sym6.Taps)]
    private struct LineAddresses
    {
        private nint _first;
    }
}
