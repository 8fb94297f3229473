namespace DPT.Engine.Kernels;

/// <summary>
/// The operands of a case in device memory, each between guard bands; outputs start poisoned with NaN, so a write
/// outside an operand and an element that nobody wrote are both seen. The guard bands read as NaN too (and as the
/// integer -1), so a result that depends on what lies outside an operand is seen as well.
/// </summary>
public sealed class CaseMemory : IDisposable
{
    /// <summary>More than a row of most cases, so that a write that is a row off lands in it.</summary>
    private const int GuardBytes = 4096;

    private const byte GuardByte = 0xFF;

    private readonly Device _device;
    private readonly Dictionary<string, (Operand Operand, DeviceBuffer<byte> Buffer)> _buffers = [];

    /// <summary>Allocates and fills the operands.</summary>
    public CaseMemory(Device device, KernelCase kernelCase, CaseValues values)
    {
        _device = device;
        foreach (var operand in kernelCase.Operands)
        {
            var content = Encode(operand, values[operand.Name]);
            var bytes = new byte[GuardBytes + content.Length + GuardBytes];
            bytes.AsSpan().Fill(GuardByte);
            content.CopyTo(bytes, GuardBytes);
            _buffers[operand.Name] = (operand, device.Upload<byte>(bytes));
        }
    }

    /// <summary>A float operand by name.</summary>
    public Slice<float> this[string name] => Get<float>(name);

    /// <summary>An integer operand by name.</summary>
    public Slice<int> Int(string name) => Get<int>(name);

    /// <summary>A byte operand by name.</summary>
    public Slice<byte> Byte(string name) => Get<byte>(name);

    /// <summary>The present elements of an operand as doubles.</summary>
    public double[] Read(string name)
    {
        var (operand, buffer) = _buffers[name];
        var bytes = _device.Download(buffer.Slice);
        var content = bytes.AsSpan(GuardBytes, bytes.Length - (2 * GuardBytes));
        var values = new double[operand.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = operand.Element == typeof(int) ? BitConverter.ToInt32(content[(4 * i)..])
                : operand.Element == typeof(byte) ? content[i]
                : BitConverter.ToSingle(content[(4 * i)..]);
        }

        return values;
    }

    /// <summary>The names of operands with a damaged guard band.</summary>
    public IEnumerable<string> DamagedGuards()
    {
        foreach (var (name, (_, buffer)) in _buffers)
        {
            var bytes = _device.Download(buffer.Slice);
            if (bytes.AsSpan(0, GuardBytes).ContainsAnyExcept(GuardByte)
                || bytes.AsSpan(bytes.Length - GuardBytes).ContainsAnyExcept(GuardByte))
            {
                yield return name;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, buffer) in _buffers.Values)
        {
            buffer.Dispose();
        }
    }

    private unsafe Slice<T> Get<T>(string name) where T : unmanaged
    {
        var (operand, buffer) = _buffers[name];
        if (typeof(T) != (operand.Element ?? typeof(float)))
        {
            throw new InvalidOperationException($"operand '{name}' holds {operand.Element ?? typeof(float)}");
        }

        return new Slice<T>(buffer.Slice.Address + GuardBytes, operand.Length);
    }

    private static byte[] Encode(Operand operand, double[] values)
    {
        var size = operand.Element == typeof(byte) ? 1 : 4;
        var bytes = new byte[size * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (operand.Element == typeof(int))
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), (int)values[i]);
            }
            else if (operand.Element == typeof(byte))
            {
                bytes[i] = (byte)values[i];
            }
            else
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), (float)values[i]);
            }
        }

        return bytes;
    }
}
