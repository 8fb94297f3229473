namespace DPT.Engine.Kernels;

/// <summary>The check that host kernels make before they index rows with numbers from memory.</summary>
internal static unsafe class RowIndices
{
    /// <summary>Throws unless every index is a row of the table.</summary>
    public static void Check(string op, Slice<int> indices, int rows, int tableRows)
    {
        var first = (int*)indices.Address;
        for (var i = 0; i < rows; i++)
        {
            if ((uint)first[i] >= (uint)tableRows)
            {
                throw new KernelException($"{op}: index {first[i]} of row {i} is not in 0..{tableRows - 1}");
            }
        }
    }
}
