namespace DPT.Engine.Ptx;

/// <summary>The memory that one view of a launch stands for.</summary>
/// <param name="Name">Name of the parameter.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">Behind the last byte.</param>
/// <param name="ElementBytes">Size of an element.</param>
/// <param name="Memory">The allocation that it lies in.</param>
public sealed record LaunchBuffer(string Name, ulong Start, ulong End, int ElementBytes, SimMemory.Block Memory)
{
    internal bool Holds(ulong at, int bytes) => at >= Start && at + (ulong)bytes <= End;

    /// <summary>How far an address is from this buffer.</summary>
    internal ulong DistanceOf(ulong at) => at < Start ? Start - at : at < End ? 0 : at - End + 1;

    /// <summary>The address in terms of elements: <c>'a'[17], which has 16 elements</c>.</summary>
    internal string Describe(ulong at) =>
        $"{NameOf(at)}, which has {(long)(End - Start) / ElementBytes} elements of {ElementBytes} bytes";

    /// <summary>The address as an element: <c>'a'[17]</c>.</summary>
    internal string NameOf(ulong at)
    {
        var offset = unchecked((long)(at - Start));
        var element = Math.DivRem(offset, ElementBytes, out var rest);
        return $"'{Name}'[{element}{(rest == 0 ? "" : $" + {rest} bytes")}]";
    }
}
