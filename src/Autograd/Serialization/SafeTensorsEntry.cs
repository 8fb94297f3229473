namespace DPT.Engine.Autograd;

/// <summary>A tensor in a safetensors file.</summary>
/// <param name="Type">Element type as the format names it: <c>F32</c>, <c>I64</c>, <c>U8</c>, ...</param>
/// <param name="Shape">Sizes, outermost first; none for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">First byte after it.</param>
public sealed record SafeTensorsEntry(string Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>Bytes of the tensor.</summary>
    public long Length => End - Begin;
}

/// <summary>What reader and writer agree on. See https://github.com/huggingface/safetensors, "Format".</summary>
internal static class SafeTensorsFormat
{
    public const string Float32 = "F32";
    public const string Int64 = "I64";
    public const string UInt8 = "U8";
    public const string Metadata = "__metadata__";

    /// <summary>Bytes of the header's length at the start of a file.</summary>
    public const int LengthBytes = 8;

    /// <summary>The limit that the format's own implementation has.</summary>
    public const long LargestHeader = 100_000_000;
}
