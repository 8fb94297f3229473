using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DPT.Engine.Dpt;

/// <summary>What stands before the numbers of an <c>.npy</c> file, see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.</summary>
/// <param name="Type">Type of the elements as NumPy writes it: <c>&lt;f4</c>, <c>&lt;i8</c>, ...</param>
/// <param name="Shape">Sizes, outermost first; none for a scalar.</param>
internal sealed partial record NpyHeader(string Type, int[] Shape)
{
    /// <summary>As many as NumPy allows.</summary>
    private const int MostAxes = 64;

    private const int Alignment = 64;
    private const int LongestHeader = 1 << 16;

    /// <summary>Magic, version and the length of version 1.</summary>
    private const int PrefixBytes = 10;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            var count = Shape.Contains(0) ? 0L : 1L;
            foreach (var size in Shape)
            {
                count *= size;
                if (count > Array.MaxLength)
                {
                    throw new InvalidDataException($"it declares {Shown}, more than {Array.MaxLength} elements");
                }
            }

            return count;
        }
    }

    /// <summary>Bytes of all elements.</summary>
    /// <exception cref="InvalidDataException">Their type is none that is read here.</exception>
    public long Bytes => Count * NpyElements.BytesOf(Type);

    /// <summary>The sizes, for people.</summary>
    public string Shown => $"[{string.Join(", ", Shape.Take(8))}{(Shape.Length > 8 ? ", ..." : "")}]";

    /// <summary>What is known of an array.</summary>
    /// <exception cref="InvalidDataException">Its elements are in an order that is not read here.</exception>
    public static NpyHeader Of(string type, bool isFortran, int[] shape) => (isFortran, shape.Length) switch
    {
        (true, _) => throw new InvalidDataException("its numbers are in Fortran's order; save numpy.ascontiguousarray of it"),
        (_, > MostAxes) => throw new InvalidDataException($"it has {shape.Length} axes, the limit is {MostAxes}"),
        _ => new NpyHeader(type, shape),
    };

    /// <summary>Reads a header of version 1, 2 or 3, and leaves the stream at the first number.</summary>
    /// <exception cref="InvalidDataException">It is none, or says something that is not supported.</exception>
    public static NpyHeader Read(Stream stream)
    {
        Span<byte> start = stackalloc byte[Magic.Length + 2];
        stream.ReadExactly(start);
        if (!start.StartsWith(Magic) || start[^2] is not (1 or 2 or 3))
        {
            throw new InvalidDataException("it does not begin as .npy files of version 1, 2 or 3 do");
        }

        Span<byte> length = stackalloc byte[sizeof(uint)];
        length.Clear();
        stream.ReadExactly(start[^2] == 1 ? length[..sizeof(ushort)] : length);
        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(length);
        if (bytes > LongestHeader)
        {
            throw new InvalidDataException($"its header claims {bytes} bytes, the limit is {LongestHeader}");
        }

        var header = new byte[bytes];
        stream.ReadExactly(header);
        return Parse(Encoding.UTF8.GetString(header));
    }

    /// <summary>Writes a header of version 1, padded so that the numbers begin at a multiple of 64.</summary>
    public void Write(Stream stream)
    {
        var comma = Shape.Length == 1 ? "," : "";
        var text = $"{{'descr': '{Type}', 'fortran_order': False, 'shape': ({string.Join(", ", Shape)}{comma}), }}";
        var total = (PrefixBytes + text.Length + Alignment) / Alignment * Alignment;
        Span<byte> prefix = [.. Magic, 1, 0, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(prefix[^2..], (ushort)(total - PrefixBytes));
        stream.Write(prefix);
        stream.Write(Encoding.ASCII.GetBytes(text.PadRight(total - PrefixBytes - 1) + "\n"));
    }

    private static NpyHeader Parse(string text)
    {
        if (Dictionary().Match(text) is not { Success: true } match)
        {
            throw new InvalidDataException($"its header is '{OneLine.Start(text)}'");
        }

        var values = match.Groups["key"].Captures.Zip(match.Groups["value"].Captures).ToLookup(item => item.First.Value, item => item.Second.Value);
        var (type, order, shape) = (Only(values, "descr"), Only(values, "fortran_order"), Only(values, "shape"));
        return order is "True" or "False" && shape.StartsWith('(')
            ? Of(type.Trim('\''), order is "True", Sizes(shape))
            : throw new InvalidDataException($"its header is '{OneLine.Start(text)}'");
    }

    private static string Only(ILookup<string, string> values, string key) => values[key].ToList() is [var value]
        ? value
        : throw new InvalidDataException($"its header has no '{key}', or two");

    private static int[] Sizes(string tuple) =>
        [.. Number().Matches(tuple).Select(match => int.TryParse(match.Value, CultureInfo.InvariantCulture, out var size)
            ? size
            : throw new InvalidDataException($"its header has the size {OneLine.Start(match.Value)}"))];

    /// <summary>A dictionary of Python with texts, truths and tuples of sizes; no two parts of it match the same character.</summary>
    [GeneratedRegex(@"^\{\s*('(?<key>\w+)'\s*:\s*(?<value>'[^']*'|True|False|\([\d\s,]*\))[\s,]*)*\}\s*$")]
    private static partial Regex Dictionary();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
