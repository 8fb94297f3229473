using System.Globalization;

namespace DPT.Engine.Ptx;

/// <summary>Sizes of PTX types, and the bits of its numbers.</summary>
internal static class PtxType
{
    /// <summary>Bytes of a type with its dot; a predicate counts as one.</summary>
    /// <exception cref="PtxException">It is no type.</exception>
    public static int Bytes(string type) => type switch
    {
        ".b8" or ".u8" or ".s8" or ".pred" => 1,
        ".b16" or ".u16" or ".s16" or ".f16" or ".bf16" => 2,
        ".b32" or ".u32" or ".s32" or ".f32" or ".f16x2" or ".bf16x2" or ".tf32" => 4,
        ".b64" or ".u64" or ".s64" or ".f64" => 8,
        ".b128" => 16,
        _ => throw new PtxException($"'{type}' is not a PTX type"),
    };

    /// <summary>The bits of a number as PTX writes it.</summary>
    /// <exception cref="PtxException">It is no number.</exception>
    public static ulong ParseBits(string text)
    {
        var isNegative = text.StartsWith('-');
        var digits = text.AsSpan(isNegative ? 1 : 0);
        var isUnsigned = digits.EndsWith("U");
        digits = isUnsigned ? digits[..^1] : digits;
        var isHex = digits.Length > 2 && digits[0] == '0' && digits[1] is 'x' or 'X' or 'f' or 'F' or 'd' or 'D';
        return ulong.TryParse(
            isHex ? digits[2..] : digits,
            isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var bits)
            ? isNegative ? unchecked(0 - bits) : bits
            : throw new PtxException($"'{text}' is not a PTX number");
    }
}
