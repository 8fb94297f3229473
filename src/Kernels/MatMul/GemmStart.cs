namespace DPT.Engine.Kernels;

/// <summary>
/// Where nothing is done to the sums but adding one thing to them (what C holds, a residual, or a bias), they can start
/// from it, and a whole tile goes from registers to C directly.
/// </summary>
internal readonly unsafe struct GemmStart
{
    private readonly float* _addend;

    public GemmStart(in MatMulCall call)
    {
        var addends = (call.Accumulate ? 1 : 0) + (call.Residual.IsEmpty ? 0 : 1) + (call.Bias.IsEmpty ? 0 : 1);
        IsDirect = addends <= 1 && call.PreActivation.IsEmpty && call.Activation == Activation.None;
        _addend = (float*)(call.Accumulate ? call.C : call.Residual.IsEmpty ? call.Bias : call.Residual).Address;
        Stride = call.Accumulate || !call.Residual.IsEmpty ? call.RowC : 0;
    }

    /// <summary>Whether this shortcut holds.</summary>
    public bool IsDirect { get; }

    /// <summary>Elements from one row of the addend to the next: 0 for a bias, which is the same for every row.</summary>
    public int Stride { get; }

    /// <summary>The addend of a tile, or null.</summary>
    public float* At(int row, int column) => _addend == null ? null : _addend + ((nint)row * Stride) + column;
}
