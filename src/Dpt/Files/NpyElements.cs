using System.Runtime.InteropServices;

namespace DPT.Engine.Dpt;

/// <summary>Elements of NumPy's arrays, the low byte first. Their bytes are asked for once the type is known to be right.</summary>
internal static class NpyElements
{
    public const string UInt8 = "|u1";
    public const string Int32 = "<i4";
    public const string Int64 = "<i8";
    public const string Float32 = "<f4";
    public const string Float64 = "<f8";

    /// <summary>Bytes of an element.</summary>
    /// <exception cref="InvalidDataException">The type is none of those above.</exception>
    public static int BytesOf(string type) => type switch
    {
        UInt8 => 1,
        Int32 or Float32 => 4,
        Int64 or Float64 => 8,
        _ => throw Other(type, "uint8, int32, int64, float32 or float64"),
    };

    /// <summary>Bytes of uint8.</summary>
    /// <exception cref="InvalidDataException">They are of another type.</exception>
    public static byte[] ToBytes(string type, Func<byte[]> bytes) => type == UInt8 ? bytes() : throw Other(type, "uint8");

    /// <summary>Integers of int64, int32 or uint8.</summary>
    /// <exception cref="InvalidDataException">They are of another type.</exception>
    public static long[] ToLongs(string type, Func<byte[]> bytes) => type switch
    {
        Int64 => Cast<long>(bytes()),
        Int32 => Array.ConvertAll(Cast<int>(bytes()), value => (long)value),
        UInt8 => Array.ConvertAll(bytes(), value => (long)value),
        _ => throw Other(type, "int64, int32 or uint8"),
    };

    /// <summary>Numbers of float32, or of float64 and rounded.</summary>
    /// <exception cref="InvalidDataException">They are of another type.</exception>
    public static float[] ToFloats(string type, Func<byte[]> bytes) => type switch
    {
        Float32 => Cast<float>(bytes()),
        Float64 => Array.ConvertAll(Cast<double>(bytes()), value => (float)value),
        _ => throw Other(type, "float32 or float64"),
    };

    /// <summary>Numbers of float64, or of float32.</summary>
    /// <exception cref="InvalidDataException">They are of another type.</exception>
    public static double[] ToDoubles(string type, Func<byte[]> bytes) => type switch
    {
        Float64 => Cast<double>(bytes()),
        Float32 => Array.ConvertAll(Cast<float>(bytes()), value => (double)value),
        _ => throw Other(type, "float64 or float32"),
    };

    private static InvalidDataException Other(string type, string wanted) =>
        new($"its elements are '{OneLine.Start(type)}', {wanted} with the low byte first is asked for");

    private static T[] Cast<T>(byte[] bytes) where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes).ToArray();
}
