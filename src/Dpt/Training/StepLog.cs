using DPT.Engine.Kernels;

namespace DPT.Engine.Dpt;

/// <summary>Reads the numbers that a step left.</summary>
/// <param name="row">The numbers.</param>
/// <param name="step">The step, counted from 0.</param>
/// <exception cref="DptException">They say that training diverged.</exception>
internal delegate void StepReader(ReadOnlySpan<float> row, int step);

/// <summary>
/// The numbers that steps leave for people, and for the check that training has not diverged. A step writes them into one row
/// of device memory; rows are kept there until somebody asks or there is room for no more, so that no step waits for its own.
/// </summary>
internal sealed class StepLog : IDisposable
{
    private const int MostRows = 256;
    private const int MostNumbers = 1 << 18;

    private readonly Device _device;
    private readonly StepReader _reader;
    private readonly DeviceBuffer<float> _row;
    private readonly DeviceBuffer<float> _kept;
    private readonly float[] _read;
    private int _count;
    private int _firstStep;
    private DptException? _divergence;

    /// <param name="device">Where the steps run.</param>
    /// <param name="width">Numbers of a step.</param>
    /// <param name="reader">What becomes of them.</param>
    public StepLog(Device device, int width, StepReader reader)
    {
        (_device, _reader) = (device, reader);
        _row = device.Allocate<float>(width);
        _read = new float[(long)width * Math.Clamp(MostNumbers / width, 1, MostRows)];
        _kept = device.Allocate<float>(_read.Length);
    }

    /// <summary>What the present step writes, [width].</summary>
    public Slice<float> Row => _row.Slice;

    private int Width => (int)Row.Length;

    /// <summary>Keeps the row of a step; the one after it is the next to be kept.</summary>
    public void Keep(int step)
    {
        if ((_count + 1) * Width > _read.Length)
        {
            Read();
        }

        _firstStep = step - _count;
        _device.Copy(Row, _kept.Slice.Range(_count * Width, Width));
        _count++;
    }

    /// <summary>Reads the rows since the last call, in the order of the steps, until one says of divergence.</summary>
    /// <exception cref="DptException">Training diverged, in this call or an earlier one.</exception>
    public void Read()
    {
        if (_divergence is not null)
        {
            throw _divergence;
        }

        if (_count == 0)
        {
            return;
        }

        var rows = _read.AsSpan(0, _count * Width);
        _device.CopyOut(_kept.Slice.Range(0, rows.Length), rows);
        try
        {
            for (var i = 0; i < _count; i++)
            {
                _reader(rows.Slice(i * Width, Width), _firstStep + i);
            }
        }
        catch (DptException divergence)
        {
            _divergence = divergence;
            throw;
        }

        _count = 0;
    }

    /// <summary>Forgets what was kept, and that training had diverged.</summary>
    public void Clear()
    {
        _count = 0;
        _divergence = null;
    }

    public void Dispose()
    {
        _row.Dispose();
        _kept.Dispose();
    }
}
