namespace DPT.Engine.Kernels;

/// <summary>The check that host kernels make before they index a table with labels from memory.</summary>
internal static unsafe class PatchLabels
{
    /// <summary>Throws unless the label of every image is a row of the table; no labels are fine.</summary>
    public static void Check(string op, Slice<int> labels, int images, int rows)
    {
        if (labels.IsEmpty)
        {
            return;
        }

        var first = (int*)labels.Address;
        for (var i = 0; i < images; i++)
        {
            if ((uint)first[i] >= (uint)rows)
            {
                throw new KernelException($"{op}: label {first[i]} of image {i} is not in 0..{rows - 1}");
            }
        }
    }
}
