namespace DPT.Engine.Kernels;

/// <summary>How the elements of an operand lie in memory: the one place that knows all types.</summary>
internal static class OperandElement
{
    /// <summary>Bytes of an element.</summary>
    public static int Bytes(Operand operand) =>
        operand.Element == typeof(byte) ? sizeof(byte)
        : operand.Element == typeof(BFloat16) ? sizeof(ushort)
        : sizeof(float);

    /// <summary>The share of itself that a number may be off by for being stored there.</summary>
    public static double Roundoff(Operand operand) => operand.Element == typeof(BFloat16) ? BFloat16.UnitRoundoff : 0;

    /// <summary>Whether an operand holds numbers that may have fractions, be infinite, or none.</summary>
    public static bool IsReal(Operand operand) => operand.Element is null || operand.Element == typeof(BFloat16);

    /// <summary>The number that is stored in place of another.</summary>
    public static double Rounded(Operand operand, double value) =>
        operand.Element == typeof(BFloat16) ? BFloat16.Round((float)value).ToSingle()
        : operand.Element is null ? (float)value
        : value;

    /// <summary>Stores an element.</summary>
    public static void Write(Operand operand, Span<byte> bytes, int index, double value)
    {
        var place = bytes[(index * Bytes(operand))..];
        if (operand.Element == typeof(int))
        {
            BitConverter.TryWriteBytes(place, (int)value);
        }
        else if (operand.Element == typeof(byte))
        {
            place[0] = (byte)value;
        }
        else if (operand.Element == typeof(BFloat16))
        {
            BitConverter.TryWriteBytes(place, BFloat16.Round((float)value).Bits);
        }
        else
        {
            BitConverter.TryWriteBytes(place, (float)value);
        }
    }

    /// <summary>Reads an element.</summary>
    public static double Read(Operand operand, ReadOnlySpan<byte> bytes, int index)
    {
        var place = bytes[(index * Bytes(operand))..];
        return operand.Element == typeof(int) ? (double)BitConverter.ToInt32(place)
            : operand.Element == typeof(byte) ? place[0]
            : operand.Element == typeof(BFloat16) ? new BFloat16(BitConverter.ToUInt16(place)).ToSingle()
            : BitConverter.ToSingle(place);
    }
}
