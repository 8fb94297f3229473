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
    private readonly Dictionary<string, (Operand Operand, int Start, DeviceBuffer<byte> Buffer)> _buffers = [];

    /// <summary>Allocates and fills the operands.</summary>
    /// <param name="device">Where.</param>
    /// <param name="kernelCase">The case.</param>
    /// <param name="values">What the operands hold.</param>
    /// <param name="unaligned">An operand that starts one element behind an aligned address; null for none.</param>
    public CaseMemory(Device device, KernelCase kernelCase, CaseValues values, string? unaligned = null)
    {
        _device = device;
        foreach (var operand in kernelCase.Operands)
        {
            var content = Encode(operand, values[operand.Name]);
            var start = GuardBytes + (operand.Name == unaligned ? OperandElement.Bytes(operand) : 0);
            var bytes = new byte[start + content.Length + GuardBytes];
            bytes.AsSpan().Fill(GuardByte);
            content.CopyTo(bytes, start);
            _buffers[operand.Name] = (operand, start, device.Upload<byte>(bytes));
        }
    }

    /// <summary>Allocates the operands and fills nothing: enough to ask what a variant supports.</summary>
    /// <param name="device">Where.</param>
    /// <param name="kernelCase">The case.</param>
    public CaseMemory(Device device, KernelCase kernelCase)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(kernelCase);
        _device = device;
        foreach (var operand in kernelCase.Operands)
        {
            var bytes = (2 * GuardBytes) + (OperandElement.Bytes(operand) * operand.Length);
            _buffers[operand.Name] = (operand, GuardBytes, device.Allocate<byte>(bytes));
        }
    }

    /// <summary>A float operand by name.</summary>
    public Slice<float> this[string name] => Get<float>(name);

    /// <summary>A bf16 operand by name.</summary>
    public Slice<BFloat16> Bf16(string name) => Get<BFloat16>(name);

    /// <summary>An integer operand by name.</summary>
    public Slice<int> Int(string name) => Get<int>(name);

    /// <summary>A byte operand by name.</summary>
    public Slice<byte> Byte(string name) => Get<byte>(name);

    /// <summary>The present elements of an operand as doubles.</summary>
    public double[] Read(string name)
    {
        var (operand, start, buffer) = _buffers[name];
        var bytes = _device.Download(buffer.Slice);
        var content = bytes.AsSpan(start, bytes.Length - start - GuardBytes);
        var values = new double[operand.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = OperandElement.Read(operand, content, i);
        }

        return values;
    }

    /// <summary>The names of operands with a damaged guard band.</summary>
    public IEnumerable<string> DamagedGuards()
    {
        foreach (var (name, (_, start, buffer)) in _buffers)
        {
            var bytes = _device.Download(buffer.Slice);
            if (bytes.AsSpan(0, start).ContainsAnyExcept(GuardByte)
                || bytes.AsSpan(bytes.Length - GuardBytes).ContainsAnyExcept(GuardByte))
            {
                yield return name;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, buffer) in _buffers.Values)
        {
            buffer.Dispose();
        }
    }

    private unsafe Slice<T> Get<T>(string name) where T : unmanaged
    {
        var (operand, start, buffer) = _buffers[name];
        if (typeof(T) != (operand.Element ?? typeof(float)))
        {
            throw new InvalidOperationException($"operand '{name}' holds {operand.Element ?? typeof(float)}");
        }

        return new Slice<T>(buffer.Slice.Address + start, operand.Length);
    }

    private static byte[] Encode(Operand operand, double[] values)
    {
        var bytes = new byte[OperandElement.Bytes(operand) * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            OperandElement.Write(operand, bytes, i, values[i]);
        }

        return bytes;
    }
}
