using System.Runtime.CompilerServices;

namespace DPT.Engine.Kernels;

/// <summary>Windows times filter: a convolution, and with the windows of gradients and the filter turned round the gradient of its images.</summary>
internal readonly unsafe struct ConvolutionFactors(WindowStrips windows, float* filter, FilterMap map) : IGemmFactors<ScatteredLeft>
{
    private readonly WindowStrips _windows = windows;
    private readonly FilterMap _map = map;

    public long LeftFloats(int rows, int kc) => _windows.Floats(rows, kc);

    public void PackLeft(in GemmBlock block, float* packed) => _windows.Pack(in block, packed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ScatteredLeft Left(in GemmBlock block, int row, int rows, float* packed) =>
        _windows.Tile(in block, row, rows, packed);

    public void PackRight<V>(int firstK, int kc, int column, int columns, float* panel) where V : struct, ISimd<V>
    {
        if (_map.Column != 1)
        {
            GemmPacking.PanelOfTransposedB<V>(filter + _map.At(firstK, column), _map.Column, kc, columns, panel);
            return;
        }

        // Rows of a tap are apart as columns of the filter are; the next tap's begin elsewhere.
        for (var k = firstK; k < firstK + kc;)
        {
            var depth = Math.Min(firstK + kc - k, _map.Channels - (k % _map.Channels));
            GemmPacking.PanelOfB<V>(filter + _map.At(k, column), _map.Term, depth, columns, panel);
            panel += depth * GemmMicroKernel.Columns<V>();
            k += depth;
        }
    }
}

/// <summary>Gradients of the result, transposed, times windows: the gradient of the filter.</summary>
/// <param name="product">The product; its left factor is the gradients.</param>
/// <param name="x">The first number of the first pixel.</param>
/// <param name="windows">The windows of the images; nothing is spread in them.</param>
internal readonly unsafe struct ConvolutionGradientFactors(in MatMulCall product, float* x, WindowMap windows)
    : IGemmFactors<StridedLeft>
{
    private readonly MatrixFactors _gradients = new(in product);
    private readonly WindowMap _windows = windows;

    public long LeftFloats(int rows, int kc) => _gradients.LeftFloats(rows, kc);

    public void PackLeft(in GemmBlock block, float* packed) => _gradients.PackLeft(in block, packed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public StridedLeft Left(in GemmBlock block, int row, int rows, float* packed) =>
        _gradients.Left(in block, row, rows, packed);

    /// <summary>A row of the panel is a part of a window: runs of channels, one for each tap that it touches.</summary>
    public void PackRight<V>(int firstK, int kc, int column, int columns, float* panel) where V : struct, ISimd<V>
    {
        for (var done = 0; done < columns;)
        {
            var (tap, channel) = Math.DivRem(column + done, _windows.Channels);
            var run = Math.Min(_windows.Channels - channel, columns - done);
            PackRun<V>(firstK, kc, tap, channel, run, panel + done);
            done += run;
        }

        var width = GemmMicroKernel.Columns<V>();
        for (var k = 0; k < kc && columns < width; k++)
        {
            CopyRun<V>(null, panel + (k * width) + columns, width - columns);
        }
    }

    private void PackRun<V>(int firstRow, int rows, int tap, int channel, int run, float* panel) where V : struct, ISimd<V>
    {
        var (tapLine, tapColumn) = Math.DivRem(tap, _windows.X.Taps);
        var end = firstRow + rows;
        for (var row = firstRow; row < end;)
        {
            var (line, first) = Math.DivRem(row, _windows.X.Outputs);
            var (image, output) = Math.DivRem(line, _windows.Y.Outputs);
            var y = _windows.Y.At(_windows.Y.First(output) + tapLine);
            var from = x + (((((nint)image * _windows.Y.Source) + y) * _windows.X.Source * _windows.Stride) + channel);
            var pixel = _windows.X.First(first) + tapColumn;
            var endOfLine = Math.Min(end, row + _windows.X.Outputs - first);
            for (; row < endOfLine; row++, pixel += _windows.X.Step, panel += GemmMicroKernel.Columns<V>())
            {
                var isPixel = y >= 0 && (uint)pixel < (uint)_windows.X.Source;
                CopyRun<V>(isPixel ? from + ((nint)pixel * _windows.Stride) : null, panel, run);
            }
        }
    }

    /// <summary>Copies a few numbers, or zeros from nowhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRun<V>(float* from, float* to, int count) where V : struct, ISimd<V>
    {
        for (; count >= V.Count; count -= V.Count, to += V.Count)
        {
            V.Store(to, from == null ? V.Zero : V.Load(from));
            from = from == null ? null : from + V.Count;
        }

        if (count > 0)
        {
            V.StoreFirst(to, from == null ? V.Zero : V.LoadFirst(from, count), count);
        }
    }
}
