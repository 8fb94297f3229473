using System.Numerics;
using System.Runtime.InteropServices;
using DPT.Engine.Kernels;

namespace DPT.Engine.Autograd;

/// <summary>Types of elements by their names in safetensors files, <c>F32</c>, <c>BF16</c>, <c>I64</c>, ..., and what they are as floats.</summary>
public static class ElementTypes
{
    /// <summary>Bytes per element; null if the type is unknown.</summary>
    public static int? BytesOf(string type) => type switch
    {
        "BOOL" or "U8" or "I8" or "F8_E4M3" or "F8_E5M2" => 1,
        "U16" or "I16" or "F16" or "BF16" => 2,
        "U32" or "I32" or "F32" => 4,
        "U64" or "I64" or "F64" => 8,
        _ => null,
    };

    /// <summary>Elements as floats: those of F16, BF16, BOOL and integers below 2^24 exactly, of others the nearest float.</summary>
    /// <param name="type">The type.</param>
    /// <param name="bytes">The elements, low bytes first; a whole number of them.</param>
    /// <exception cref="InvalidDataException">The type has no conversion (floats of 8 bits).</exception>
    public static float[] ToFloats(string type, ReadOnlySpan<byte> bytes) => type switch
    {
        "F32" => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
        "F64" => Convert<double>(bytes),
        "F16" => Convert<Half>(bytes),
        "BF16" => Convert(MemoryMarshal.Cast<byte, BFloat16>(bytes)),
        "U8" => Convert<byte>(bytes),
        "I8" => Convert<sbyte>(bytes),
        "U16" => Convert<ushort>(bytes),
        "I16" => Convert<short>(bytes),
        "U32" => Convert<uint>(bytes),
        "I32" => Convert<int>(bytes),
        "U64" => Convert<ulong>(bytes),
        "I64" => Convert<long>(bytes),
        "BOOL" => Truths(bytes),
        _ => throw new InvalidDataException($"elements of type {type} are not converted"),
    };

    private static float[] Convert<T>(ReadOnlySpan<byte> bytes) where T : unmanaged, INumber<T>
    {
        var elements = MemoryMarshal.Cast<byte, T>(bytes);
        var floats = new float[elements.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = float.CreateSaturating(elements[i]);
        }

        return floats;
    }

    private static float[] Convert(ReadOnlySpan<BFloat16> elements)
    {
        var floats = new float[elements.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = elements[i].ToSingle();
        }

        return floats;
    }

    private static float[] Truths(ReadOnlySpan<byte> bytes)
    {
        var floats = new float[bytes.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = bytes[i] != 0 ? 1 : 0;
        }

        return floats;
    }
}
